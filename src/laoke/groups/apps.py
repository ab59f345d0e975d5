"""Django's registration of the package."""

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "laoke.groups"
    label = "groups"
