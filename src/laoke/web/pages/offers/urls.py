"""Addresses of offers and backtests."""

from django.urls import path

from laoke.web.pages.offers import (
    backtest_page,
    backtest_running,
    backtests,
    comparisons,
    coupon_pages,
    settlement,
    views,
)

urlpatterns = [
    path("offers/", views.offer_list, name="offers"),
    path("offers/new/", views.offer_new, name="offer_new"),
    path("offers/try/", views.offer_try, name="offer_try"),
    path("offers/<int:pk>/", views.offer_home, name="offer"),
    path("offers/<int:pk>/edit/", views.offer_edit, name="offer_edit"),
    path("offers/<int:pk>/archive/", views.offer_archive, name="offer_archive"),
    path("offers/<int:pk>/activity/", views.offer_activity, name="offer_activity"),
    path("offers/<int:pk>/settlement/", settlement.offer_settlement, name="offer_settlement"),
    path(
        "offers/<int:pk>/settlement/template/",
        settlement.offer_settlement_template,
        name="offer_settlement_template",
    ),
    path("offers/<int:pk>/settlement/file/", settlement.offer_settlement_file, name="offer_settlement_file"),
    path("offers/<int:pk>/settlement/<int:upload>/", settlement.offer_settled, name="offer_settled"),
    path("offers/<int:pk>/issues/new/", coupon_pages.issue_new, name="coupon_issue_new"),
    path("offers/issues/<int:pk>/", coupon_pages.issue_home, name="coupon_issue"),
    path("offers/issues/<int:pk>/look/", coupon_pages.issue_look, name="coupon_issue_look"),
    path("offers/issues/<int:pk>/block/", coupon_pages.issue_block, name="coupon_issue_block"),
    path("offers/issues/<int:pk>/codes/", coupon_pages.issue_codes, name="coupon_issue_codes"),
    path("offers/issues/<int:pk>/stop/", coupon_pages.issue_stop, name="coupon_issue_stop"),
    path(
        "offers/issues/<int:pk>/codes/<int:batch_id>/file/", coupon_pages.issue_file, name="coupon_issue_file"
    ),
    path("backtests/", backtests.backtests, name="backtests"),
    path("backtests/jobs/<int:pk>/", backtest_running.backtest_job, name="backtest_job"),
    path("backtests/<int:pk>/", backtest_page.backtest, name="backtest"),
    path("backtests/<int:pk>/assume/", backtest_page.backtest_assume, name="backtest_assume"),
    path("backtests/<int:pk>/compare/", backtest_page.backtest_compare, name="backtest_compare"),
    path("comparisons/<int:pk>/", comparisons.comparison, name="comparison"),
    path("comparisons/<int:pk>/again/", comparisons.comparison_again, name="comparison_again"),
]
