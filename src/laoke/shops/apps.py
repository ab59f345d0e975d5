"""Django's registration of the package."""

from django.apps import AppConfig


class ShopsConfig(AppConfig):
    name = "laoke.shops"
    label = "shops"
