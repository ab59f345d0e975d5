"""What `laoke doctor` and the settings tell of an installation: each thing looked at, whether it is good, and why not.

Only what is damaged is bad. What somebody should look at (no worker, little room, files that should be gone, a
rehearsal gateway in a real shop) does not make a script stop.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from laoke.customers.models import Customer
from laoke.dispatch import list_files
from laoke.dispatch.models import Gateway
from laoke.intake.models import ImportRun, ImportState, QuarantinedRow
from laoke.shops import audit, catalog, uploads
from laoke.shops.bulk import pieces
from laoke.shops.joins import listed
from laoke.shops.keys import KeyFileError
from laoke.shops.models import AuditEvent, CatalogEntry, Shop, UpkeepRun, Upload, WorkerSeen
from laoke.shops.place import Place
from laoke.shops.setup import check_keys
from laoke.shops.unavailable_words import told
from laoke.warehouse import spark_cluster
from laoke.warehouse.engine_setting import configured_engine
from laoke.warehouse.inspection import Flaw, Inspector
from laoke.warehouse.store import Warehouse
from laoke.warehouse.unavailable import Unavailable
from laoke.web.components.base import Words

GOOD, LOOK, BAD = "good", "look", "bad"
ROOM_BYTES = 2 * 1024**3
WORKER_AGE = timedelta(seconds=90)
UPKEEP_AGE = timedelta(days=3)
BACKUP_AGE = timedelta(days=7)
LEAST_ALIAS = 2**62  # numbers from here on may be of erased people, whom the ledger does not know
SHOWN = 5
LOOK_BACK = 500  # entries; mirrors alone publish one every few seconds


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    label: Words
    state: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)


def glance(
    place: Place, *, now: datetime, wall: float, shops: Collection[Shop] | None = None
) -> list[Finding]:
    """What a page can tell at once, however large the shop is. `wall` is seconds since 1970.

    With `shops` nothing of another shop is named or counted: one installation may serve several owners.
    """
    return [
        _engine(),
        *_storage(place),
        _room(place),
        _worker(now),
        _upkeep(now),
        _backup(place, now),
        _clear_files(place, now, wall),
        _gateways(shops),
    ]


def look(place: Place, *, now: datetime, wall: float, quick: bool = False) -> list[Finding]:
    """Everything, the damage that matters most first; it reads the whole audit and, unless `quick`, all facts."""
    entry = catalog.current()
    tables = _tables(place, entry, quick=quick)
    passing = [one for one in glance(place, now=now, wall=wall) if one.name != "engine"]
    return [
        _keys(place),
        _audit(),
        _engine(asked=True),
        tables,
        # Facts that cannot be read cannot be compared.
        *([_agreement(place, entry)] if entry and tables.state == GOOD else []),
        *passing,
    ]


def _finding(name: str, label: str, problem: str, fine: str, *, bad: bool = True, **detail: Any) -> Finding:
    state = GOOD if not problem else BAD if bad else LOOK
    return Finding(name, label, state, problem or fine, detail)


def _keys(place: Place) -> Finding:
    try:
        check_keys(place.keys)
    except KeyFileError as error:
        return _finding("keys", _("钥匙"), str(error), "")
    return _finding("keys", _("钥匙"), "", _("是建库时的那几把"))


def _audit() -> Finding:
    found = audit.verify()
    problem = ""
    if found.broken is not None:
        problem = _("从第 %(n)s 条起对不上") % {"n": found.broken.pk}
    return _finding(
        "audit",
        _("审计链"),
        problem,
        ngettext("%(n)s 条都对得上", "%(n)s 条都对得上", found.rows) % {"n": found.rows},
    )


def _tables(place: Place, entry: CatalogEntry | None, *, quick: bool) -> Finding:
    """What the newest entry names, the logs that the next write needs, and the newest entry that is whole."""
    label = _("事实表")
    if entry is None:
        return _finding("tables", label, "", _("还没有导入"))
    try:
        inspector = Inspector(Warehouse(place.warehouse), quick=quick)
        flaws = inspector.flaws(entry.versions)
    except Unavailable as problem:
        return _finding("tables", label, told(problem), "", code=problem.code)
    fine = ngettext("%(n)s 张表都读得到", "%(n)s 张表都读得到", len(entry.versions)) % {
        "n": len(entry.versions)
    }
    if not flaws:
        return _finding("tables", label, "", fine)
    whole = _newest_whole(inspector)
    texts = [_flaw_text(flaw, flaws) for flaw in _once_a_table(flaws)]
    texts.append(_way_out(entry, whole))
    detail = [
        {"table": one.table, "kind": one.kind, "name": one.name, "version": one.version} for one in flaws
    ]
    return _finding(
        "tables",
        label,
        listed(texts),
        fine,
        flaws=detail,
        entry=entry.pk,
        whole_entry=whole.pk if whole else None,
    )


def _newest_whole(inspector: Inspector) -> CatalogEntry | None:
    entries = CatalogEntry.objects.order_by("-pk")[:LOOK_BACK]
    return next((one for one in entries if inspector.is_whole(one.versions)), None)


def _once_a_table(flaws: Sequence[Flaw]) -> list[Flaw]:
    """The first of each kind of a table: a cut log makes every version behind it unreadable."""
    return list({(flaw.table, flaw.kind): flaw for flaw in reversed(flaws)}.values())[::-1]


def _flaw_text(flaw: Flaw, flaws: Sequence[Flaw]) -> str:
    alike = sum((one.table, one.kind) == (flaw.table, flaw.kind) for one in flaws)
    words = {
        "log_cut": _("%(table)s 的日志第 %(version)s 号断了一截，到第 %(good)s 号为止是好的"),
        "log_missing": _("%(table)s 的日志少了第 %(version)s 号，到第 %(good)s 号为止是好的"),
        "checkpoint": _("%(table)s 的日志小结第 %(version)s 号打不开"),
        "version": _("%(table)s 第 %(version)s 版打不开"),
        "missing": _("%(table)s 少了 %(n)s 个文件，如 %(name)s"),
        "footer": _("%(table)s 有 %(n)s 个文件打不开，如 %(name)s"),
        "rows": _("%(table)s 有 %(n)s 个文件行数不对，如 %(name)s"),
        "content": _("%(table)s 有 %(n)s 个文件内容坏了，如 %(name)s"),
    }
    filled = {
        "table": flaw.table,
        "version": flaw.version,
        "good": flaw.version - 1,
        "name": flaw.name,
        "n": alike,
    }
    return words[flaw.kind] % filled


def _way_out(entry: CatalogEntry, whole: CatalogEntry | None) -> str:
    if whole is None:
        return _("没有一份完好的目录，只能用备份：laoke restore")
    if whole.pk == entry.pk:
        return _("现在的数据都读得到，但写不进新的。运行 laoke doctor --repair")
    when = f"{whole.created_at:%Y-%m-%d %H:%M}"
    return _(
        "最近一份完好的是 %(when)s 的第 %(n)s 号目录。运行 laoke doctor --repair 回到它，或用备份：laoke restore"
    ) % {
        "when": when,
        "n": whole.pk,
    }


def _agreement(place: Place, entry: CatalogEntry) -> Finding:
    """Every buyer of the facts is known to the ledger, and every import that is done stands in the catalog."""
    reader = Warehouse(place.warehouse).reader(entry.versions)
    named: list[int] = []
    if "customers" in entry.versions:
        rows = reader.rows(
            "SELECT DISTINCT customer_id AS id FROM customers WHERE customer_id < $alias",
            {"alias": LEAST_ALIAS},
        )
        named = [row["id"] for row in rows]
    missing = sum(
        len(piece) - Customer.objects.filter(pk__in=list(piece)).count() for piece in pieces(named, 20_000)
    )
    lost = ImportRun.objects.filter(state=ImportState.DONE, catalog_ref__gt=entry.pk).count()
    told = []
    if missing:
        told.append(_("事实里有 %(n)s 个客户号，数据库不认识") % {"n": missing})
    if lost:
        told.append(_("%(n)s 次导入指着不存在的目录") % {"n": lost})
    fine = _("%(n)s 个客户号都认识") % {"n": len(named)}
    return _finding("agreement", _("数据库和事实"), listed(told), fine)


def _engine(*, asked: bool = False) -> Finding:
    """What answers the queries; a page sees whether a cluster listens, `laoke doctor` asks it a question."""
    label = _("计算引擎")
    detail: dict[str, Any]
    try:
        setting = configured_engine()
        if setting is None:
            return _finding("engine", label, "", _("DuckDB，在这台机器上"))
        detail = {"address": setting.address}
        if not asked:
            spark_cluster.reach(setting)
            return _finding("engine", label, "", _("Spark 集群 %(address)s，有应答") % detail, **detail)
        detail |= {"version": spark_cluster.ask(setting)}
    except Unavailable as problem:
        return _finding("engine", label, told(problem), "", code=problem.code)
    return _finding("engine", label, "", _("Spark %(version)s 集群 %(address)s，算得出") % detail, **detail)


def is_remote(place: Place) -> bool:
    """Whether the tables lie in object storage, or were meant to by a setting that says nothing clear."""
    try:
        return not isinstance(place.warehouse, Path)
    except Unavailable:
        return True


def _storage(place: Place) -> list[Finding]:
    """Whether the object storage of the tables answers; a folder of this machine is looked at with the tables."""
    label = _("事实表放在哪里")
    try:
        root = place.warehouse
        if isinstance(root, Path):
            return []
        next(root.iterdir(), None)
    except Unavailable as problem:
        return [_finding("storage", label, told(problem), "", code=problem.code)]
    return [_finding("storage", label, "", _("对象存储 %(place)s，读得到") % {"place": str(root)})]


def _room(place: Place) -> Finding:
    # In object storage there is no disk to fill; uploads and the ledger stay here.
    used = sum(path.stat().st_size for path in place.local_tables.rglob("*.parquet"))
    free = shutil.disk_usage(place.home).free
    text = _("剩 %(n)s GB") % {"n": f"{free / 1024**3:.1f}"}
    # Joining files writes them once more before the old ones go.
    problem = _("%(text)s，太少：合并文件时要放得下两份") % {"text": text} if free < ROOM_BYTES + used else ""
    return _finding("room", _("磁盘"), problem, text, bad=False, free_bytes=free)


def _worker(now: datetime) -> Finding:
    last = WorkerSeen.objects.order_by("-at").values_list("at", flat=True).first()
    problem = ""
    if last is None:
        problem = _("没有在跑：消息不发，导入不动。运行 laoke worker")
    elif now - last > WORKER_AGE:
        problem = _("%(when)s 以后没有动静。运行 laoke worker") % {"when": f"{last:%Y-%m-%d %H:%M}"}
    return _finding("worker", _("后台"), problem, _("在跑"), bad=False)


def _upkeep(now: datetime) -> Finding:
    last = UpkeepRun.objects.exclude(finished_at=None).order_by("-finished_at").first()
    label = _("保养")
    if last is None or last.finished_at is None:
        return _finding("upkeep", label, _("还没做过。后台每夜做一次，或运行 laoke upkeep"), "", bad=False)
    when = f"{last.finished_at:%Y-%m-%d %H:%M}"
    problem = _("上次是 %(when)s，三天没做了") % {"when": when} if now - last.finished_at > UPKEEP_AGE else ""
    return _finding("upkeep", label, problem, _("上次 %(when)s") % {"when": when}, bad=False)


def _backup(place: Place, now: datetime) -> Finding:
    last = AuditEvent.objects.filter(act="backup").order_by("-pk").first()
    label = _("备份")
    if is_remote(place):
        told = _("事实表在对象存储里，laoke backup 不做：用存储自己的备份，数据库和数据文件夹另备")
        return _finding("backup", label, told, "", bad=False)
    if last is None:
        return _finding("backup", label, _("还没做过。运行 laoke backup"), "", bad=False)
    figures = {"when": f"{last.at:%Y-%m-%d %H:%M}", "size": f"{last.detail['bytes'] / 1_000_000:.1f}"}
    problem = _("上次是 %(when)s，%(size)s MB，七天没做了") % figures if now - last.at > BACKUP_AGE else ""
    return _finding(
        "backup", label, problem, _("上次 %(when)s，%(size)s MB") % figures, bad=False, file=last.subject
    )


def _clear_files(place: Place, now: datetime, wall: float) -> Finding:
    """What should be gone and is still there; the worker tidies each hour, so something holds it open."""
    found: list[tuple[Callable[[int], str], Sequence[Any] | int]] = [
        (lambda n: ngettext("%(n)s 份名单", "%(n)s 份名单", n) % {"n": n}, list_files.due(now)),
        (
            lambda n: ngettext("%(n)s 个没有主的名单文件", "%(n)s 个没有主的名单文件", n) % {"n": n},
            list(list_files.strays(wall)),
        ),
        (
            lambda n: ngettext("%(n)s 个临时文件", "%(n)s 个临时文件", n) % {"n": n},
            uploads.leftovers(place.staging, place.exports, wall),
        ),
        (
            lambda n: ngettext("%(n)s 个上传的文件", "%(n)s 个上传的文件", n) % {"n": n},
            Upload.objects.filter(created_at__lt=now - uploads.KEPT).count(),
        ),
        (
            lambda n: _("%(n)s 行过期的隔离行") % {"n": n},
            QuarantinedRow.objects.filter(expires_on__lt=now.date()).count(),
        ),
    ]
    counts = [(words, many if isinstance(many, int) else len(many)) for words, many in found]
    told = listed(words(count) for words, count in counts if count)
    problem = _("该清的还在：%(what)s。关掉打开着的文件，后台会再清") % {"what": told} if told else ""
    return _finding("clear_files", _("明文文件"), problem, _("没有该清的"), bad=False)


def _gateways(shops: Collection[Shop] | None) -> Finding:
    seen = Gateway.objects.all() if shops is None else Gateway.objects.filter(shop__in=shops)
    rows = list(seen.select_related("shop").order_by("pk"))
    rehearsing = [row.name for row in rows if row.is_loopback and not row.shop.is_demo]
    stopped = [row.name for row in rows if row.stopped_reason]
    told = []
    if rehearsing:
        told.append(_("演练，什么都不会真的发出去：%(names)s") % {"names": listed(rehearsing[:SHOWN])})
    if stopped:
        told.append(_("停着：%(names)s") % {"names": listed(stopped[:SHOWN])})
    modes = {
        "real": sum(not row.is_loopback for row in rows),
        "rehearsal": sum(row.is_loopback for row in rows),
    }
    fine = _("真发 %(real)s 个，演练 %(rehearsal)s 个") % modes if rows else _("还没有通道")
    return _finding("gateways", _("通道"), listed(told), fine, bad=False, **modes)
