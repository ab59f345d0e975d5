"""The view of one comparison: every order or day on which two sources of the same money differ."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from laoke.insights.data_health import COMPARISONS, Difference, comparison
from laoke.insights.data_health import differences as places
from laoke.shops import catalog
from laoke.warehouse.engine import Reader
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.pages.data.views import SEES
from laoke.web.pages.data.words import COMPARED

MOST_SHOWN = 500
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
    shown = [
        _row(name, one, figures.table_day(one.day, now)) for one in places(shop, reader, name, MOST_SHOWN)
    ]
    table = ui.Table(columns, shown, caption=str(words.title), empty=ui.Empty(_("都对得上")), tall=True)
    facts = [
        _("%(n)s 处") % {"n": figures.exact(found.count)},
        _("一共差 %(money)s") % {"money": figures.yuan(found.cents)},
    ]
    if found.count > MOST_SHOWN:
        facts.append(_("下面是最近的 %(n)s 处，全部的导出看") % {"n": figures.exact(MOST_SHOWN)})
    page = DifferencesPage(
        str(words.title), str(words.advice), facts, table, "?export=xlsx" if found.count else ""
    )
    return render(request, "imports/differences.html", {"page": page})


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
