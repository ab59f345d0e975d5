"""How much comes from how few, and in which steps people spend."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.insights import concentration
from laoke.insights.concentration import STEPS, GoodsMoney, Pareto, StageSpending
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed
from laoke.web.charts.analysis import pareto_lines, step_map
from laoke.web.components.base import Words
from laoke.web.components.tables import CellValue
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import LOOKS, Asked, Figures, View, respond
from laoke.web.pages.customers.words import LIFECYCLES

MARKS = (1, 5, 10, 20, 30, 50, 80, 100)
GOODS_SHOWN, MOST_GOODS = 20, 5_000


@allowed(*LOOKS)
def page(request: HttpRequest) -> HttpResponse:
    """Concentration of buyers and goods, and steps of spending."""
    return respond(request, VIEW)


def _figures(asked: Asked) -> Figures:
    found = concentration.pareto(asked.reading.reader, asked.shop.pk, **asked.span.params())
    return Figures(_kpis(found), [_buyers(found)])


def _later(asked: Asked) -> list[Block]:
    reader, shop = asked.reading.reader, asked.shop.pk
    goods = concentration.goods(reader, shop, **asked.span.params(), most=MOST_GOODS)
    return [_goods(goods), _steps(concentration.spending_steps(reader, shop, asked.reading.as_of_day), asked)]


def _kpis(found: Pareto) -> ui.Kpis:
    def share(percent: int) -> figures.Amount:
        best = found.best(percent)
        known = best is not None and found.net_cents > 0
        return figures.Amount.share(best.net_cents / found.net_cents if best and known else None)

    half = found.share_for(0.5)
    each = found.net_cents // found.persons if found.persons else None
    return ui.Kpis(
        [
            ui.Kpi(_("前 1% 的买家占净付"), share(1)),
            ui.Kpi(_("前 20% 的买家占净付"), share(20)),
            ui.Kpi(_("一半净付来自"), figures.Amount.share(half, 0), note=gettext("的买家")),
            ui.Kpi(
                _("每位买家净付"), figures.Amount.money(each),
                note=ngettext("%(n)s 位买家", "%(n)s 位买家", found.persons) % {"n": figures.exact(found.persons)},
            ),
        ]
    )  # fmt: skip


def _buyers(found: Pareto) -> Block:
    rows = []
    for percent in MARKS:
        best = found.best(percent)
        if best is None:
            continue
        share = figures.percent(best.net_cents / found.net_cents) if found.net_cents > 0 else ""
        each = figures.cents(best.net_cents // best.persons)
        said = gettext("前 %(n)s%%") % {"n": percent}
        cells: list[CellValue] = [said, best.persons, best.orders, figures.cents(best.net_cents), share, each]
        rows.append(ui.Row([*cells, figures.cents(best.least_cents)]))
    columns = [
        ui.Column("part", _("买家"), "nowrap"),
        ui.Column("persons", _("人数"), "num"),
        ui.Column("orders", _("单数"), "num", priority=2, card="hide"),
        ui.Column("net", _("净付（元）"), "num", label_on_card="¥"),
        ui.Column("share", _("占净付"), "num", card="end"),
        ui.Column("each", _("人均（元）"), "num", priority=2, card="hide"),
        ui.Column("least", _("最后一位（元）"), "num", priority=3, card="hide"),
    ]
    lines = found.cumulated()
    table = ui.Table(columns, rows, caption=_("买家的集中度"))
    return Block(
        "buyers", _("买家的集中度"), table, pareto_lines(lines, _("占净付"), _("人人一样多时")),
        label=_("从花得最多的买家数起，占净付多少"), sub=_("从花得最多的买家数起"), legend=_legend(_("人人一样多时")),
        empty=None if lines else _nothing(),
    )  # fmt: skip


def _goods(goods: Sequence[GoodsMoney]) -> Block:
    total = sum(one.net_cents for one in goods)
    lines = concentration.cumulated([(1, one.net_cents) for one in goods])

    def table(shown: Sequence[GoodsMoney]) -> ui.Table:
        rows, sum_cents = [], 0
        for one in shown:
            sum_cents += one.net_cents
            name = one.title or one.product_id or gettext("没有名称")
            shares = [
                figures.percent(cents / total) if total > 0 else "" for cents in (one.net_cents, sum_cents)
            ]
            cells: list[CellValue] = [
                ui.Cell(name, sub=one.product_id),
                one.orders,
                one.units,
                figures.cents(one.net_cents),
            ]
            rows.append(ui.Row([*cells, *shares]))
        columns = [
            ui.Column("title", pgettext_lazy("one of a list", "商品")),
            ui.Column("orders", _("单数"), "num", priority=2, card="hide"),
            ui.Column("units", _("件数"), "num", priority=2, card="hide"),
            ui.Column("net", _("净付（元）"), "num", label_on_card="¥"),
            ui.Column("share", _("占净付"), "num", card="end"),
            ui.Column("sum", _("累计占"), "num"),
        ]
        return ui.Table(columns, rows, caption=_("商品的集中度"))

    sub = ngettext("%(n)s 款", "%(n)s 款", len(goods)) % {"n": figures.exact(len(goods))}
    if len(goods) > GOODS_SHOWN:
        sub = ngettext("%(n)s 款，表里是前 %(shown)s 款", "%(n)s 款，表里是前 %(shown)s 款", len(goods)) % {
            "n": figures.exact(len(goods)),
            "shown": GOODS_SHOWN,
        }
    foot = gettext("没有商品行的单按订单上的标题算")
    if len(goods) == MOST_GOODS:
        foot = gettext("只数到净付最多的 %(n)s 款") % {"n": figures.exact(MOST_GOODS)}
    return Block(
        "goods", _("商品的集中度"), table(goods[:GOODS_SHOWN]),
        pareto_lines(lines, _("占净付"), _("款款一样多时")),
        label=_("从卖得最多的款数起，占净付多少"), sub=sub, foot=foot, legend=_legend(_("款款一样多时")),
        empty=None if lines else _nothing(), whole=lambda: table(goods),
    )  # fmt: skip


def _legend(even: Words) -> ui.Legend:
    return ui.Legend([(_("占净付"), "c1", "ln"), (even, "c0", "dash")])


def _nothing() -> ui.Empty:
    return ui.Empty(_("这些天没有净付"), _("换一段时间看。"))


def step_names() -> list[str]:
    """What the steps hold, in yuan."""
    edges = [cents // 100 for cents in STEPS]
    between = [f"{low}–{high}" for low, high in pairwise(edges)]
    return [
        gettext("%(n)s 以下") % {"n": edges[0]},
        *between,
        gettext("%(n)s 以上") % {"n": f"{edges[-1]:,}"},
    ]


def _steps(found: Sequence[StageSpending], asked: Asked) -> Block:
    by_stage = {one.lifecycle: one for one in found}
    shown = [by_stage[name] for name in LIFECYCLES if name in by_stage]
    names = step_names()
    columns = [
        ui.Column("stage", _("阶段")),
        ui.Column("persons", _("人数"), "num"),
        *(ui.Column(f"s{at}", name, "num") for at, name in enumerate(names)),
        ui.Column("each", _("人均净付（元）"), "num"),
    ]
    rows = []
    for one in shown:
        each = figures.cents(sum(one.net_cents) // one.total) if one.total else ""
        cells = [ui.Cell(n, title=figures.percent(n / one.total)) for n in one.persons]
        url = f"{reverse('customers')}?lifecycle={one.lifecycle}"
        rows.append(ui.Row([LIFECYCLES[one.lifecycle], one.total, *cells, each], url=url))
    sub = gettext("每次买的净付（元），全部时间，算到 %(day)s") % {
        "day": figures.day(asked.reading.as_of, asked.now)
    }
    foot = gettext("颜色是这个阶段的人里占多少。人最多的档往上半档，是满减的门槛可以放的地方")
    option = step_map([LIFECYCLES[one.lifecycle] for one in shown], names, [one.persons for one in shown])
    return Block(
        "steps", _("各阶段一次花多少"),
        ui.Table(columns, rows, caption=_("各阶段一次花多少"), cards=False, stick_first=True), option,
        label=_("各个生命周期阶段的人一次花多少，分七档"), sub=sub, foot=foot,
        empty=None if shown else ui.Empty(_("还没有付过款的订单")),
    )  # fmt: skip


VIEW = View("analysis_concentration", _("集中度"), _figures, _later)
