"""Repair: the facts as they were before an import, or as they were when all could still be read. Nothing is deleted.

Either way a new catalog entry names older versions of the facts. What the ledger decided stays: mirrors keep their
present versions, or are written anew from the ledger. Imports that are no longer part of the facts are marked as taken
back; their files can be imported again. Whoever was erased since is erased from the older versions before this ends.

    RepairRefused   see REASONS; nothing was changed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.config.mirroring import mirror_shop
from laoke.customers import erasure
from laoke.customers.models import Erasure
from laoke.dispatch.models import Message
from laoke.insights.refresh import refresh_features
from laoke.intake.models import ImportRun, ImportState
from laoke.shops import audit, catalog, dirty
from laoke.shops.bulk import pieces
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import CatalogEntry, Shop, User
from laoke.shops.place import Place
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.inspection import Inspector, Mended, log_flaws, mend_log
from laoke.warehouse.store import Warehouse

LOCK_SECONDS = 10.0
# How many entries back a whole one is looked for: mirrors alone publish one every few seconds.
LOOK_BACK = 500
HARMLESS = ("upkeep", "migration", "erasure", "repair")

REASONS = {
    "no_import": "没有编号 {number} 的导入，或它没有完成、已经撤回",
    "gone": "那次导入之前的数据已经清掉了（保养只留 48 小时和被引用的）。改用备份：laoke restore",
    "later": "那以后还有 {count} 次写入动过同样的表，退回去会一起没掉：\n{list}\n确定的话加 --yes；它们的文件可以再导",
    "nothing_whole": "没有一份完好的目录可用。用备份：laoke restore",
    "nothing": "没有要修的",
}


class RepairRefused(Exception):
    """A repair that was not done, with its reason."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    @property
    def text(self) -> str:
        """The reason in a sentence for people."""
        return REASONS[self.code].format(**self.params)


@dataclass(frozen=True)
class Later:
    """A write after the import that touched the same tables."""

    entry: int
    reason: str
    import_id: int | None
    name: str
    rows: int

    @property
    def text(self) -> str:
        if self.import_id is None:
            return f"  目录 {self.entry}（{self.reason}）"
        return f"  导入 {self.import_id}：{self.name}，{self.rows} 行"


def roll_back(place: Place, number: int, *, yes: bool, by: User | None, now: datetime) -> dict[str, Any]:
    """Bring the facts back to before an import, if nothing later stands on it or `yes` was said; what came of it.

    Raises
    ------
    RepairRefused
    WriterBusy
    """
    run = ImportRun.objects.filter(pk=number, state=ImportState.DONE).first()
    if run is None or run.catalog_ref is None:
        raise RepairRefused("no_import", number=number)
    with warehouse_writer(place.home, LOCK_SECONDS):
        made = CatalogEntry.objects.get(pk=run.catalog_ref)
        before = CatalogEntry.objects.filter(pk__lt=made.pk).order_by("-pk").first()
        then = before.versions if before else {}
        tables = [
            table
            for table, version in made.versions.items()
            if CONTRACTS[table].role == "fact" and then.get(table) != version
        ]
        # A table that was not there yet goes back to being empty.
        target = {table: then.get(table, 0) for table in tables}
        later = _later(made, tables)
        if later and not yes:
            told = "\n".join(one.text for one in later)
            raise RepairRefused("later", count=len(later), list=told)
        if not Inspector(Warehouse(place.warehouse)).is_whole(target):
            raise RepairRefused("gone")
        gone = [run.pk, *(one.import_id for one in later if one.import_id is not None)]
        entry = _publish(target, gone, before, now, by, "tables.rollback", subject=str(run.pk))
    _after(place, now)
    return {"entry": entry.pk, "tables": sorted(tables), "imports": sorted(gone)}


def _later(made: CatalogEntry, tables: Sequence[str]) -> list[Later]:
    """Writes after an entry that changed one of the tables, oldest first; those that change no row are none."""
    found, last = [], made.versions
    for entry in CatalogEntry.objects.filter(pk__gt=made.pk).order_by("pk").iterator():
        changed = any(entry.versions.get(table) != last.get(table) for table in tables)
        last = entry.versions
        if changed and entry.reason not in HARMLESS:
            run = ImportRun.objects.filter(catalog_ref=entry.pk).first()
            name, rows = (run.file_name, run.counts.get("accepted", 0)) if run else ("", 0)
            found.append(Later(entry.pk, entry.reason, run.pk if run else None, name, rows))
    return found


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
        published = _publish(changed, gone, facts_of, now, by, "tables.repair", subject=str(facts_of.pk))
        warehouse.align(published.versions)  # so that the next write does not begin from what cannot be read
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
    act: str, *, subject: str,
) -> CatalogEntry:  # fmt: skip
    newest = catalog.current()
    assert newest is not None
    with transaction.atomic():
        entry = catalog.publish(
            versions, as_of_day=newest.as_of_day, now=now, reason="repair",
            import_ref=facts_of.import_ref if facts_of else None,
        )  # fmt: skip
        ImportRun.objects.filter(pk__in=gone).update(state=ImportState.UNDONE)
        if facts_of is not None:
            # Older versions name whoever was erased after them; `_after` takes them out again.
            since = Erasure.objects.filter(facts_rewritten_at__gte=facts_of.created_at, vacuumed_at=None)
            since.update(facts_rewritten_at=None)
        audit.record(act, shop=None, actor=by, at=now, subject=subject, count=len(gone), entry=entry.pk)
    return entry


def _after(place: Place, now: datetime) -> None:
    """What follows from facts follows again."""
    erasure.rewrite_facts(place, now=now)
    for shop in Shop.objects.order_by("pk"):
        refresh_features(shop, place, now=now)


def _mirror_anew(place: Place, now: datetime) -> None:
    for shop in Shop.objects.order_by("pk"):
        mirror_shop(shop, place, now)
        keys = Message.objects.filter(occasion__shop=shop).values_list("person_id", "occasion_id")
        for piece in pieces([f"{person}:{occasion}" for person, occasion in keys]):
            with transaction.atomic():
                dirty.mark(shop.pk, "touches", piece)
