"""Django's registration of the package."""

from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "laoke.service"
    label = "service"
