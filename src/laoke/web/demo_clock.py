"""Whether the demo shop's clock can be turned: what the page of the clock and the way to it must agree on."""

from __future__ import annotations

import os
from datetime import datetime

from laoke.shops.models import Shop


def end_of(shop: Shop) -> datetime | None:
    """The last moment the demo shop was planned for; None for a real shop or a clock set from outside."""
    kept = shop.settings.get("demo")
    if (
        not shop.is_demo
        or not kept
        or os.environ.get("LAOKE_NOW")
        or Shop.objects.filter(is_demo=False).exists()
    ):
        return None
    return datetime.fromisoformat(kept["end"])
