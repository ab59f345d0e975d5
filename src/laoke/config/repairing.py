"""Repair: the facts as they were before an import, or as they were when all could still be read. Nothing is deleted.

Either way a new catalog entry names older versions of the facts. What the ledger decided stays: mirrors keep their
present versions, or are written anew from the ledger. Imports that are no longer part of the facts are marked as taken
back; their files can be imported again. Whoever was erased since is erased from the older versions before this ends.

    RepairRefused   see REASONS; nothing was changed
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.config.migrating import migrate_as_writer, migrate_tables
from laoke.config.mirroring import mirror_shop
from laoke.config.refreshing import refresh_shop
from laoke.customers import erasure
from laoke.customers.models import Erasure
from laoke.dispatch import replies
from laoke.dispatch.models import Message, Reply
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.top import connections
from laoke.intake.undoing import UndoRefused, undo_of
from laoke.service import mirroring as cases
from laoke.shops import audit, catalog, dirty
from laoke.shops.bulk import pieces
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import CatalogEntry, Shop, User
from laoke.shops.place import Place
from laoke.shops.refusals import ReasonedRefusal
from laoke.warehouse import joined_lines
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.inspection import Inspector, Mended, log_flaws, mend_log
from laoke.warehouse.store import Warehouse

LOCK_SECONDS = 10.0
# How many entries back a whole one is looked for: mirrors alone publish one every few seconds.
LOOK_BACK = 500

REASONS = {
    "nothing_whole": "没有一份完好的目录可用。用备份：laoke restore",
    "nothing": "没有要修的",
}


class RepairRefused(ReasonedRefusal):
    """A repair that was not done, with its reason."""

    reasons = REASONS


def roll_back(
    place: Place, number: int, *, yes: bool, by: User | None, now: datetime, own_only: bool = False,
    seen: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Bring the facts back to before an import, if nothing later stands on it or `yes` was said; what came of it.

    With `own_only` nothing happens when facts of another shop would go with it; with `seen`, the newest catalog entry
    that whoever asked was told of, nothing happens when more was written since.

    Raises
    ------
    UndoRefused
    WriterBusy
    """
    with warehouse_writer(place.home, LOCK_SECONDS):
        undo = undo_of(number)
        if own_only and undo.touches_others:
            raise UndoRefused("other_shop", number=number)
        if seen is not None and (since := [one for one in undo.later if one.entry > seen]):
            raise UndoRefused("more_since", count=len(since))
        if undo.later and not yes:
            told = "\n".join(one.text for one in undo.later)
            raise UndoRefused("later", count=len(undo.later), list=told)
        if not Inspector(Warehouse(place.warehouse)).is_whole(undo.target):
            raise UndoRefused("gone")
        gone = undo.gone
        entry = _publish(
            undo.target, gone, undo.before, now, by, "tables.rollback",
            shop=undo.run.shop, subject=undo.run.file_name,
        )  # fmt: skip
        migrate_as_writer(place, now=now)  # the next import writes columns that those versions may not have
    _after(place, now)
    return {"entry": entry.pk, "tables": sorted(undo.target), "imports": sorted(gone)}


def finish_roll_back(place: Place, number: int, now: datetime) -> bool:
    """Do what follows from a roll back once more, when this import is taken back already and its process died since."""
    if not ImportRun.objects.filter(pk=number, state=ImportState.UNDONE).exists():
        return False
    _after(place, now)
    return True


def repair(place: Place, *, by: User | None, now: datetime) -> dict[str, Any]:
    """Mend the logs, and publish the newest facts that can all be read; what came of it.

    Raises
    ------
    RepairRefused
    WriterBusy
    """
    with warehouse_writer(place.home, LOCK_SECONDS):
        entry = catalog.current()
        if entry is None:
            raise RepairRefused("nothing")
        warehouse = Warehouse(place.warehouse)
        joined_lines.forget(warehouse.root)  # whatever is wrong with them, they are made of the facts again
        mended = _mend(warehouse, entry)
        inspector = Inspector(warehouse)
        damaged = not inspector.is_whole(entry.versions)
        if not damaged and not mended:
            raise RepairRefused("nothing")
        versions, facts_of = _newest_whole(inspector, entry)
        for one in mended:  # the same rows, under a number that the next writers go on from
            if versions[one.table] == one.good:
                versions[one.table] = one.version
        gone = list(
            ImportRun.objects.filter(state=ImportState.DONE, catalog_ref__gt=facts_of.pk).values_list(
                "pk", flat=True
            )
        )
        lagging = [
            t for t in versions if CONTRACTS[t].role == "mirror" and _is_older(t, versions, entry, mended)
        ]
        changed = {
            table: version for table, version in versions.items() if version != entry.versions.get(table)
        }
        published = _publish(
            changed, gone, facts_of, now, by, "tables.repair", shop=None, subject=str(facts_of.pk)
        )
        warehouse.align(published.versions)  # so that the next write does not begin from what cannot be read
        migrate_as_writer(place, now=now)
    if lagging:
        _mirror_anew(place, now)
    _after(place, now)
    return {
        "entry": published.pk, "facts_of": facts_of.pk, "imports": sorted(gone), "tables": sorted(changed),
        "mended": sorted(one.table for one in mended), "mirrored": sorted(lagging),
    }  # fmt: skip


