"""Addresses of offers and backtests."""

from django.urls import path

from laoke.web.pages.offers import backtests, views

urlpatterns = [
    path("offers/", views.offer_list, name="offers"),
    path("offers/new/", views.offer_new, name="offer_new"),
    path("offers/try/", views.offer_try, name="offer_try"),
    path("offers/<int:pk>/", views.offer_home, name="offer"),
    path("offers/<int:pk>/edit/", views.offer_edit, name="offer_edit"),
    path("offers/<int:pk>/archive/", views.offer_archive, name="offer_archive"),
    path("offers/<int:pk>/activity/", views.offer_activity, name="offer_activity"),
    path("backtests/", backtests.backtests, name="backtests"),
    path("backtests/<int:pk>/", backtests.backtest_page, name="backtest"),
]
