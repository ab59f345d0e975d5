"""Addresses of reviews."""

from django.urls import path

from laoke.web.pages.reviews import views

urlpatterns = [
    path("reviews/", views.review_list, name="reviews"),
    path("reviews/<int:pk>/", views.review_page, name="review"),
    path("reviews/<int:pk>/make/", views.review_make, name="review_make"),
]
