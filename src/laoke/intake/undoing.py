"""Taking an import back: which tables go back to where they were before it, and what else would go with them.

Only what is known beforehand stands here; `laoke.config.repairing` does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke.intake.models import ImportRun, ImportState
from laoke.shops.models import CatalogEntry
from laoke.shops.refusals import ReasonedRefusal
from laoke.warehouse.contracts import CONTRACTS

# Entries that change no row.
HARMLESS = ("upkeep", "migration", "erasure", "repair")

REASONS: dict[str, Promise] = {
    "no_import": _("没有编号 %(number)s 的导入，或它没有完成、已经撤回"),
    "gone": _("那次导入之前的数据已经清掉了（保养只留 48 小时和被引用的）。改用备份：laoke restore"),
    "later": _(
        "那以后还有 %(count)s 次写入动过同样的表，退回去会一起没掉：\n%(list)s\n确定的话加 --yes；它们的文件可以再导"
    ),
    "other_shop": _(
        "那以后别的店也导入过，退回去会动到它。请管这台电脑的人运行 laoke tables rollback --before-import %(number)s"
    ),
    "more_since": _("你看过以后又导进来 %(count)s 次，也会一起退掉。什么都没有动；再看一遍，再决定"),
}


class UndoRefused(ReasonedRefusal):
    """An import that was not taken back, with its reason; nothing was changed."""

    reasons = REASONS


@dataclass(frozen=True)
class Later:
    """A write after the import that touched the same tables; without `import_id` it was no import."""

    entry: int
    reason: str
    import_id: int | None
    shop_id: int | None
    name: str
    rows: int

    @property
    def text(self) -> str:
        if self.import_id is None:
            return f"  目录 {self.entry}（{self.reason}）"
        return f"  导入 {self.import_id}：{self.name}，{self.rows} 行"


@dataclass(frozen=True)
class Undo:
    """What taking an import back would do: the versions the tables go back to, and the later writes that go too."""

    run: ImportRun
    before: CatalogEntry | None
    target: dict[str, int]
    later: tuple[Later, ...]

    @property
    def newest(self) -> int:
        """The newest catalog entry that would go."""
        return max((one.entry for one in self.later), default=0)

    @property
    def touches_others(self) -> bool:
        """Whether facts of another shop would go with it: all shops of an installation share the tables."""
        return any(one.shop_id != self.run.shop_id for one in self.later)

    @property
    def gone(self) -> list[int]:
        """The imports that would no longer be part of the facts."""
        return [self.run.pk, *(one.import_id for one in self.later if one.import_id is not None)]


def undo_of(number: int) -> Undo:
    """What taking this import back would do.

    Raises
    ------
    UndoRefused
        when it is not there, not done, or taken back already.
    """
    run = ImportRun.objects.filter(pk=number, state=ImportState.DONE).first()
    if run is None or run.catalog_ref is None:
        raise UndoRefused("no_import", number=number)
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
    return Undo(run, before, target, tuple(_later(made, tables)))


def _later(made: CatalogEntry, tables: Sequence[str]) -> list[Later]:
    """Writes after an entry that changed one of the tables, oldest first; those that change no row are none."""
    found, last = [], made.versions
    for entry in CatalogEntry.objects.filter(pk__gt=made.pk).order_by("pk").iterator():
        changed = any(entry.versions.get(table) != last.get(table) for table in tables)
        last = entry.versions
        if changed and entry.reason not in HARMLESS:
            run = ImportRun.objects.filter(catalog_ref=entry.pk).first()
            if run is not None and run.state == ImportState.UNDONE:
                continue  # it went already
            if run is None:
                found.append(Later(entry.pk, entry.reason, None, None, "", 0))
                continue
            rows = run.counts.get("accepted", 0)
            found.append(Later(entry.pk, entry.reason, run.pk, run.shop_id, run.file_name, rows))
    return found
