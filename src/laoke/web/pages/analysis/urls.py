"""The addresses of the analyses."""

from django.urls import path

from laoke.web.pages.analysis import (
    concentration,
    coupons,
    demand,
    regions,
    repurchase,
    returning,
    rfm,
    views,
)

urlpatterns = [
    path("analysis/", views.analysis, name="analysis"),
    path("analysis/demand/", demand.page, name="analysis_demand"),
    path("analysis/repurchase/", repurchase.page, name="analysis_repurchase"),
    path("analysis/concentration/", concentration.page, name="analysis_concentration"),
    path("analysis/regions/", regions.page, name="analysis_regions"),
    path("analysis/coupons/", coupons.page, name="analysis_coupons"),
    path("analysis/returning/", returning.page, name="analysis_returning"),
    path("analysis/rfm/", rfm.page, name="analysis_rfm"),
    path("analysis/rfm/take/", rfm.take, name="analysis_rfm_take"),
]
