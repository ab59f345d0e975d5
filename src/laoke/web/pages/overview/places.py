"""Addresses of pages that may not be there, and of pages this request may not open."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse


def place(name: str, *args: object) -> str:
    """The address of a page, or nothing when there is no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
