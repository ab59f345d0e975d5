"""Where buyers are and what they spend there."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.insights import regions
from laoke.insights.regions import Region, Regions
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed
from laoke.web.charts.analysis import region_bars
from laoke.web.components.base import Words
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import LOOKS, Asked, Figures, View, respond

BARS, SHOWN = 12, 30


@allowed(*LOOKS)
def page(request: HttpRequest) -> HttpResponse:
    """Regions."""
    return respond(request, VIEW)


def _figures(asked: Asked) -> Figures:
    found = regions.regions(asked.reading.reader, asked.shop.pk, **asked.span.params())
    total = found.net_cents
    blocks = [
        _places("provinces", _("省份"), found.provinces, total, by_city=False),
        _places("cities", _("城市"), found.cities, total, by_city=True),
    ]
    return Figures(_kpis(found), blocks)


def _kpis(found: Regions) -> ui.Kpis:
    known = [one for one in found.provinces if one.province]
    cities = [one for one in found.cities if one.city]
    unknown = sum(one.net_cents for one in found.provinces if not one.province)
    first = known[0] if known else None
    share = figures.percent(first.net_cents / found.net_cents) if first and found.net_cents > 0 else ""
    dearest = max((one for one in known if one.buyers >= regions.FEW), key=_each, default=None)
    return ui.Kpis(
        [
            ui.Kpi(
                _("净付最多的省份"), first.province if first else "—",
                note=gettext("占 %(share)s") % {"share": share} if share else "",
            ),
            ui.Kpi(
                _("每位买家净付最多"), dearest.province if dearest else "—",
                note=figures.yuan(dearest.cents_per_buyer) if dearest else gettext("买家还太少"),
                hint=gettext("至少 %(n)s 位买家的省份里") % {"n": regions.FEW},
            ),
            ui.Kpi(_("有买家的城市"), figures.Amount.count(len(cities))),
            ui.Kpi(
                _("不知道哪里的净付"),
                figures.Amount.share(unknown / found.net_cents if found.net_cents > 0 else None),
            ),
        ]
    )  # fmt: skip


def _each(one: Region) -> int:
    return one.cents_per_buyer or 0


def _places(id: str, title: Words, found: Sequence[Region], total: int, *, by_city: bool) -> Block:
    def table(shown: Sequence[Region]) -> ui.Table:
        rows = [_row(one, total, by_city=by_city) for one in shown]
        return ui.Table(_columns(title, by_city=by_city), rows, caption=title)

    shown = [one for one in found if _name(one, by_city=by_city)][:BARS]
    option = region_bars(
        [_name(one, by_city=by_city) for one in shown], [one.net_cents for one in shown], _("净付")
    )
    sub = gettext("净付最多的 %(n)s 个") % {"n": len(shown)}
    foot = ""
    if len(found) > SHOWN:
        foot = gettext("表里是前 %(shown)s 个，共 %(n)s 个") % {
            "shown": SHOWN,
            "n": figures.exact(len(found)),
        }
    empty = None if shown else ui.Empty(_("这些天的单没有写地方"), _("导出时带上收货地址，就能看到。"))
    return Block(
        id, title, table(found[:SHOWN]), option, label=gettext("各地的净付，从多到少"), sub=sub, size="lg", foot=foot,
        empty=empty, cls="c6", whole=lambda: table(found),
    )  # fmt: skip


def _name(one: Region, *, by_city: bool) -> str:
    return one.city if by_city else one.province


def _columns(title: Words, *, by_city: bool) -> list[ui.Column]:
    place = [ui.Column("place", title)]
    if by_city:
        place.append(ui.Column("province", _("省份"), "nowrap", priority=2, card="hide"))
    return [
        *place,
        ui.Column("buyers", _("买家"), "num", card="end"),
        ui.Column("orders", _("单数"), "num", priority=2, card="hide"),
        ui.Column("net", _("净付（元）"), "num", label_on_card="¥"),
        ui.Column("share", _("占净付"), "num"),
        ui.Column("each", _("每位买家（元）"), "num", priority=2, card="hide"),
    ]


def _row(one: Region, total: int, *, by_city: bool) -> ui.Row:
    name: Words = _name(one, by_city=by_city) or _("不知道")
    place: list[Words] = [name]
    if by_city:
        place.append(one.province)
    url = ""
    if by_city and one.city:
        url = f"{reverse('customers')}?{urlencode({'province': one.province, 'city': one.city})}"
    elif one.province and not by_city:
        url = f"{reverse('customers')}?{urlencode({'province': one.province})}"
    share = figures.percent(one.net_cents / total) if total > 0 else ""
    each = figures.cents(one.cents_per_buyer)
    return ui.Row([*place, one.buyers, one.orders, figures.cents(one.net_cents), share, each], url=url)


VIEW = View("analysis_regions", _("地区"), _figures)
