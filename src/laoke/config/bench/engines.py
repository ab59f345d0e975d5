"""The same statements by DuckDB in this process and by a Spark cluster of two workers with one core each.

Two sizes, the second four times the first, so that one sees what a question costs at least and what each row adds.
Each statement runs twice and the second run counts: a cluster that serves a shop is warm.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from laoke.config.bench.measures import Bench, Figure, Measured, Size

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader
    from laoke.warehouse.engine_setting import SparkSetting

CUSTOMERS = {"small": (1_000, 4_000), "full": (50_000, 200_000)}
ORDERS = {"small": (4_000, 16_000), "full": (500_000, 2_000_000)}
SIZES = ("base", "fourfold")
SHOP = 1


def _prepare(size: Size, folder: Path) -> None:
    import numpy as np

    from laoke.audiences import bench_orders
    from laoke.audiences.sources import day_number
    from laoke.config.bench.house import NOW
    from laoke.warehouse.features import build_features, write_features
    from laoke.warehouse.store import Warehouse

    for name, customers, orders in zip(SIZES, CUSTOMERS[size], ORDERS[size], strict=True):
        warehouse, draw = Warehouse(folder / f"engines-{name}"), np.random.default_rng(11)
        drawn = bench_orders.draw_orders(customers, orders, NOW.date(), draw)
        bench_orders.write_orders(warehouse, drawn, SHOP, NOW.date(), draw)
        bench_orders.write_people(warehouse, drawn, SHOP, SHOP, draw)
        day = day_number(NOW.date())
        features = build_features(warehouse.reader(), day, SHOP)
        write_features(warehouse, features, day, SHOP, app_id="bench-features")


def _questions() -> dict[str, Callable[[Reader], pa.Table]]:
    from laoke.audiences.compiling import count_query
    from laoke.audiences.sources import day_number
    from laoke.audiences.text import parse
    from laoke.config.bench.house import NOW
    from laoke.warehouse.features import build_features

    day = day_number(NOW.date())
    segment = count_query(parse("bought(2+, within 200d) and spent(>= 300, within 200d)"), SHOP, day)
    return {
        "features": lambda reader: build_features(reader, day, SHOP).rows,
        "repurchase": lambda reader: reader.query("repurchase", shop_id=SHOP, from_day=day - 365, to_day=day),
        "segment": lambda reader: reader.answer(segment.sql, segment.params),
    }


def _measured(folder: Path, size: Size, engine: SparkSetting | None) -> Iterator[Measured]:
    from laoke.warehouse.engine import Reader
    from laoke.warehouse.store import Warehouse

    for name, orders in zip(SIZES, ORDERS[size], strict=True):
        root = folder / f"engines-{name}"
        reader = Reader(root, Warehouse(root).versions(), engine=engine)
        for question, ask in _questions().items():
            ask(reader)
            begun, cpu = perf_counter(), _family_cpu()
            ask(reader)
            wall, used = perf_counter() - begun, _family_cpu() - cpu
            yield Measured(f"engines_{question}_{name}", wall, orders, wall, used)


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    return _measured(folder, size, None)


def _spark(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.local_spark import local_spark
    from laoke.warehouse import spark_cluster
    from laoke.warehouse.engine_setting import spark_setting

    cluster = folder / "engines-cluster"
    cluster.mkdir(exist_ok=True)
    with local_spark(cluster) as url:
        yield from _measured(folder, size, spark_setting(f"{url}?partitions=8"))
        spark_cluster.disconnect()


def _family_cpu() -> float:
    """CPU seconds of this process and everything it started, running or not; of this alone where /proc is not."""
    times = os.times()
    spent = times.user + times.system
    ticks = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
    parents: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = stat.read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = (int(told[1]), (int(told[11]) + int(told[12])) / ticks)
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in parents.items() if parent in ours} - ours:
        ours |= more
    return spent + sum(parents[pid][1] for pid in ours - {os.getpid()})


BENCH = Bench(
    figures={
        f"engines_{question}_{name}": Figure("s")
        for name in SIZES
        for question in ("features", "repurchase", "segment")
    },
    sides={"laoke": _laoke, "spark": _spark},
    prepare=_prepare,
    needs={"spark": "pyspark"},
    runs=1,
)
