"""Addresses of coupon budgets."""

from django.urls import path

from laoke.web.pages.budgets import views

urlpatterns = [
    path("budgets/", views.budgets, name="budgets"),
    path("budgets/<int:pk>/", views.budget, name="budget"),
]
