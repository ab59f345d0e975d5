"""Addresses of points, lotteries and referrals."""

from django.urls import path

from laoke.web.pages.rewards import lotteries, points, referrals

urlpatterns = [
    path("points/", points.points_home, name="points"),
    path("points/earning/", points.points_earning, name="points_earning"),
    path("points/give/", points.points_give, name="points_give"),
    path("lotteries/", lotteries.lottery_list, name="lotteries"),
    path("lotteries/new/", lotteries.lottery_new, name="lottery_new"),
    path("lotteries/<int:pk>/", lotteries.lottery_home, name="lottery"),
    path("lotteries/<int:pk>/edit/", lotteries.lottery_edit, name="lottery_edit"),
    path("lotteries/<int:pk>/publish/", lotteries.lottery_publish, name="lottery_publish"),
    path("lotteries/<int:pk>/end/", lotteries.lottery_end, name="lottery_end"),
    path("lotteries/<int:pk>/check/", lotteries.lottery_check, name="lottery_check"),
    path("lotteries/<int:pk>/proof.json", lotteries.lottery_proof, name="lottery_proof"),
    path("lotteries/<int:pk>/draws/<int:number>/", lotteries.lottery_settle, name="lottery_settle"),
    path("referrals/", referrals.referral_home, name="referrals"),
    path("referrals/open/", referrals.referral_open, name="referral_open"),
]
