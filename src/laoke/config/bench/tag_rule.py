"""A tag of half a million people that a rule gives: the first time, a look on the next day, and after the rule changed.

The worker's own steps, one after the other without the second of rest between them, and its writing of mirrors every
three seconds meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.measures import Bench, Figure, Measured, Size, peak_mb, spent

if TYPE_CHECKING:
    from laoke.shops.models import Shop

CUSTOMERS = {"small": 2_000, "full": 1_000_000}
ORDERS = {"small": 6_000, "full": 3_000_000}
MIRROR_SECONDS = 3.0
# Half of everybody, and a tenth fewer.
RULE, FEWER = 'random_share(51%, "标签")', 'random_share(46%, "标签")'


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import NOW, new_shop, open_house

    open_house()
    from django.conf import settings

    from laoke.audiences import tag_rules
    from laoke.audiences.bench import fill_shop
    from laoke.customers import tags
    from laoke.customers.models import PersonTag

    shop = new_shop()
    fill_shop(shop, settings.PLACE, NOW, customers=CUSTOMERS[size], orders=ORDERS[size])
    tag = tags.make_tag(shop, "一半", now=NOW)
    for name, rule, now in (
        ("first", RULE, NOW), ("next_day", "", NOW + timedelta(days=1)), ("changed", FEWER, NOW + timedelta(days=1)),
    ):  # fmt: skip
        if rule:
            tag_rules.set_rule(tag, rule, by=None, now=now)
        with spent() as elapsed:
            turns, longest = _kept_up(shop, now)
        people = PersonTag.objects.filter(tag=tag).count()
        note = f"{people:,} people have it; {turns} steps, the longest {longest * 1000:.0f} ms"
        yield Measured(f"tag_rule_{name}", elapsed.wall, people, elapsed.wall, elapsed.cpu, note=note)
        if name == "first":
            yield Measured(
                "tag_rule_step", longest * 1000, people, elapsed.wall, elapsed.cpu, note="the longest"
            )
    peak = peak_mb()
    if peak is not None:
        yield Measured(
            "tag_rule_memory", peak, people, elapsed.wall, elapsed.cpu, peak, "drawing the orders included"
        )


def _kept_up(shop: Shop, now: datetime) -> tuple[int, float]:
    """Steps until no tag waits and all is mirrored, and the seconds of the longest."""
    from django.conf import settings

    from laoke.audiences import tag_rules
    from laoke.audiences.mirroring import write_mirrors
    from laoke.shops.clock import Clock
    from laoke.warehouse.store import Warehouse

    warehouse, clock = Warehouse(settings.PLACE.warehouse), Clock(start=now, frozen=True)
    turns, longest, mirrored = 0, 0.0, time.monotonic()
    begun = time.perf_counter()
    while tag_rules.turn(now):
        longest = max(longest, time.perf_counter() - begun)
        turns += 1
        if time.monotonic() - mirrored >= MIRROR_SECONDS:
            write_mirrors(shop, warehouse, clock)
            mirrored = time.monotonic()
        begun = time.perf_counter()
    while write_mirrors(shop, warehouse, clock):
        pass
    return turns, longest


BENCH = Bench(
    figures={
        "tag_rule_first": Figure("s"),
        "tag_rule_step": Figure("ms"),
        "tag_rule_next_day": Figure("s"),
        "tag_rule_changed": Figure("s"),
        **({"tag_rule_memory": Figure("MB")} if peak_mb() is not None else {}),
    },
    sides={"laoke": _laoke},
    runs=1,
)
