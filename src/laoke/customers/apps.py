"""Django's registration of the package."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "laoke.customers"
    label = "customers"
