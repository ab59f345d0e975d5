"""Django's registration of the package."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "laoke.work"
    label = "work"
