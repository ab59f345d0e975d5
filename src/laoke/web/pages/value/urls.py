"""Addresses of customer value."""

from django.urls import path

from laoke.web.pages.value import views

urlpatterns = [
    path("value/", views.value, name="value"),
    path("value/again/", views.again, name="value_again"),
]
