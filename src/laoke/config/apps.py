"""Composition at start: what lower packages are given from above."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "laoke.config"
    label = "config"

    def ready(self) -> None:
        """Register the gates of facts: a process that plans or sends without them must not exist."""
        from laoke.campaigns import gates

        gates.register()
