"""Addresses of the API. They are promised: what is under /api/v1/ changes only by additions."""

from django.urls import path

from laoke.web.pages.api import coupons, rewards, views

urlpatterns = [
    path("api/v1/openapi.json", views.description, name="api_description"),
    path("api/v1/filter.schema.json", views.filter_tree, name="api_filter_schema"),
    path("api/v1/facts/<slug:kind>", views.facts, name="api_facts"),
    path("api/v1/batches/<int:pk>", views.batch, name="api_batch"),
    path("api/v1/coupons/quote", coupons.quote, name="api_coupon_quote"),
    path("api/v1/coupons/<slug:act>", coupons.act, name="api_coupon_act"),
    path("api/v1/points/<slug:act>", rewards.reward, {"noun": "points"}, name="api_points_act"),
    path("api/v1/lotteries/<slug:act>", rewards.reward, {"noun": "lotteries"}, name="api_lottery_act"),
    path("api/v1/referrals/<slug:act>", rewards.reward, {"noun": "referrals"}, name="api_referral_act"),
    path("api/v1/<path:rest>", views.nowhere, name="api_nowhere"),
]
