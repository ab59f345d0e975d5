"""Addresses of the account."""

from django.urls import path

from laoke.web.pages.account import views

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("language/", views.language, name="language"),
    path("account/", views.profile, name="profile"),
    path("account/password/", views.password, name="password"),
    path("account/shop/", views.shop_switch, name="shop_switch"),
    path("account/shop/add/", views.shop_add, name="shop_add"),
    path("account/ping/", views.session_ping, name="session_ping"),
]
