"""Addresses of the demo shop's clock."""

from django.urls import path

from laoke.web.pages.demo import views

urlpatterns = [path("demo/clock/", views.clock, name="demo_clock")]
