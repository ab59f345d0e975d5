"""Addresses of price sheets."""

from django.urls import path

from laoke.web.pages.prices import editing, files, views

urlpatterns = [
    path("prices/", views.price_list, name="prices"),
    path("prices/new/", editing.price_new, name="price_new"),
    path("prices/<int:pk>/", views.price_sheet, name="price_sheet"),
    path("prices/<int:pk>/edit/", editing.price_edit, name="price_edit"),
    path("prices/<int:pk>/items/new/", editing.price_item_new, name="price_item_new"),
    path("prices/<int:pk>/items/<int:at>/", editing.price_item, name="price_item"),
    path("prices/<int:pk>/items/<int:at>/remove/", editing.price_item_remove, name="price_item_remove"),
    path("prices/<int:pk>/restore/", editing.price_restore, name="price_restore"),
    path("prices/<int:pk>/archive/", editing.price_archive, name="price_archive"),
    path("prices/<int:pk>/file/", files.price_file, name="price_file"),
    path("prices/<int:pk>/upload/", files.price_upload, name="price_upload"),
    path("prices/<int:pk>/upload/<int:upload>/", files.price_preview, name="price_preview"),
]
