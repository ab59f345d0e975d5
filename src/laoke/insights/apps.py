"""Django's registration of the package."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "laoke.insights"
    label = "insights"
