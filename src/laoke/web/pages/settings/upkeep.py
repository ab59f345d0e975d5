"""Views of how the installation keeps: what was found in passing, the last upkeep, and a button for one now."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from laoke.shops import jobs
from laoke.shops.models import Shop, UpkeepRun
from laoke.web import components as ui
from laoke.web import figures, health
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.pages.settings.tabs import CHANGES, LOOKS, may_change, tabs

LAST_RUNS = 14


@dataclass(frozen=True)
class UpkeepPage:
    """What stands well and what does not, the last backup, and the last rounds of upkeep."""

    tabs: ui.Tabs
    findings: ui.Table
    runs: ui.Table
    begin: ui.Action | None
    last_backup: str
    backs_up: bool  # `laoke backup` leaves tables in object storage to the storage


@allowed(*LOOKS)
@require_GET
def upkeep_page(request: HttpRequest) -> HttpResponse:
    now = clock_of(request).now()
    looked_after = Shop.objects.filter(staff__user=request.user, staff__role__in=LOOKS)  # type: ignore[misc]
    found = health.glance(settings.PLACE, now=now, wall=time.time(), shops=list(looked_after))
    under_way = jobs.under_way("upkeep")
    begin = ui.Action(_("现在保养"), "begin/", method="post", why_not=_("正在保养") if under_way else "")
    may_begin = begin if may_change(request) else None
    last_backup = next(one.text for one in found if one.name == "backup")
    page = UpkeepPage(
        tabs(request, "settings_upkeep"), _findings(found), _runs(now), may_begin, last_backup,
        backs_up=not health.is_remote(settings.PLACE),
    )  # fmt: skip
    return render(request, "settings/upkeep.html", {"page": page})


def _findings(found: list[health.Finding]) -> ui.Table:
    shapes = {
        health.GOOD: ui.Status(_("好"), "ok"),
        health.LOOK: ui.Status(_("看一下"), "warn"),
        health.BAD: ui.Status(_("坏了"), "bad"),
    }
    return ui.Table(
        [
            ui.Column("what", _("看什么"), "nowrap"),
            ui.Column("state", _("怎么样"), "nowrap", card="end"),
            ui.Column("text", _("细节"), "wrap", card="wide"),
        ],
        [ui.Row([one.label, ui.Cell(shapes[one.state]), one.text]) for one in found],
        caption=_("这套数据"),
    )


def _run(row: UpkeepRun, now: datetime) -> ui.Row:
    """A round with what it did; one without an end was cut short."""
    if row.finished_at is None:
        return ui.Row([figures.when(row.started_at, now), "", "", ui.Cell(_("没做完"), tone="muted"), ""])
    done = row.result
    room = _("%(n)s MB") % {"n": f"{done['bytes'] / 1_000_000:.1f}"}
    return ui.Row(
        [figures.when(row.finished_at, now), len(done["compacted"]), done["files"], room, done["erasures"]]
    )


def _runs(now: datetime) -> ui.Table:
    rows = UpkeepRun.objects.order_by("-pk")[:LAST_RUNS]
    return ui.Table(
        [
            ui.Column("at", _("时间"), "nowrap"),
            ui.Column("tables", _("合并的表"), "num"),
            ui.Column("files", _("清掉的旧文件"), "num"),
            ui.Column("room", _("腾出"), "num", card="end"),
            ui.Column("erasures", _("完成的删除请求"), "num", priority=3),
        ],
        [_run(row, now) for row in rows],
        caption=_("保养"),
        empty=ui.Empty(_("还没做过"), _("后台每夜两点到六点之间做一次")),
    )


@allowed(*CHANGES)
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    if jobs.under_way("upkeep") is None:  # of any shop: they share the tables
        jobs.queue("upkeep", shop=shop_of(request), now=clock_of(request).now(), by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("排上了，后台马上做"))
    return redirect("settings_upkeep")
