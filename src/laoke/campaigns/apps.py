"""Django's registration of the package."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "laoke.campaigns"
    label = "campaigns"
