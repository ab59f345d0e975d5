"""Addresses of the data's health."""

from django.urls import path

from laoke.web.pages.data import differences, views

urlpatterns = [
    path("imports/health/", views.health, name="imports_health"),
    path("imports/health/recount/", views.recount, name="imports_health_recount"),
    path("imports/health/<slug:name>/", differences.differences, name="imports_health_differences"),
]
