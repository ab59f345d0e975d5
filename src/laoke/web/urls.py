"""The addresses of all pages, one package per noun below `pages`."""

from pathlib import Path

from django.urls import include, path

PAGES = sorted(found.parent.name for found in (Path(__file__).parent / "pages").glob("*/urls.py"))

urlpatterns = [path("", include(f"laoke.web.pages.{noun}.urls")) for noun in PAGES]
