"""Composition at start: what lower packages are given from above."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "laoke.config"
    label = "config"

    def ready(self) -> None:
        """Register the gates of facts and what erasing does to messages: no process may plan or send without them."""
        from laoke.campaigns import gates
        from laoke.customers import erasure
        from laoke.dispatch import erasing

        gates.register()
        erasure.register_messages(erasure.Messages(erasing.suppress, erasing.has_open_attempts, erasing.wipe))
