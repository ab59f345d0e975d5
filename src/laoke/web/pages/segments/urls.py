"""Addresses of segments."""

from django.urls import path

from laoke.web.pages.segments import views

urlpatterns = [
    path("segments/", views.segments, name="segments"),
    path("segments/new/", views.new, name="segment_new"),
    path("segments/preview/", views.preview, name="segment_preview"),
    path("segments/more/", views.more, name="segment_more"),
    path("segments/why/", views.why, name="segment_why"),
    path("segments/save/", views.save, name="segment_save"),
    path("segments/<int:segment_id>/", views.segment, name="segment"),
    path("segments/<int:segment_id>/freeze/", views.freeze_now, name="segment_freeze"),
    path("segments/<int:segment_id>/archive/", views.archive, name="segment_archive"),
]
