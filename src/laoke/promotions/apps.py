"""Django's registration of the package."""

from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    name = "laoke.promotions"
    label = "promotions"
