"""Addresses of the data's health."""

from django.urls import path

from laoke.web.pages.data import differences, views, waits

urlpatterns = [
    path("imports/health/", views.health, name="imports_health"),
    path("imports/health/recount/", views.recount, name="imports_health_recount"),
    path("imports/health/nameless/", waits.nameless, name="imports_health_nameless"),
    path("imports/health/waiting/<slug:name>/", waits.waits, name="imports_health_waits"),
    path("imports/health/<slug:name>/", differences.differences, name="imports_health_differences"),
]
