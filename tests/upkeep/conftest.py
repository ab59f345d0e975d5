"""The demo shop, for what touches its facts."""

from tests.people import demo, demo_rows

__all__ = ["demo", "demo_rows"]
