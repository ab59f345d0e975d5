"""The demo shop, for what is computed of a whole shop."""

from tests.people import demo, demo_rows

__all__ = ["demo", "demo_rows"]
