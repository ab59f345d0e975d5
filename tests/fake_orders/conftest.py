"""The demo shop, for what stands in the ledger about its orders."""

from tests.people import demo, demo_rows

__all__ = ["demo", "demo_rows"]
