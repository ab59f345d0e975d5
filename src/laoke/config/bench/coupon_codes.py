"""A hundred thousand coupon codes: drawn, checked against the shop's others and written with an event each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

CODES = {"small": 1_000, "full": 100_000}
LIMIT_SECONDS = 3.0
NOW = datetime(2026, 11, 9, 10, 0)


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import open_house

    open_house()
    from laoke.promotions.coupons.issues import Terms, add_issue, make_batch, order_codes
    from laoke.promotions.offers import add_offer
    from laoke.shops.setup import add_shop

    count = CODES[size]
    offer = add_offer(
        add_shop("券", now=NOW),
        {
            "name": "满 199 减 20", "layer": "coupon", "mechanic": "shop_coupon",
            "terms": {"threshold_cents": 19_900, "face_cents": 2_000},
            "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"},
        },
        by=None,
        now=NOW,
    )  # fmt: skip
    issue = add_issue(offer, Terms("一批", count, NOW, datetime(2026, 11, 20)), by=None, now=NOW)
    with spent() as time:
        made = make_batch(order_codes(issue, count, by=None, now=NOW), now=NOW)
    yield Measured(
        "coupon_codes",
        time.wall,
        made,
        time.wall,
        time.cpu,
        note=f"{made:,} codes and events in short transactions",
    )


BENCH = Bench(figures={"coupon_codes": Figure("s", limit=LIMIT_SECONDS)}, sides={"laoke": _laoke})
