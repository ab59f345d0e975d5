"""Counting a segment of a million customers with ten million orders while somebody types: over features, mirrors and
undecided marks, over the facts when a filter asks what no feature holds, and every documented example of the language.

One segment is counted by PostgreSQL too, in the same run (`segment_postgres.py`), where one is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.checkout import filter_examples, why_no_postgres
from laoke.config.bench.measures import Bench, Figure, Measured, Size
from laoke.config.bench.segment_postgres import (
    FIGURE,
    WANTED,
    YUAN,
    leave_tables,
    postgres_features,
    postgres_orders,
)

if TYPE_CHECKING:
    from laoke.shops.models import Shop, User

CUSTOMERS = {"small": 4_000, "full": 1_000_000}
ORDERS = {"small": 20_000, "full": 10_000_000}
DECIDED = {"small": 20, "full": 500}
RUNS = {"small": 3, "full": 40}
EXAMPLE_RUNS, FACT_RUNS = {"small": 2, "full": 20}, {"small": 2, "full": 10}
FAST_MS, FACTS_MS = 100, 1_000
EXAMPLES = filter_examples()


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import NOW, new_shop, open_house

    open_house()
    from django.conf import settings

    from laoke.audiences.bench import bench_counts, fill_shop
    from laoke.shops.models import Role
    from laoke.shops.setup import add_user

    shop = new_shop()
    user, _password = add_user("bench", shops=[shop], role=Role.OWNER, now=NOW, password="no login here")
    filled = fill_shop(shop, settings.PLACE, NOW, customers=CUSTOMERS[size], orders=ORDERS[size])
    yield Measured(
        "segment_refresh", filled.refresh_seconds, ORDERS[size], filled.refresh_seconds, filled.refresh_cpu_seconds,
        note=f"{CUSTOMERS[size]:,} customers; orders drawn and written in {filled.write_seconds:.0f} s",
    )  # fmt: skip
    yield Measured(
        "segment_join_lines", filled.join_seconds, ORDERS[size], filled.join_seconds, filled.join_cpu_seconds,
        note="by the worker after a load, month by month; shops with few lines have no need",
    )  # fmt: skip
    yield from count_documented(shop, user, NOW.date(), size)
    yield _wanted(shop, NOW.date(), size, folder)
    for warm in bench_counts(filled, user, NOW, runs=RUNS[size], decided=DECIDED[size]):
        wall, cpu = sum(warm.wall_ms) / 1000, sum(warm.cpu_ms) / 1000
        yield Measured(warm.figure, warm.p95_ms, ORDERS[size], wall, cpu, note=warm.told)


def count_documented(shop: Shop, user: User, today: date, size: Size) -> Iterator[Measured]:
    """Each example by itself, then those of features and mirrors and those of facts together."""
    from laoke.audiences.bench_examples import count_examples, count_typed, named_segments, sorted_out
    from laoke.config.bench.house import NOW

    named_segments(shop, EXAMPLES, user, NOW)
    examples = sorted_out(shop, EXAMPLES, today)
    times: dict[bool, list[float]] = {False: [], True: []}
    cpu: dict[bool, list[float]] = {False: [], True: []}
    slowest: dict[bool, tuple[float, int]] = {}
    for one, warm in count_examples(shop, examples, today, runs=EXAMPLE_RUNS[size], of_facts=FACT_RUNS[size]):
        times[one.facts] += warm.wall_ms
        cpu[one.facts] += warm.cpu_ms
        slowest[one.facts] = max(slowest.get(one.facts, (0.0, 0)), (warm.p95_ms, one.number))
        note = f"{'facts' if one.facts else 'features'}: {warm.told}; {one.text}"
        wall = sum(warm.wall_ms) / 1000
        yield Measured(one.figure, warm.p95_ms, ORDERS[size], wall, sum(warm.cpu_ms) / 1000, note=note)
    for facts, name in ((False, "features"), (True, "facts")):
        note = f"the slowest of example {slowest[facts][1]}"
        yield from _together(f"segment_examples_{name}", times[facts], cpu[facts], size, note)
    typed = list(count_typed(shop, examples, today, runs=FACT_RUNS[size]))
    worst = max(typed, key=lambda told: told[1].p95_ms)
    walls = [ms for _one, warm in typed for ms in warm.wall_ms]
    spent = [ms for _one, warm in typed for ms in warm.cpu_ms]
    note = f"with steps, asked again; the slowest example {worst[0].number}, p95 {worst[1].p95_ms:.0f} ms"
    yield from _together("segment_typed", walls, spent, size, note)


def _together(name: str, wall: list[float], cpu: list[float], size: Size, note: str) -> Iterator[Measured]:
    """Median, 95th percentile and longest of counts in milliseconds."""
    import numpy as np

    for part, value in (
        ("p50", float(np.percentile(wall, 50))), ("p95", float(np.percentile(wall, 95))), ("max", max(wall)),
    ):  # fmt: skip
        yield Measured(
            f"{name}_{part}", value, ORDERS[size], sum(wall) / 1000, sum(cpu) / 1000,
            note=f"{len(wall)} counts, {note}",
        )  # fmt: skip


def _wanted(shop: Shop, today: date, size: Size, folder: Path) -> Measured:
    """The segment that PostgreSQL counts too; leaves it the tables."""
    from laoke.audiences.bench import count_warm
    from laoke.audiences.readings import reading_of

    if not why_no_postgres():
        reading = reading_of(shop, today)
        leave_tables(reading.reader, shop.pk, reading.as_of_day, folder)
    warm = count_warm(FIGURE, shop, WANTED, today, RUNS[size], first_yuan=YUAN)
    return Measured(
        FIGURE,
        warm.p95_ms,
        CUSTOMERS[size],
        sum(warm.wall_ms) / 1000,
        sum(warm.cpu_ms) / 1000,
        note=warm.told,
    )


BENCH = Bench(
    figures={
        "segment_refresh": Figure("s"),
        "segment_join_lines": Figure("s"),
        **{f"segment_example_{number:02}": Figure("ms") for number in EXAMPLES},
        **{
            f"segment_examples_{name}_{part}": Figure("ms", limit=limit if part == "p95" else None)
            for name, limit in (("features", FAST_MS), ("facts", FACTS_MS))
            for part in ("p50", "p95", "max")
            if EXAMPLES
        },
        **{f"segment_typed_{part}": Figure("ms") for part in ("p50", "p95", "max") if EXAMPLES},
        FIGURE: Figure("ms", limit=FAST_MS),
        "segment_count_features": Figure("ms", limit=FAST_MS),
        "segment_count_features_tag_reach": Figure("ms", limit=FAST_MS),
        "segment_count_laid_over": Figure("ms", limit=FAST_MS),
        "segment_count_by_steps": Figure("ms"),
        "segment_count_odd_window": Figure("ms", limit=FACTS_MS),
        "segment_count_product": Figure("ms", limit=FACTS_MS),
    },
    sides={"laoke": _laoke, "postgres features": postgres_features, "postgres orders": postgres_orders},
    lacks={"postgres features": why_no_postgres, "postgres orders": why_no_postgres},
    runs=1,
)
