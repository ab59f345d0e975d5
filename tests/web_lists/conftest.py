"""The demo shop for these pages."""

from tests.people import demo, demo_rows

__all__ = ["demo", "demo_rows"]
