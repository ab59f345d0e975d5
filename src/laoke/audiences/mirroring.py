"""Writing what the ledger decided into the mirrors, every few seconds and once as a whole.

(1) take the marks, (2) read the present rows of their keys, (3) one Delta commit per mirror, (4) publish the catalog
entry and remove the marks whose revision is unchanged, in one ledger transaction. Killed anywhere, it is done again:
until step 4 readers use the entry before, with the marks laid over it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from laoke.audiences.readings import KEY_COLUMNS, present_rows
from laoke.customers import mirrors
from laoke.customers.models import Consent
from laoke.groups.mirrors import member_rows
from laoke.shops import catalog, dirty
from laoke.shops.bulk import write_in_batches
from laoke.shops.clock import Clock
from laoke.shops.locks import warehouse_writer
from laoke.shops.mirroring import keys_table, next_write
from laoke.shops.models import CatalogEntry, Shop

if TYPE_CHECKING:
    from laoke.warehouse.storage import Folder
    from laoke.warehouse.store import Warehouse

# person_map first: the others are by person.
WRITTEN = ("person_map", "customer_tags", "group_members", "customer_reach")
MOST_MARKS = 100_000
# As many marks are removed in the transaction that publishes; the rest in short ones after it.
MARKS_IN_ONE_COMMIT = 2_000
LOCK_SECONDS = 2.0

Mark = tuple[int, int, str, int]
# (shop, persons or None for all, today) → what they were sent; asked of the package that owns messages.
TouchesOf = Callable[[Shop, Sequence[int] | None, date], mirrors.TouchCounts]

_aged: dict[tuple[Folder, int], date] = {}


def write_mirrors(
    shop: Shop, warehouse: Warehouse, clock: Clock, touches_of: TouchesOf | None = None
) -> bool:
    """Write the marked keys of a shop to its mirrors; True when there was something to write.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse; the marks stay and are laid over until the next time.
    """
    entry = catalog.current()
    if entry is None:
        return False
    today = clock.today()
    _mark_aged(shop, warehouse, entry, today)
    marks = {name: dirty.waiting(name, shop.pk, limit=MOST_MARKS) for name in WRITTEN}
    if not any(marks.values()):
        return False
    with warehouse_writer(settings.PLACE.home, LOCK_SECONDS):
        versions = {
            name: _write(name, shop, warehouse, given, today, touches_of)
            for name, given in marks.items()
            if given
        }
        _publish(versions, [mark for given in marks.values() for mark in given], clock)
    return True


def mirror_everything(
    shop: Shop, warehouse: Warehouse, clock: Clock, touches_of: TouchesOf | None = None
) -> CatalogEntry | None:
    """Write all mirrors of a shop anew from the ledger, whatever is marked; None before the first import."""
    entry = catalog.current()
    if entry is None:
        return None
    today = clock.today()
    marks = [mark for name in WRITTEN for mark in dirty.waiting(name, shop.pk)]
    with warehouse_writer(settings.PLACE.home):
        touches = touches_of(shop, None, today) if touches_of else None
        versions = {}
        for name in WRITTEN:
            rows = {
                "person_map": lambda: mirrors.person_map_rows(shop),
                "customer_tags": lambda: mirrors.tag_rows(shop),
                "group_members": lambda: member_rows(shop),
                "customer_reach": lambda: mirrors.reach_rows(shop, None, today, touches),
            }[name]()
            app_id, number = next_write(name, shop, warehouse)
            where = {"shop_id": shop.pk}
            done = warehouse.replace(name, rows, where=where, app_id=app_id, app_version=number)
            versions[name] = done.version
        return _publish(versions, marks, clock)


def _write(
    name: str,
    shop: Shop,
    warehouse: Warehouse,
    marks: Sequence[Mark],
    today: date,
    touches_of: TouchesOf | None,
) -> int:
    """The mirror's version after the keys' present rows were written."""
    from laoke.warehouse.mirrors import apply_mirror

    keys = [int(key) for _pk, _shop, key, _revision in marks]
    touches = touches_of(shop, keys, today) if touches_of and name == "customer_reach" else None
    rows = present_rows(name, shop, keys, today, touches)
    app_id, number = next_write(name, shop, warehouse)
    given = keys_table(name, shop, KEY_COLUMNS[name], keys)
    return apply_mirror(warehouse, name, rows, given, app_id=app_id, app_version=number).version


def _publish(versions: dict[str, int], marks: Sequence[Mark], clock: Clock) -> CatalogEntry:
    with transaction.atomic():
        before = catalog.current()
        if before is None:
            raise LookupError("mirrors are published after the first import only")
        entry = catalog.publish(
            versions,
            as_of_day=before.as_of_day,
            now=clock.now(),
            reason="mirrors",
            mirrors_revision=before.mirrors_revision + 1,
        )
        dirty.clear(marks[:MARKS_IN_ONE_COMMIT])
    write_in_batches(marks[MARKS_IN_ONE_COMMIT:], dirty.clear)
    return entry


def _mark_aged(shop: Shop, warehouse: Warehouse, entry: CatalogEntry, today: date) -> None:
    """Once a day and process: mark whom the passing of days changed, by a consent run out or a message grown old."""
    place = (warehouse.root, shop.pk)
    if _aged.get(place) == today:
        return
    reader = warehouse.reader(entry.versions)
    found = reader.sql(
        "SELECT person_id, touches_30 FROM customer_reach "
        "WHERE shop_id = $shop_id AND (reachable OR consented OR touches_30 > 0)",
        {"shop_id": shop.pk},
    ).to_pylist()
    expired = set(
        Consent.objects.filter(shop=shop, withdrawn_at=None, expires_on__lt=today).values_list(
            "person_id", flat=True
        )
    )
    # Counts of 7 and 30 days fall as days pass, so whoever has any is counted anew.
    aged = {row["person_id"] for row in found if row["person_id"] in expired or row["touches_30"]}
    with transaction.atomic():
        dirty.mark(shop.pk, "customer_reach", aged)
    _aged[place] = today
