"""Upkeep of the whole installation: tables joined, checkpointed and swept by what the catalog still names.

It holds the right to write from beginning to end, so no import, mirror or erasure writes meanwhile; readers go on,
because every version that an entry of the last 48 hours or a pinned one names keeps its files.

    1 compact      a version with the same rows in fewer files; not visible yet
    2 publish      the entry that names it; a kill before this has the next writer take the version back
    3 sweep        checkpoints, files that nothing names, log entries that nothing needs
    4 erasures     those whose old numbers stand in no kept version are finished
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from laoke.audiences.snapshots import sweep_snapshots
from laoke.customers.erasure import finish
from laoke.shops import catalog
from laoke.shops.bulk import is_sqlite
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import CatalogEntry, UpkeepRun
from laoke.shops.place import Place
from laoke.warehouse import joined_lines, upkeep
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.storage import Folder, reaching
from laoke.warehouse.store import Warehouse

RETENTION = timedelta(hours=upkeep.RETENTION_HOURS)
LOCK_SECONDS = 1.0  # at night it comes by again; nobody waits for it


def due(now: datetime) -> bool:
    """Whether nothing was finished since this night began (at midnight of the shop's clock)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return not UpkeepRun.objects.filter(finished_at__gte=midnight).exists()


def run(
    place: Place,
    *,
    now: datetime,
    wall: float,
    lock_seconds: float = LOCK_SECONDS,
    step: Callable[[str], None] = lambda name: None,
) -> UpkeepRun:
    """Keep the tables up; what it did stands in the row. `wall` is seconds since 1970, because files have those times.

    Raises
    ------
    WriterBusy
        while somebody else writes the warehouse; nothing was done then.
    """
    with warehouse_writer(place.home, lock_seconds):
        row = UpkeepRun.objects.create(started_at=now)
        with reaching(place.warehouse):
            result = _tables(Warehouse(place.warehouse), now, wall, step)
    result["snapshots"] = sweep_snapshots(wall)
    result["erasures"] = finish(place, now=now, retention_from=now - RETENTION)
    _fold_ledger()
    row.finished_at, row.result = now, result
    row.save(update_fields=["finished_at", "result"])
    return row


def _tables(warehouse: Warehouse, now: datetime, wall: float, step: Callable[[str], None]) -> dict[str, Any]:
    entry = catalog.current()
    if entry is None:
        return {"compacted": [], "files": 0, "bytes": 0, "log_files": 0}
    warehouse.align(entry.versions)
    compacted = _compact(warehouse, entry, now, step)
    kept = catalog.kept(now - RETENTION)
    for table in entry.versions:
        upkeep.checkpoint(warehouse, table)
        step("checkpointed")
    before = _size(warehouse.root)
    files = joined_lines.sweep(
        warehouse.root, entry.versions, now=wall, keep_seconds=RETENTION.total_seconds()
    )
    log_files = 0
    for table in entry.versions:
        gone = upkeep.vacuum(warehouse, table, keep_versions=sorted(kept[table]), now=wall)
        step("swept")
        files += len(gone)
        log_files += upkeep.trim_log(warehouse, table, oldest_version=min(kept[table]))
        step("trimmed")
    freed = before - _size(warehouse.root)
    return {"compacted": compacted, "files": files, "bytes": freed, "log_files": log_files}


def _compact(
    warehouse: Warehouse, entry: CatalogEntry, now: datetime, step: Callable[[str], None]
) -> list[str]:
    written: dict[str, int] = {}
    for table in CONTRACTS:
        if table in entry.versions and (version := upkeep.compact(warehouse, table)) is not None:
            written[table] = version
            step("compacted")
    if written:
        with transaction.atomic():
            catalog.publish(
                written, as_of_day=entry.as_of_day, now=now, reason="upkeep", import_ref=entry.import_ref
            )
        step("published")
    return sorted(written)


def _size(folder: Folder) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _fold_ledger() -> None:
    """SQLite's write-ahead log back into the database, so that what was deleted is gone from it too."""
    if is_sqlite() and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("PRAGMA optimize")


def summary(row: UpkeepRun) -> str:
    """What a run did, in a line for people."""
    done = row.result
    return (
        f"合并了 {len(done['compacted'])} 张表，清掉 {done['files']} 个旧文件，"
        f"腾出 {done['bytes'] / 1_000_000:.1f} MB，完成 {done['erasures']} 个删除请求"
    )
