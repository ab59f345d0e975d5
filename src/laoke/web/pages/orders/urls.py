"""Addresses of orders. A number may hold any sign that a platform uses, so it stands in the query."""

from django.urls import path

from laoke.web.pages.orders import views

urlpatterns = [
    path("orders/", views.order, name="order"),
    path("orders/words/", views.words, name="order_words"),
]
