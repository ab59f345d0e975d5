"""The items of a price sheet: as a table of the page, as the table behind the chart, as rows of the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, pgettext

from laoke.campaigns.price_columns import ITEM_COLUMNS, ROLE_WORDS
from laoke.promotions.ladder import Item, Priced
from laoke.shops.joins import clauses
from laoke.web import components as ui
from laoke.web import figures, lists
from laoke.web.charts.prices import in_ladder_order
from laoke.web.pages.prices.reading import Reading
from laoke.web.pages.prices.words import BASELINES, rate_text, role_text, warning_text

PAGE_ITEMS = 50


def item_table(request: HttpRequest, reading: Reading, now: datetime, *, may: bool) -> ui.Table:
    """A page of the items in the order of the sheet; each leads to its form for those who may change it."""
    chosen = _chosen(reading, request.GET.get("view", "all"))
    found = lists.found_page(
        request,
        PAGE_ITEMS,
        _place(request, "after"),
        _place(request, "before"),
        on=lambda place, most: [at for at in chosen if place is None or at > place][:most],
        back=lambda place, most: [at for at in chosen if at < place][-most:],
        mark=str,
    )
    return ui.Table(
        _columns(),
        [_row(reading, at, now, may) for at in found.rows],
        caption=gettext("商品"),
        empty=_empty(reading, may),
        pager=ui.Pager(
            found.previous_url,
            found.next_url,
            gettext("照表里的顺序"),
            gettext("共 %(n)s 件") % {"n": figures.exact(len(chosen))},
        ),
    )


def _chosen(reading: Reading, view: str) -> list[int]:
    """Places of the items that a view shows."""
    places = range(len(reading.priced))
    if view == "bad":
        return [at for at in places if reading.is_bad(reading.priced[at])]
    if view == "warned":
        return [at for at in places if reading.warned(reading.priced[at])]
    return list(places)


def _place(request: HttpRequest, key: str) -> int | None:
    text = request.GET.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _empty(reading: Reading, may: bool) -> ui.Empty:
    if reading.priced:
        return ui.FilteredOut(gettext("没有这样的商品"), gettext("看全部"))
    return ui.Empty(
        gettext("表里还没有商品"),
        gettext("加一件，或上传一份 Excel"),
        ui.Action(gettext("加一件"), reverse("price_item_new", args=[reading.sheet.pk]), "primary", "plus")
        if may
        else None,
    )


def _columns() -> list[ui.Column]:
    half, deal = gettext("标价打对折、寄出一件还剩多少"), gettext("开始前 7 天和 30 天里一件卖过的最低价")
    return [
        ui.Column("item", pgettext("one of a list", "商品"), "wrap"),
        ui.Column("role", gettext("角色"), "nowrap", priority=2),
        ui.Column("price", gettext("活动价（元）"), "num", label_on_card=gettext("活动价")),
        ui.Column("cost", gettext("成本（元）"), "num", priority=2, card="hide"),
        ui.Column("margin", gettext("毛利（元）"), "num", label_on_card=gettext("毛利")),
        ui.Column("floor", gettext("底价（元）"), "num", card="hide"),
        ui.Column("half", gettext("半价毛利"), "num", priority=3, card="hide", hint=half),
        ui.Column("deal", gettext("成交低价"), "num", priority=2, card="hide", hint=deal),
        ui.Column("rival", gettext("对手价"), "num", priority=3, card="hide"),
        ui.Column("units", gettext("上次卖"), "num", priority=3, card="hide"),
        ui.Column("warned", gettext("提醒"), "wrap", card="wide"),
    ]  # fmt: skip


def _row(reading: Reading, at: int, now: datetime, may: bool) -> ui.Row:
    one = reading.priced[at]
    item, known = one.item, one.known
    warned = reading.warned(one)
    tone = "bad" if reading.is_bad(one) else "warn" if warned else ""
    rival = known.competitor
    listed = gettext("标价 %(cents)s") % {"cents": figures.cents(item.list_cents)} if item.list_cents else ""
    return ui.Row(
        [
            ui.Cell(item.title or item.product_id, sub=_number(item)),
            ui.Tag(role_text(item.role)) if item.role else "",
            ui.Cell(figures.cents(item.price_cents), sub=listed),
            figures.cents(item.cost_cents) if item.cost_cents is not None else "",
            ui.Cell(
                figures.cents(one.margin_cents),
                sub=figures.percent(one.margin_bp / 10_000) if one.margin_bp is not None else "",
                tone="bad" if one.margin_cents is not None and one.margin_cents < 0 else "",
            ),
            figures.cents(one.floor_cents) if one.floor_cents is not None else "",
            ui.Cell(
                figures.cents(one.half_cents),
                tone="bad" if one.half_cents is not None and one.half_cents < 0 else "",
            ),
            ui.Cell(figures.cents(one.baseline.cents), sub=_deal_note(one, now)),
            ui.Cell(
                figures.cents(rival.price_cents),
                sub=f"{rival.name} {figures.table_day(rival.seen_on, now)}",
                title=rival.source,
            )
            if rival
            else "",
            ui.Cell(figures.exact(known.units), sub=_stock_note(one)) if known.units is not None else "",
            ui.Cell(clauses(map(warning_text, warned)), tone=tone) if warned else "",
        ],
        id=str(at),
        name=item.title,
        url=reverse("price_item", args=[reading.sheet.pk, at]) if may else "",
    )


def _number(item: Item) -> str:
    return " · ".join(filter(None, (item.product_id if item.title else "", item.sku, item.group)))


def _deal_note(one: Priced, now: datetime) -> str:
    """What the price in the cell is, and the lowest of 30 days where that is another."""
    known = one.known
    if one.baseline.kind == "last" and known.last_on is not None:
        return gettext("%(day)s 成交") % {"day": figures.table_day(known.last_on, now)}
    if known.lowest_30_cents is not None and known.lowest_30_cents != known.lowest_7_cents:
        return gettext("30 天 %(cents)s") % {"cents": figures.cents(known.lowest_30_cents)}
    return ""


def _stock_note(one: Priced) -> str:
    stock = one.known.stock
    return "" if stock is None else gettext("库存 %(n)s") % {"n": figures.exact(stock)}


def ladder_table(priced: Sequence[Priced]) -> ui.Table:
    """The figures behind the ladder, in its order."""
    ordered = sorted(priced, key=in_ladder_order)
    return ui.Table(
        columns=[
            ui.Column("item", pgettext("one of a list", "商品")),
            ui.Column("group", gettext("分组"), "nowrap"),
            ui.Column("role", gettext("角色"), "nowrap"),
            ui.Column("price", gettext("活动价（元）"), "num"),
            ui.Column("floor", gettext("底价（元）"), "num"),
            ui.Column("wanted", gettext("想要的毛利率"), "num"),
        ],
        rows=[
            ui.Row(
                [
                    one.item.title or one.item.product_id,
                    one.item.group,
                    role_text(one.item.role),
                    figures.cents(one.item.price_cents),
                    figures.cents(one.floor_cents),
                    rate_text(one.wanted_bp),
                ]
            )
            for one in ordered
        ],
        caption=gettext("价格阶梯"),
        cards=False,
        tall=True,
    )


def file_header() -> list[str]:
    """Heads of the file: first what may be changed, then what is worked out, which reading the file passes over."""
    worked_out = [
        gettext("毛利（元）"), gettext("毛利率（%）"), gettext("底价（元）"), gettext("半价毛利（元）"),
        gettext("7 天最低成交（元）"), gettext("30 天最低成交（元）"), gettext("基准价（元）"), gettext("基准价是"),
        gettext("上次同期卖出（件）"), gettext("库存（件）"), gettext("对手最低价（元）"), gettext("谁家"),
        gettext("哪天看到"), gettext("在哪看到"),
        gettext("提醒"),
    ]  # fmt: skip
    return [*(str(column.head) for column in ITEM_COLUMNS), *worked_out]


def file_row(reading: Reading, one: Priced) -> list[object]:
    """An item as a line of the file."""
    item, known = one.item, one.known
    given = [
        item.product_id, item.sku, item.title, item.group, str(ROLE_WORDS[item.role]) if item.role else "",
        *map(_yuan, (item.list_cents, item.price_cents, item.was_cents, item.cost_cents, item.postage_cents)),
        _yuan(item.fee_bp), _yuan(item.margin_bp),
    ]  # fmt: skip
    rival = known.competitor
    return [
        *given,
        _yuan(one.margin_cents), _yuan(one.margin_bp), _yuan(one.floor_cents), _yuan(one.half_cents),
        _yuan(known.lowest_7_cents), _yuan(known.lowest_30_cents), _yuan(one.baseline.cents),
        str(BASELINES[one.baseline.kind]), known.units, known.stock, _yuan(rival.price_cents if rival else None),
        rival.name if rival else "", rival.seen_on if rival else "", rival.source if rival else "",
        clauses(map(warning_text, reading.warned(one))),
    ]  # fmt: skip


def _yuan(hundredths: int | None) -> float | str:
    """Cents as yuan, ten-thousandths as percent: what a spreadsheet adds up. Two places are exact on the way back."""
    return "" if hundredths is None else hundredths / 100
