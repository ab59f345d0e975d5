"""Upkeep of an installation: who reads goes on, who was killed leaves a good state, nobody writes meanwhile."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from laoke.config import pipelines, upkeep
from laoke.config.worker import Worker
from laoke.shops import catalog
from laoke.shops.locks import WriterBusy, warehouse_writer
from laoke.shops.models import CatalogEntry, UpkeepRun, WorkerSeen
from laoke.warehouse.delta import forget_snapshots
from laoke.warehouse.engine import Reader
from laoke.warehouse.store import Warehouse
from tests.people import Demo

pytestmark = pytest.mark.django_db
SUMS = "SELECT count(*) AS n, sum(paid_cents) AS cents, count(DISTINCT customer_id) AS people FROM orders"
LATER = 100 * 3600.0


class Killed(BaseException):
    """The process ends here."""


def sums(demo: Demo, versions: dict[str, int]) -> list[dict[str, Any]]:
    forget_snapshots()
    return Reader(demo.place.warehouse, versions).rows(SUMS)


def stored(demo: Demo) -> int:
    """How many files hold rows."""
    return sum("_delta_log" not in path.parts for path in demo.place.warehouse.rglob("*.parquet"))


def versions_now() -> dict[str, int]:
    entry = catalog.current()
    assert entry is not None
    return dict(entry.versions)


@pytest.fixture
def crowded(demo: Demo) -> Demo:
    """Five more versions of the orders, one order of one day in each, so that a partition has many files."""
    warehouse = Warehouse(demo.place.warehouse)
    for number in range(5):
        versions = versions_now()
        [row] = warehouse.reader(versions).sql("SELECT * FROM orders ORDER BY order_id LIMIT 1").to_pylist()
        import pyarrow as pa

        from laoke.warehouse.contracts import CONTRACTS

        rows = pa.Table.from_pylist(
            [{**row, "order_id": f"more-{number}"}], schema=CONTRACTS["orders"].arrow_schema()
        )
        version = warehouse.append("orders", rows, app_id=f"more-{number}").version
        catalog.publish({"orders": version}, as_of_day=demo.now.date(), now=demo.now, reason="test")
    return demo


def run(demo: Demo, **options: Any) -> UpkeepRun:
    at: datetime = options.pop("now", demo.now + timedelta(days=5))
    wall = options.pop("wall", time.time() + LATER)
    return upkeep.run(demo.place, now=at, wall=wall, **options)


def test_it_joins_files_frees_room_and_changes_no_sum(crowded: Demo) -> None:
    before, files = sums(crowded, versions_now()), stored(crowded)

    row = run(crowded)

    assert sums(crowded, versions_now()) == before
    assert "orders" in row.result["compacted"]
    assert row.result["files"] > 4 and row.result["bytes"] > 0
    assert stored(crowded) < files
    newest = catalog.current()
    assert newest is not None and newest.reason == "upkeep"
    assert row.finished_at == crowded.now + timedelta(days=5)
    assert Warehouse(crowded.place.warehouse).damage(newest.versions) == []


def test_a_reader_of_an_older_pinned_entry_reads_on_while_and_after(crowded: Demo) -> None:
    pinned = CatalogEntry.objects.order_by("-pk")[3]
    catalog.pin(pinned.pk)
    before, during = sums(crowded, pinned.versions), []
    reader = Reader(crowded.place.warehouse, pinned.versions)
    assert reader.rows(SUMS) == before

    run(crowded, step=lambda name: during.append(reader.rows(SUMS)))

    assert during and all(found == before for found in during)
    assert sums(crowded, pinned.versions) == before
    assert before != sums(crowded, versions_now())


def test_entries_of_the_last_two_days_keep_their_files(crowded: Demo) -> None:
    young = list(CatalogEntry.objects.order_by("-pk")[:4])
    found = [sums(crowded, entry.versions) for entry in young]
    run(crowded, now=crowded.now + timedelta(hours=47))
    assert [sums(crowded, entry.versions) for entry in young] == found


@pytest.mark.parametrize("at", ["compacted", "published", "checkpointed", "swept", "trimmed"])
def test_a_kill_in_the_middle_leaves_a_good_state(crowded: Demo, at: str) -> None:
    before = sums(crowded, versions_now())

    def die(name: str) -> None:
        if name == at:
            raise Killed

    with pytest.raises(Killed):
        run(crowded, step=die)

    assert sums(crowded, versions_now()) == before
    assert Warehouse(crowded.place.warehouse).damage(versions_now()) == []
    cut = UpkeepRun.objects.get()
    assert cut.finished_at is None
    assert upkeep.due(crowded.now + timedelta(days=5))

    again = run(crowded)

    assert again.finished_at is not None
    assert sums(crowded, versions_now()) == before
    assert Warehouse(crowded.place.warehouse).damage(versions_now()) == []


def test_while_somebody_writes_nothing_is_done(crowded: Demo, tmp_path: Path) -> None:
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        pytest.skip("one connection holds an advisory lock as often as it likes")
    entry = catalog.current()
    with warehouse_writer(crowded.place.home), pytest.raises(WriterBusy):
        run(crowded, lock_seconds=0.0)
    assert catalog.current() == entry
    assert not UpkeepRun.objects.exists()


@pytest.mark.parametrize(("hour", "runs"), [(1, 0), (2, 1), (5, 1), (6, 0), (14, 0)])
def test_the_worker_does_it_in_quiet_hours_of_the_shop_only(demo: Demo, hour: int, runs: int) -> None:
    at = demo.now.replace(hour=hour)
    assert pipelines._upkeep(Worker("w", lambda: at)) is bool(runs)
    assert UpkeepRun.objects.count() == runs


def test_the_worker_does_it_once_a_night(demo: Demo) -> None:
    at = demo.now.replace(hour=3)
    assert pipelines._upkeep(Worker("w", lambda: at))
    assert not pipelines._upkeep(Worker("w", lambda: at + timedelta(hours=2)))
    assert pipelines._upkeep(Worker("w", lambda: at + timedelta(days=1)))


def test_a_worker_says_that_it_is_there(demo: Demo) -> None:
    pipelines._say_alive(Worker("old", lambda: demo.now - timedelta(days=2)))
    pipelines._say_alive(Worker("new", lambda: demo.now))
    assert list(WorkerSeen.objects.values_list("name", "at")) == [("new", demo.now)]


def test_before_the_first_import_there_is_nothing_to_do(home: Path) -> None:
    from django.conf import settings

    row = upkeep.run(settings.PLACE, now=datetime(2026, 10, 31, 3), wall=time.time())
    assert row.result == {
        "compacted": [], "files": 0, "bytes": 0, "log_files": 0, "snapshots": 0, "erasures": 0,
    }  # fmt: skip
