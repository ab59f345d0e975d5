"""All addresses: the pages, and what providers push to."""

from django.urls import include, path

urlpatterns = [
    path("", include("laoke.web.urls")),
]
