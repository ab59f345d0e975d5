"""The demo shop for these tests."""

from tests.people import demo, demo_rows

__all__ = ["demo", "demo_rows"]
