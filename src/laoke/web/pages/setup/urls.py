"""Addresses of a campaign's set-up sheets and of the back office's reports."""

from django.urls import path

from laoke.web.pages.setup import acts, reports, views

urlpatterns = [
    path("campaigns/<int:pk>/setup/", views.campaign_setup, name="campaign_setup"),
    path("campaigns/<int:pk>/setup/file/", views.campaign_setup_file, name="campaign_setup_file"),
    path("campaigns/<int:pk>/setup/orders/", views.campaign_setup_orders, name="campaign_setup_orders"),
    path("campaigns/<int:pk>/setup/remind/", acts.campaign_setup_remind, name="campaign_setup_remind"),
    path("campaigns/<int:pk>/setup/report/", reports.campaign_setup_report, name="campaign_setup_report"),
    path(
        "campaigns/<int:pk>/setup/report/<int:upload>/",
        reports.campaign_setup_preview,
        name="campaign_setup_preview",
    ),
    path("campaigns/<int:pk>/setup/<int:offer_pk>/", views.campaign_setup_offer, name="campaign_setup_offer"),
    path(
        "campaigns/<int:pk>/setup/<int:offer_pk>/place/",
        acts.campaign_setup_place,
        name="campaign_setup_place",
    ),
    path(
        "campaigns/<int:pk>/setup/<int:offer_pk>/state/",
        acts.campaign_setup_state,
        name="campaign_setup_state",
    ),
    path(
        "campaigns/<int:pk>/setup/<int:offer_pk>/numbers/",
        acts.campaign_setup_numbers,
        name="campaign_setup_numbers",
    ),
]
