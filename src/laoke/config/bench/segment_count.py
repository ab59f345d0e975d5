"""Counting a segment of a million customers with ten million orders while somebody types: over features, mirrors and
undecided marks within the limit; over the facts, when a filter asks what no feature holds, as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.measures import Bench, Figure, Measured, Size

CUSTOMERS = {"small": 4_000, "full": 1_000_000}
ORDERS = {"small": 20_000, "full": 10_000_000}
DECIDED = {"small": 20, "full": 500}
RUNS = {"small": 3, "full": 40}


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
    for warm in bench_counts(filled, user, NOW, runs=RUNS[size], decided=DECIDED[size]):
        wall, cpu = sum(warm.wall_ms) / 1000, sum(warm.cpu_ms) / 1000
        yield Measured(warm.figure, warm.p95_ms, ORDERS[size], wall, cpu, note=warm.told)


BENCH = Bench(
    figures={
        "segment_refresh": Figure("s"),
        "segment_count_features": Figure("ms", limit=100),
        "segment_count_features_tag_reach": Figure("ms", limit=100),
        "segment_count_laid_over": Figure("ms", limit=100),
        "segment_count_by_steps": Figure("ms"),
        "segment_count_odd_window": Figure("ms"),
        "segment_count_product": Figure("ms"),
    },
    sides={"laoke": _laoke},
    runs=1,
)
