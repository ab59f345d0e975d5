"""What a forked child does in the import tests: take files in, die at a step, tell what a reader sees."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings

from laoke.config import upkeep
from laoke.config.importing import import_file
from laoke.customers.models import Identity, VaultRecord
from laoke.intake.loading.run import Options, Surroundings, begin, run_import
from laoke.intake.models import ImportRun, QuarantinedRow
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from laoke.warehouse.store import Warehouse

NOW = datetime(2018, 12, 31, 9, 0)
KILLED = 137
WARM = (
    "deltalake", "duckdb", "pandas", "pyarrow.compute", "pyarrow.parquet", "laoke.intake.reading.lines",
    "laoke.intake.reading.orders",
)  # fmt: skip
FACTS = ("orders", "order_states", "order_lines", "refunds", "customers", "customer_features")


def warm_up() -> None:
    """Load what an import would load. Nothing that starts threads may run here: threads do not survive a fork."""
    for name in WARM:
        import_module(name)


def make_shop() -> None:
    add_shop("书店", now=NOW)


def take(path: str, die_at: str = "", nth: int = 1, features: bool = False, seen: str = "") -> None:
    """Take one file in and die at the n-th pass of a step; or live, and tell what a reader sees and what was passed."""
    passed: list[str] = []

    def step(name: str) -> None:
        passed.append(name)
        if name == die_at and passed.count(name) == nth:
            os._exit(KILLED)

    _take(Path(path), step, features)
    if seen:
        look(seen, passed)


def take_all(paths: Sequence[str]) -> None:
    """Take files in, one after the other, in peace; features once at the end."""
    for number, path in enumerate(paths, 1):
        _take(Path(path), lambda name: None, features=number == len(paths))


def keep_up(die_at: str = "", nth: int = 1, wall: float = 0.0, seen: str = "") -> None:
    """Upkeep of all tables, a day later so that old files may go; dies at the n-th pass of a step."""
    passed: list[str] = []

    def step(name: str) -> None:
        passed.append(name)
        if name == die_at and passed.count(name) == nth:
            os._exit(KILLED)

    now = NOW + timedelta(days=3)
    upkeep.run(settings.PLACE, now=now, wall=wall or time.time(), lock_seconds=10.0, step=step)
    if seen:
        look(seen, passed)


def _take(path: Path, step: Callable[[str], None], features: bool) -> None:
    shop, options = Shop.objects.get(), Options(file_name=path.name)
    if features:
        import_file(shop, path, options, now=lambda: NOW, step=step)
        return
    around = Surroundings(place=settings.PLACE, now=lambda: NOW, step=step)
    run_import(begin(shop, path, options, by=None, now=NOW), path, options, around)


def look(path: str, passed: Sequence[str] = ()) -> None:
    """What is there for a reader: the facts of the newest catalog entry, imports, people."""
    seen = {
        "facts": {table: rows_of(table) for table in FACTS},
        "flags": rows_of("order_flags"),
        "imports": list(
            ImportRun.objects.order_by("pk").values("file_name", "state", "counts", "money", "catalog_ref")
        ),
        "quarantined": list(QuarantinedRow.objects.order_by("pk").values_list("run__file_name", "line")),
        "customers": Identity.objects.values("customer_id").distinct().count(),
        "identities": Identity.objects.count(),
        "contacts": VaultRecord.objects.count(),
        "staged": sorted(found.name for found in settings.PLACE.staging.iterdir() if found.is_dir()),
        "passed": list(passed),
    }
    Path(path).write_text(json.dumps(seen, default=_plain), encoding="utf-8")


def rows_of(table: str) -> list[dict[str, Any]]:
    entry = catalog.current()
    if entry is None or table not in entry.versions:
        return []
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    return reader.rows(f"SELECT * FROM {table} ORDER BY ALL")


def watch(path: str, seconds: float) -> None:
    """Read like a page, again and again, and keep every different thing that was seen, in order."""
    seen: list[list[int]] = []
    until = time.monotonic() + seconds
    target = Path(path)
    while time.monotonic() < until:
        entry = catalog.current()
        if entry is not None:
            reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
            row = reader.rows(
                "SELECT (SELECT count(*) FROM orders) AS orders, "
                "(SELECT CAST(coalesce(sum(total_cents + 7 * state_rank), 0) AS BIGINT) FROM orders) AS money, "
                "(SELECT count(*) FROM order_states) AS states, (SELECT count(*) FROM customers) AS customers"
            )[0]
            found = [row["orders"], row["money"], row["states"], row["customers"]]
            if not seen or seen[-1] != found:
                seen.append(found)
                part = target.with_suffix(".part")
                part.write_text(json.dumps(seen), encoding="utf-8")
                part.replace(target)
        time.sleep(0.1)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
