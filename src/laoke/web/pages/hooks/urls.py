"""The address of pushes."""

from django.urls import path

from laoke.web.pages.hooks import views

urlpatterns = [path("hooks/<slug:provider>/<str:token>/", views.push, name="hook")]
