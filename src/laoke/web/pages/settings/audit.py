"""Views of the audit trail: who did what, and whether the chain of its hashes is whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from laoke.shops import audit, sheets
from laoke.shops.joins import clauses
from laoke.shops.models import AuditEvent
from laoke.web import components as ui
from laoke.web import figures, lists
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.downloads import PassingFile
from laoke.web.pages.settings.acts import act_name
from laoke.web.pages.settings.tabs import AUDITS, tabs

SHA256_LETTERS = 64  # a whole digest says no more to people than its beginning


@dataclass(frozen=True)
class AuditPage:
    """The trail of one shop, the newest first."""

    tabs: ui.Tabs
    table: ui.Table
    filters: ui.Filters
    check: ui.Action
    anchor: ui.Action


def _found(request: HttpRequest) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(shop=shop_of(request)).order_by("-pk")
    search, act = lists.searched(request), request.GET.get("act", "").replace("\0", "")
    if search:
        rows = rows.filter(actor_name__icontains=search) | rows.filter(subject__icontains=search)
    if act:
        rows = rows.filter(act=act)
    return rows.order_by("-pk")


@allowed(*AUDITS)
@require_GET
def audit_page(request: HttpRequest) -> HttpResponse:
    now, query = clock_of(request).now(), request.GET.urlencode()
    act = request.GET.get("act", "")
    rows = _found(request)
    listing = lists.Listing(
        _("审计"),
        rows,
        ("-pk",),
        [
            ui.Column("at", _("时间"), "nowrap"),
            ui.Column("who", _("谁"), "nowrap", card="end"),
            ui.Column("act", _("做了什么"), "nowrap"),
            ui.Column("subject", _("对象"), "wrap", card="wide"),
            ui.Column("count", _("数量"), "num", card="end"),
            ui.Column("detail", _("细节"), "wrap", priority=3, card="hide"),
        ],
        lines=lambda found: [_row(event, now, query) for event in found],
    )
    count = rows.count()
    chips = []
    if act:
        chips.append(ui.Chip(_("做了什么"), act_name(act), lists.without_place(request, act=None)))
    filters = lists.filters(request, _("谁、对象"), count=count, keep=("act",), chips=chips)
    page = AuditPage(
        tabs(request, "settings_audit"),
        listing.table(
            listing.found(request),
            request,
            empty=ui.FilteredOut(_("没有这样的记录")),
            order=_("最近的在前"),
            count=_("共 %(n)s 条") % {"n": figures.exact(count)},
            target="#list",
        ),
        replace(filters, export="export.xlsx" + ui.query_with(query, after=None, before=None)),
        ui.Action(_("核对完整"), "check/", method="post"),
        ui.Action(_("留锚点"), "anchor/", icon="download", method="post"),
    )
    part = "settings/parts/audit_list.html" if request.htmx else "settings/audit.html"  # type: ignore[attr-defined]
    return render(request, part, {"page": page})


def _row(event: AuditEvent, now: datetime, query: str) -> ui.Row:
    url = ui.query_with(query, act=event.act, after=None, before=None)
    return ui.Row(
        [
            figures.when(event.at, now),
            event.actor_name,
            ui.Cell(act_name(event.act), url=url),
            event.subject,
            event.count or "",
            ui.Cell(_detail(event.detail), tone="muted"),
        ]
    )


def _detail(detail: dict[str, Any]) -> str:
    text = clauses(f"{name} {_plain(value)}" for name, value in detail.items())
    return text if len(text) <= 160 else f"{text[:160]}…"


def _plain(value: Any) -> str:
    if isinstance(value, str) and len(value) == SHA256_LETTERS:
        return f"{value[:12]}…"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


@allowed(*AUDITS)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    found = audit.verify()
    if found.broken is None:
        messages.success(request, _("审计链完整，一条都没有被改过"))
    else:
        text = _("从第 %(n)s 条（%(at)s）起对不上：有记录被改过或删掉") % {
            "n": found.broken.pk,
            "at": f"{found.broken.at:%Y-%m-%d %H:%M}",
        }
        messages.error(request, text)
    return redirect("settings_audit")


@allowed(*AUDITS)
@require_POST
def anchor(request: HttpRequest) -> HttpResponse:
    """The head of the trail as a file to keep elsewhere: it shows later whether rows were cut off."""
    now = clock_of(request).now()
    taken = audit.take_anchor(shop=shop_of(request), actor=request.user, at=now)  # type: ignore[arg-type]
    answer = HttpResponse(taken.as_text(), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="laoke-audit-{now:%Y%m%d-%H%M}.json"'
    return answer


@allowed(*AUDITS)
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Every row that is asked for; more than a worksheet holds are refused with both figures, never cut off."""
    shop, now = shop_of(request), clock_of(request).now()
    count = _found(request).count()
    if count > sheets.MAX_ROWS:
        said = _("有 %(n)s 行，一次最多导出 %(most)s 行。加个条件再导出")
        messages.error(request, said % {"n": figures.exact(count), "most": figures.exact(sheets.MAX_ROWS)})
        return redirect(
            reverse("settings_audit") + ui.query_with(request.GET.urlencode(), after=None, before=None)
        )
    header = [_("时间"), _("谁"), _("做了什么"), _("对象"), _("数量"), _("细节"), _("校验值")]
    rows = (
        [
            event.at,
            event.actor_name,
            act_name(event.act),
            event.subject,
            event.count,
            _detail(event.detail),
            event.hash,
        ]
        for event in _found(request).iterator(chunk_size=2000)
    )
    settings.PLACE.exports.mkdir(parents=True, exist_ok=True)
    path = settings.PLACE.exports / f"audit-{shop.pk}-{now:%Y%m%d%H%M%S%f}.xlsx"
    written = sheets.write_xlsx(path, header, rows, sheet=_("审计"))
    audit.record(
        "audit.export", shop=shop, actor=request.user, at=now, count=written.rows, sha256=written.sha256  # type: ignore[arg-type]
    )  # fmt: skip
    return PassingFile(path, f"{_('审计')}-{now:%Y%m%d}.xlsx")
