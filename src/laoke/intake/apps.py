"""Django's registration of the package."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "laoke.intake"
    label = "intake"
