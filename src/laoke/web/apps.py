"""The web application: pages, components, charts and their static files."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Templates and static files live here; the tables live in the packages below."""

    name = "laoke.web"
    label = "web"
