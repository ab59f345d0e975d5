"""Addresses of fake orders."""

from django.urls import path

from laoke.web.pages.fake_orders import acts, views

urlpatterns = [
    path("fake-orders/", views.fake_orders, name="fake_orders"),
    path("fake-orders/line/", views.line, name="fake_orders_line"),
    path("fake-orders/rules/", views.rules, name="fake_orders_rules"),
    path("fake-orders/decide/<slug:decision>/", acts.decide, name="fake_orders_decide"),
    path("fake-orders/threshold/", acts.threshold, name="fake_orders_threshold"),
    path("fake-orders/again/", acts.again, name="fake_orders_again"),
]