def _mend(warehouse: Warehouse, entry: CatalogEntry) -> list[Mended]:
    found = [mend_log(warehouse, table, log_flaws(warehouse, table)) for table in sorted(entry.versions)]
    return [one for one in found if one is not None]


def _newest_whole(inspector: Inspector, entry: CatalogEntry) -> tuple[dict[str, int], CatalogEntry]:
    """Versions that can all be read: the facts of one entry together, every other table by itself."""
    entries = list(CatalogEntry.objects.order_by("-pk")[:LOOK_BACK])
    facts_of = next((one for one in entries if inspector.is_whole(_facts(one))), None)
    if facts_of is None:
        raise RepairRefused("nothing_whole")
    versions = _facts(facts_of)
    for table in entry.versions.keys() - versions.keys():
        # What follows from the ledger or from facts may begin from nothing: it is written anew.
        whole = [*(one.versions[table] for one in entries if table in one.versions), 0]
        version = next((found for found in whole if not inspector.version_flaws(table, found)), None)
        if version is None:
            raise RepairRefused("nothing_whole")
        versions[table] = version
    return versions, facts_of


def _facts(entry: CatalogEntry) -> dict[str, int]:
    return {table: version for table, version in entry.versions.items() if CONTRACTS[table].role == "fact"}


def _is_older(table: str, versions: dict[str, int], entry: CatalogEntry, mended: Sequence[Mended]) -> bool:
    """Whether a mirror lost writes: it is not the version that was current, nor the same rows under another number."""
    same = {one.version: one.good for one in mended if one.table == table}
    return same.get(versions[table], versions[table]) != entry.versions[table]


def _publish(
    versions: dict[str, int], gone: Sequence[int], facts_of: CatalogEntry | None, now: datetime, by: User | None,
    act: str, *, shop: Shop | None, subject: str,
) -> CatalogEntry:  # fmt: skip
    newest = catalog.current()
    assert newest is not None
    with transaction.atomic():
        entry = catalog.publish(
            versions, as_of_day=newest.as_of_day, now=now, reason="repair",
            import_ref=facts_of.import_ref if facts_of else None,
        )  # fmt: skip
        ImportRun.objects.filter(pk__in=gone).update(state=ImportState.UNDONE)
        connections.start_over(gone)
        if facts_of is not None:
            # Older versions name whoever was erased after them; `_after` takes them out again.
            since = Erasure.objects.filter(facts_rewritten_at__gte=facts_of.created_at, vacuumed_at=None)
            since.update(facts_rewritten_at=None)
        audit.record(act, shop=shop, actor=by, at=now, subject=subject, count=len(gone), entry=entry.pk)
    return entry


def _after(place: Place, now: datetime) -> None:
    """What follows from facts follows again, after a death before it too."""
    migrate_tables(place, now=now)
    erasure.rewrite_facts(place, now=now)
    for shop in Shop.objects.order_by("pk"):
        refresh_shop(shop, place, now=now, everything=True)


def _mirror_anew(place: Place, now: datetime) -> None:
    for shop in Shop.objects.order_by("pk"):
        mirror_shop(shop, place, now)
        keys = Message.objects.filter(occasion__shop=shop).values_list("person_id", "occasion_id")
        for piece in pieces([f"{person}:{occasion}" for person, occasion in keys]):
            with transaction.atomic():
                dirty.mark(shop.pk, "touches", piece)
        answers = Reply.objects.filter(shop=shop).exclude(person_id=None).values_list("pk", flat=True)
        for ids in pieces(list(answers)):
            with transaction.atomic():
                dirty.mark(shop.pk, replies.MIRROR, ids)
        with transaction.atomic():
            cases.mark_all(shop)
