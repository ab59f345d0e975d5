"""Addresses of the overview, of today, and of the search."""

from django.urls import path

from laoke.web.pages.overview import palette, views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("today/", views.today, name="today"),
    path("palette/", palette.palette, name="palette"),
]
