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
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.pages.data.views import SEES
from laoke.web.pages.data.words import COMPARED
from laoke.web.pages.orders.words import order_url

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
    if found.count > sheets.MOST_ROWS:
        facts.append(_("导出的是最近的 %(n)s 处") % {"n": figures.exact(sheets.MOST_ROWS)})
    page = DifferencesPage(
        str(words.title), str(words.advice), facts, table, "?export=xlsx" if found.count else ""
    )
    return render(request, "imports/differences.html", {"page": page})


def _page(request: HttpRequest, shop: Shop, reader: Reader, name: str) -> lists.Found[Difference]:
    """The page that the address asks for; a place that nobody can read is the first page."""

    def on(place: tuple[date, str] | None, most: int) -> list[Difference]:
        if place is None:
            return list(places(shop, reader, name, most))
        return differences_after(shop, reader, name, most, place)

    return lists.found_page(
        request, PAGE_ROWS, _place(request, "after"), _place(request, "before"), on=on,
        back=lambda place, most: differences_before(shop, reader, name, most, place),
        mark=lambda one: f"{one.day.isoformat()}|{one.order_id}",
    )  # fmt: skip


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
    return ui.Row([*order, day, *money], url=order_url(one.order_id) if order else "", name=one.order_id)
