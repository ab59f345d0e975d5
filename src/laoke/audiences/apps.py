"""Django's registration of the package."""

from django.apps import AppConfig


class AudiencesConfig(AppConfig):
    name = "laoke.audiences"
    label = "audiences"
