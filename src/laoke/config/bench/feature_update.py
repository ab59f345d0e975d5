"""Features after an import of 100,000 rows into ten million orders: brought up to date, beside built anew.

Both ways write what they found. New orders are of buyers drawn at random; changed ones cost more than was told before.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.customer_summary import ORDERS, SEED, SHOP, prepare, today
from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse

ROWS = {"small": 200, "full": 100_000}
DAYS = 60  # the rows are of the last so many


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.warehouse.features import build_features, write_features
    from laoke.warehouse.store import Warehouse

    own = folder / "feature_update"
    shutil.copytree(folder / "summary", own)
    try:
        warehouse, day = Warehouse(own), today()
        first = build_features(warehouse.reader(), day, SHOP)
        write_features(warehouse, first, day, SHOP, app_id="first")
        before = warehouse.versions()
        for name in ("new", "changed"):
            yield from _both_ways(warehouse, before, name, size)
            warehouse.align(before)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _both_ways(warehouse: Warehouse, before: Mapping[str, int], name: str, size: Size) -> Iterator[Measured]:
    from laoke.warehouse.feature_update import update_features
    from laoke.warehouse.features import DEFAULT_CUT_POINTS, build_features, write_features

    _import(warehouse, before, name, ROWS[size])
    now, day = warehouse.versions(), today()
    with spent() as whole:
        built = build_features(warehouse.reader(now), day, SHOP)
        write_features(warehouse, built, day, SHOP, app_id=f"built-{name}")
    told = _told(warehouse)
    warehouse.align(now)
    with spent() as part:
        updated = update_features(warehouse, now, before, day, SHOP, DEFAULT_CUT_POINTS)
        write_features(warehouse, updated, day, SHOP, app_id=f"updated-{name}")
    if not _told(warehouse).equals(told):
        raise AssertionError(f"{name} orders: the update says something else than the full build")
    n, figure = ORDERS[size], f"features_{name}_orders"
    yield Measured(f"{figure}_built", whole.wall, n, whole.wall, whole.cpu)
    yield Measured(f"{figure}_updated", part.wall, n, part.wall, part.cpu)
    note = f"{whole.cpu / part.cpu:.1f} in CPU seconds"
    yield Measured(f"{figure}_ratio", whole.wall / part.wall, n, part.wall, part.cpu, note=note)


def _told(warehouse: Warehouse) -> pa.Table:
    """The features of the day as a reader finds them."""
    text = "SELECT * FROM customer_features WHERE shop_id = $shop AND as_of_day = $day ORDER BY person_id"
    return warehouse.reader().sql(text, {"shop": SHOP, "day": today()})


def _import(warehouse: Warehouse, before: Mapping[str, int], name: str, count: int) -> None:
    """Orders as an import writes them: new ones into files of their own, changed ones into their months anew."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = _recent(warehouse, before, count)
    if name == "new":
        numbers = pc.binary_join_element_wise(rows["order_id"], pa.scalar("new"), "-")
        warehouse.append("orders", _with(rows, "order_id", numbers), app_id="new")
    else:
        dearer = pc.add(rows["paid_cents"], 1_000)
        warehouse.upsert("orders", _with(rows, "paid_cents", dearer), app_id="changed", decided=True)


def _recent(warehouse: Warehouse, before: Mapping[str, int], count: int) -> pa.Table:
    import numpy as np

    text = "SELECT * FROM orders WHERE paid_day > $day ORDER BY order_id"
    found = warehouse.reader(before).sql(text, {"day": today() - DAYS})
    draw = np.random.default_rng(SEED)
    return found.take(draw.choice(found.num_rows, min(count, found.num_rows), replace=False))


def _with(rows: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, values)


BENCH = Bench(
    figures={
        f"features_{name}_orders_{what}": figure
        for name in ("new", "changed")
        for what, figure in (
            ("built", Figure("s")),
            ("updated", Figure("s")),
            ("ratio", Figure("times", limit=5, less_is_better=False)),
        )
    },
    sides={"laoke": _laoke},
    prepare=prepare,
    runs=1,
)
