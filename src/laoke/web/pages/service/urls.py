"""Addresses of after-sales."""

from django.urls import path

from laoke.web.pages.service import views

urlpatterns = [
    path("service/", views.cases, name="service"),
    path("service/<int:case_id>/", views.case, name="service_case"),
    path("service/<int:case_id>/move/", views.move, name="service_move"),
    path("service/person/<int:person_id>/open/", views.open_one, name="customer_case_open"),
]
