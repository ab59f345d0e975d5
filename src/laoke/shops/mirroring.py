"""How a mirror of the ledger is written to the warehouse, the same for every mirror.

Rows of the marked keys go into one Delta commit, then the catalog entry and the removal of the marks into the ledger.
A crash between the two leaves the marks: the same rows are written once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import transaction

from laoke.shops import catalog, dirty
from laoke.shops.bulk import write_in_batches
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse

MOST_MARKS = 50_000
LOCK_SECONDS = 2.0


class MirrorRows(NamedTuple):
    """Keys of a mirror that are marked, as the warehouse wants them, and their present rows."""

    keys: pa.Table
    rows: pa.Table


def keys_table(mirror: str, shop: Shop, column: str, keys: Sequence[int] | Sequence[str]) -> pa.Table:
    """Keys of a mirror as the warehouse wants them: the shop, and one column more."""
    import pyarrow as pa

    from laoke.warehouse.contracts import CONTRACTS

    kind = CONTRACTS[mirror].by_name[column].arrow_type()
    return pa.table(
        {"shop_id": pa.array([shop.pk] * len(keys), pa.int64()), column: pa.array(list(keys), kind)}
    )


def write_marked(
    name: str,
    shop: Shop,
    warehouse: Warehouse,
    now: datetime,
    rows_of: Callable[[Shop, Sequence[str]], MirrorRows],
    *,
    lock_seconds: float = LOCK_SECONDS,
) -> bool:
    """Write the marked keys of a mirror, as `rows_of` says what they are now; True when there were any.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse for longer than `lock_seconds`; the marks stay until the next time.
    """
    from laoke.warehouse.mirrors import apply_mirror

    if catalog.current() is None or not dirty.waiting(name, shop.pk, limit=1):
        return False
    with warehouse_writer(settings.PLACE.home, lock_seconds):
        entry = catalog.current()
        assert entry is not None  # an entry never goes away
        marks = dirty.waiting(name, shop.pk, limit=MOST_MARKS)
        warehouse.align(entry.versions)
        given = rows_of(shop, [key for _pk, _shop, key, _revision in marks])
        app_id, number = next_write(name, shop, warehouse)
        written = apply_mirror(warehouse, name, given.rows, given.keys, app_id=app_id, app_version=number)
        _publish(name, written.version, now)
        write_in_batches(marks, dirty.clear)
    return True


def write_whole(
    name: str, shop: Shop, warehouse: Warehouse, now: datetime, rows_of: Callable[[Shop], pa.Table]
) -> None:
    """Write all rows of a shop in a mirror anew, whatever is marked: after a restore."""
    marks = dirty.waiting(name, shop.pk)
    with warehouse_writer(settings.PLACE.home):
        app_id, number = next_write(name, shop, warehouse)
        where = {"shop_id": shop.pk}
        written = warehouse.replace(name, rows_of(shop), where=where, app_id=app_id, app_version=number)
        _publish(name, written.version, now)
        write_in_batches(marks, dirty.clear)


def next_write(name: str, shop: Shop, warehouse: Warehouse) -> tuple[str, int]:
    """Rows are read anew each time, so no write may be skipped as a repeat; the writer's lock makes this safe."""
    app_id = f"mirror-{name}-{shop.pk}"
    return app_id, (warehouse.applied(name, app_id) or 0) + 1


def _publish(name: str, version: int, now: datetime) -> None:
    with transaction.atomic():
        before = catalog.current()
        assert before is not None  # an entry never goes away
        catalog.publish({name: version}, as_of_day=before.as_of_day, now=now, reason=name)
