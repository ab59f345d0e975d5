"""Bringing the tables of facts to the columns that this version knows: at the start of `up` and `worker`, or by hand.

Under the right to write: tables at the catalog's versions, the written steps, one entry that names what they made. A
kill before that entry leaves commits that nobody reads; the next run takes them back and begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from laoke.shops import audit, catalog
from laoke.shops.locks import warehouse_writer
from laoke.shops.place import Place
from laoke.warehouse import migrations
from laoke.warehouse.migrations import TableMigration
from laoke.warehouse.store import Warehouse


def migrate_tables(
    place: Place,
    *,
    now: datetime,
    lock_seconds: float = 600.0,
    step: Callable[[str], None] = lambda name: None,
) -> list[TableMigration]:
    """Do the steps that the tables have not seen, and publish; which they were.

    Raises
    ------
    WriterBusy
        while somebody else writes for longer than `lock_seconds`.
    """
    entry = catalog.current()
    if entry is None or not migrations.pending(Warehouse(place.warehouse), entry.versions):
        return []
    with warehouse_writer(place.home, lock_seconds):
        return migrate_as_writer(place, now=now, step=step)


def migrate_as_writer(
    place: Place, *, now: datetime, step: Callable[[str], None] = lambda name: None
) -> list[TableMigration]:
    """The same for whoever has the right to write: also what was published from before a step is brought up to it."""
    entry = catalog.current()
    warehouse = Warehouse(place.warehouse, failpoint=step)
    steps = migrations.pending(warehouse, entry.versions) if entry else []
    if entry is None or not steps:
        return []
    warehouse.align(entry.versions)
    written = {
        table: migrations.migrate(warehouse, table, [one for one in steps if one.table == table])
        for table in dict.fromkeys(one.table for one in steps)
    }
    step("before_publish")
    with transaction.atomic():
        catalog.publish(
            written, as_of_day=entry.as_of_day, now=now, reason="migration", import_ref=entry.import_ref
        )
        for one in steps:
            audit.record("tables.migrate", shop=None, actor=None, at=now, subject=one.table, count=one.number)
    return steps
