"""Views of what cannot be brought together: orders that facts wait for, and orders that name no buyer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from laoke.insights.data_health import (
    WAITS,
    Awaited,
    NamelessMonth,
    awaited,
    awaited_after,
    awaited_before,
    nameless_months,
    wait_span,
)
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.warehouse.engine import Reader
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.numbers import row_number
from laoke.web.pages.data.views import SEES
from laoke.web.pages.data.words import WAITING
from laoke.web.pages.orders.words import order_url

PAGE_ROWS = 100
# Of these the page of an order tells what has come of it already.
TOLD_BY_ORDER = ("refunds_without_order", "shipments_without_order", "reviews_without_order")


@dataclass(frozen=True)
class WaitsPage:
    """What waits for what, since when, and what to export."""

    title: str
    advice: str
    facts: list[str]
    table: ui.Table
    export: str


def _reader() -> Reader:
    entry = catalog.current()
    return Reader(settings.PLACE.warehouse, entry.versions if entry else {})


@allowed(*SEES)
@require_GET
def waits(request: HttpRequest, name: str) -> HttpResponse:
    """The orders that facts of one kind wait for, the newest first."""
    if name not in WAITS:
        raise Http404
    shop, reader, now = shop_of(request), _reader(), clock_of(request).now()
    title, advice = WAITING[name]
    columns = [
        ui.Column("order", _("订单编号"), "nowrap"),
        ui.Column("day", _("哪天"), "nowrap", card="end"),
        ui.Column("rows", _("行"), "num", label_on_card=_("行")),
    ]
    if sheets.wanted(request):
        found = awaited(shop, reader, name, sheets.MOST_ROWS)
        lines = (
            ui.Row([one.order_id, one.day.isoformat() if one.day else "", figures.exact(one.rows)])
            for one in found
        )
        return sheets.sheet(request, columns, lines, str(title))
    span = wait_span(shop, reader, name)
    shown = _page(request, shop, reader, name)
    count = ngettext("共 %(n)s 单", "共 %(n)s 单", span.orders) % {"n": figures.exact(span.orders)}
    table = ui.Table(
        columns, [_row(name, one, now) for one in shown.rows], caption=str(title),
        empty=ui.Empty(_("都对上了")), tall=True,
        pager=ui.Pager(shown.previous_url, shown.next_url, _("从近到远"), count) if shown.rows else None,
    )  # fmt: skip
    facts = [_("%(n)s 单") % {"n": figures.exact(span.orders)}]
    if span.first:
        facts.append(_("说的是 %(range)s") % {"range": figures.day_range(span.first, span.last, now)})
    if span.orders > sheets.MOST_ROWS:
        facts.append(_("导出的是最近的 %(n)s 单") % {"n": figures.exact(sheets.MOST_ROWS)})
    page = WaitsPage(str(title), str(advice), facts, table, "?export=xlsx" if span.orders else "")
    return render(request, "imports/differences.html", {"page": page})


def _row(name: str, one: Awaited, now: datetime) -> ui.Row:
    url = order_url(one.order_id) if name in TOLD_BY_ORDER else ""
    day = figures.table_day(one.day, now) if one.day else figures.NOTHING
    return ui.Row([one.order_id, day, figures.exact(one.rows)], url=url, name=one.order_id)


def _page(request: HttpRequest, shop: Shop, reader: Reader, name: str) -> lists.Found[Awaited]:
    """The page that the address asks for; a place that nobody can read is the first page."""

    def on(place: tuple[int, str] | None, most: int) -> list[Awaited]:
        if place is None:
            return list(awaited(shop, reader, name, most))
        return awaited_after(shop, reader, name, most, place)

    return lists.found_page(
        request, PAGE_ROWS, _place(request, "after"), _place(request, "before"), on=on,
        back=lambda place, most: awaited_before(shop, reader, name, most, place),
        mark=lambda one: f"{one.day_number + 1}|{one.order_id}",
    )  # fmt: skip


def _place(request: HttpRequest, key: str) -> tuple[int, str] | None:
    """The address counts days from one later: its numbers are never below zero."""
    day, _separator, order_id = request.GET.get(key, "").partition("|")
    number = row_number(day)
    return None if number is None else (number - 1, order_id.replace("\0", ""))


@allowed(*SEES)
@require_GET
def nameless(request: HttpRequest) -> HttpResponse:
    """Orders that name no buyer, month by month: since when the exports carry no key."""
    found = nameless_months(shop_of(request), _reader())
    title, advice = WAITING["orders_without_customer"]
    table = ui.Table(
        [
            ui.Column("month", _("下单的月份"), "nowrap"),
            ui.Column("nameless", _("没有买家的"), "num", card="end", label_on_card=_("没有买家的")),
            ui.Column("orders", _("全部订单"), "num", label_on_card=_("全部订单")),
            ui.Column("share", _("占比"), "num", label_on_card=_("占比")),
            ui.Column("money", _("没有买家的实付（元）"), "num", label_on_card=_("实付")),
            ui.Column("all", _("全部实付（元）"), "num", priority=2, card="hide"),
        ],
        [_month(one) for one in found],
        caption=str(title), empty=ui.Empty(_("每一单都认得出是谁买的")), tall=True,
    )  # fmt: skip
    if sheets.wanted(request):
        return sheets.sheet(request, table.columns, table.rows, str(title))
    facts = [
        _("%(n)s 单") % {"n": figures.exact(sum(one.nameless for one in found))},
        _("实付 %(money)s") % {"money": figures.yuan(sum(one.nameless_cents for one in found))},
    ]
    page = WaitsPage(str(title), str(advice), facts, table, "?export=xlsx" if found else "")
    return render(request, "imports/differences.html", {"page": page})


def _month(one: NamelessMonth) -> ui.Row:
    return ui.Row(
        [
            one.month,
            figures.exact(one.nameless),
            figures.exact(one.orders),
            figures.percent(one.nameless / one.orders),
            figures.cents(one.nameless_cents),
            figures.cents(one.paid_cents),
        ]
    )
