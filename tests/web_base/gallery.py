"""The gallery as a page: `python -m tests.web_base.gallery 8123` serves it with the headers of the product."""

from __future__ import annotations

import sys
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import path

from tests.web_base.samples import all_samples


class GalleryShell:
    """A frame with a full rail, so that the gallery shows it without a database."""

    def __new__(cls, request: HttpRequest) -> Any:
        from laoke.web import nav
        from laoke.web.context import Shell

        class Fixed(Shell):
            now = datetime(2026, 11, 9, 9, 40)
            shop = SimpleNamespace(
                pk=1, name="半亩棉旗舰店", get_platform_display="天猫", category="家纺", is_demo=True
            )
            user = SimpleNamespace(pk=1, get_full_name=lambda: "林夏", username="linxia", theme="system")
            role_name = "运营"
            data_until = datetime(2026, 11, 9, 9, 36)
            drill = False

            @property
            def links(self) -> list[nav.NavLink]:
                entries = sorted(nav._ENTRIES.values(), key=lambda e: e.order)
                return [
                    nav.NavLink(e, "/", e.url_name == "segments", 7 if e.url_name == "tasks" else 0)
                    for e in entries
                ]

        return Fixed(request)


def gallery(request: HttpRequest) -> HttpResponse:
    """The page; it needs neither a user nor a ledger."""
    context = {
        "g": all_samples(),
        "shell": GalleryShell(request),
        "messages": ["已把 3 人设为不再打扰"],
        "csrf_token": "x",
    }
    return HttpResponse(render_to_string("web/gallery.html", context))


urlpatterns = [path("", gallery)]


def gallery_html() -> str:
    """The whole page as text."""
    with override_settings(ROOT_URLCONF="tests.web_base.gallery"):
        return gallery(RequestFactory().get("/")).content.decode("utf-8")


def main(port: int) -> None:
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "laoke.config.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.ROOT_URLCONF = "tests.web_base.gallery"
    settings.MIDDLEWARE = [
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "laoke.web.middleware.SecurityHeaders",
    ]
    from wsgiref.simple_server import make_server

    from django.core.wsgi import get_wsgi_application

    with make_server("127.0.0.1", port, get_wsgi_application()) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8123)
