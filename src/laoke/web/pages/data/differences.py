"""The view of one comparison: every order or day on which two sources of the same money differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from laoke.insights.data_health import (
    COMPARISONS,
    Difference,
    comparison,
    differences_after,
    differences_before,
)
from laoke.insights.data_health import differences as places
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.warehouse.engine import Reader
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.pages.data.views import SEES
from laoke.web.pages.data.words import COMPARED

PAGE_ROWS = 100
BY_DAY = "shop_days_against_orders"


@dataclass(frozen=True)
class DifferencesPage:
    """Where two sources differ."""

    title: str
    advice: str
    facts: list[str]
    table: ui.Table
    export: str


@allowed(*SEES)
@require_GET
def differences(request: HttpRequest, name: str) -> HttpResponse:
    if name not in COMPARISONS:
        raise Http404
    shop, entry = shop_of(request), catalog.current()
    reader = Reader(settings.PLACE.warehouse, entry.versions if entry else {})
    found = comparison(shop, reader, name)
    words = COMPARED[name]
    columns = _columns(name)
    if sheets.wanted(request):
        rows = (_row(name, one, one.day.isoformat()) for one in places(shop, reader, name, sheets.MOST_ROWS))
        return sheets.sheet(request, columns, rows, str(words.title))
    now = clock_of(request).now()
    shown = _page(request, shop, reader, name)
    count = ngettext("共 %(n)s 处", "共 %(n)s 处", found.count) % {"n": figures.exact(found.count)}
    table = ui.Table(
        columns, [_row(name, one, figures.table_day(one.day, now)) for one in shown.rows], caption=str(words.title),
        empty=ui.Empty(_("都对得上")), tall=True,
        pager=ui.Pager(shown.previous_url, shown.next_url, _("从近到远"), count) if shown.rows else None,
    )  # fmt: skip
    facts = [
        _("%(n)s 处") % {"n": figures.exact(found.count)},
        _("一共差 %(money)s") % {"money": figures.yuan(found.cents)},
    ]
    page = DifferencesPage(
        str(words.title), str(words.advice), facts, table, "?export=xlsx" if found.count else ""
    )
    return render(request, "imports/differences.html", {"page": page})


@dataclass(frozen=True)
class _Page:
    """Some of the differences, the newest first, and the addresses of the pages beside them."""

    rows: list[Difference]
    previous_url: str
    next_url: str


def _page(request: HttpRequest, shop: Shop, reader: Reader, name: str) -> _Page:
    """The page that the address asks for; a place that nobody can read is the first page."""
    query = request.GET.urlencode()

    def link(key: str, row: Difference) -> str:
        place = {"after": None, "before": None, key: f"{row.day.isoformat()}|{row.order_id}"}
        return ui.query_with(query, **place)

    after, before = _place(request, "after"), _place(request, "before")
    if before is not None:
        rows = differences_before(shop, reader, name, PAGE_ROWS + 1, before)
        if len(rows) > PAGE_ROWS:
            rows = rows[1:]
            return _Page(rows, link("before", rows[0]), link("after", rows[-1]))
        # What stands before is no more than a page: the first page holds all of it.
        after = None
    if after is None:
        rows = list(places(shop, reader, name, PAGE_ROWS + 1))
    else:
        rows = differences_after(shop, reader, name, PAGE_ROWS + 1, after)
    following = link("after", rows[PAGE_ROWS - 1]) if len(rows) > PAGE_ROWS else ""
    rows = rows[:PAGE_ROWS]
    return _Page(rows, link("before", rows[0]) if after and rows else "", following)


def _place(request: HttpRequest, key: str) -> tuple[date, str] | None:
    day, _separator, order_id = request.GET.get(key, "").partition("|")
    try:
        return date.fromisoformat(day), order_id.replace("\0", "")
    except ValueError:
        return None


def _columns(name: str) -> list[ui.Column]:
    words = COMPARED[name]
    by_day = name == BY_DAY
    order = [] if by_day else [ui.Column("order", _("订单编号"), "nowrap")]
    return [
        *order,
        ui.Column("day", _("哪天"), "nowrap", card="" if by_day else "end"),
        ui.Column("left", _("%(what)s（元）") % {"what": words.left}, "num", label_on_card=words.left),
        ui.Column("right", _("%(what)s（元）") % {"what": words.right}, "num", label_on_card=words.right),
        ui.Column("difference", _("差（元）"), "num", label_on_card=_("差")),
    ]


def _row(name: str, one: Difference, day: str) -> ui.Row:
    order = [] if name == BY_DAY else [one.order_id]
    money = [figures.cents(cents) for cents in (one.left_cents, one.right_cents, one.cents)]
    return ui.Row([*order, day, *money])
