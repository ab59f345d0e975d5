"""The address of the analysis."""

from django.urls import path

from laoke.web.pages.analysis import views

urlpatterns = [path("analysis/", views.analysis, name="analysis")]
