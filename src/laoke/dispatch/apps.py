"""Django's registration of the package."""

from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "laoke.dispatch"
    label = "dispatch"
