"""What comes from new buyers and what from returning ones, and from which category people go on to which."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from laoke.insights import buying
from laoke.insights.buying import OTHERS, Newness, Transition, gathered
from laoke.insights.repurchase import month_name
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed
from laoke.web.charts.analysis import newness_bars, transition_flows
from laoke.web.components.base import Words
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import LOOKS, Asked, Figures, View, respond
from laoke.web.pages.overview.periods import day_number

MOST_CATEGORIES, SHOWN = 8, 20
Months = dict[int, dict[str, Newness]]


@allowed(*LOOKS)
def page(request: HttpRequest) -> HttpResponse:
    """New and returning buyers."""
    return respond(request, VIEW)


def _figures(asked: Asked) -> Figures:
    months = buying.newness(asked.reading.reader, asked.shop.pk, **asked.span.params())
    return Figures(_kpis(months), [_months(months, asked)])


def _later(asked: Asked) -> list[Block]:
    found = buying.transitions(
        asked.reading.reader, asked.shop.pk, **asked.span.params(), as_of_day=day_number(asked.last)
    )
    return [_transitions(found, asked)]


def _sum(months: Months, kind: str, what: str) -> int:
    return sum(getattr(kinds[kind], what) for kinds in months.values() if kind in kinds)


def _kpis(months: Months) -> ui.Kpis:
    net = {kind: _sum(months, kind, "net_cents") for kind in buying.KINDS}
    orders = {kind: _sum(months, kind, "orders") for kind in buying.KINDS}
    known = net["new"] + net["returning"]

    def each(kind: str) -> figures.Amount:
        return figures.Amount.money(net[kind] // orders[kind] if orders[kind] else None)

    note = gettext("没有客户的 %(net)s 不在里面") % {"net": figures.yuan_short(net["unknown"])}
    return ui.Kpis(
        [
            ui.Kpi(
                _("老客的净付占"), figures.Amount.share(net["returning"] / known if known > 0 else None),
                note=note if net["unknown"] else "",
            ),
            ui.Kpi(_("老客的单数"), figures.Amount.count(orders["returning"], _("单"))),
            ui.Kpi(_("老客每单净付"), each("returning")),
            ui.Kpi(_("新客每单净付"), each("new")),
        ]
    )  # fmt: skip


def _months(months: Months, asked: Asked) -> Block:
    numbers = list(range(min(months), max(months) + 1)) if months else []
    names = [month_name(number) for number in numbers]
    rows = [_month_row(number, months.get(number, {})) for number in reversed(numbers)]
    columns = [
        ui.Column("month", _("月份"), "nowrap"),
        ui.Column("new", _("新客净付（元）"), "num"),
        ui.Column("returning", _("老客净付（元）"), "num"),
        ui.Column("unknown", _("没有客户（元）"), "num", priority=3),
        ui.Column("share", _("老客占"), "num"),
        ui.Column("new_buyers", _("新客人数"), "num", priority=2),
        ui.Column("old_buyers", _("老客人数"), "num", priority=2),
    ]
    found = {
        kind: [months[at][kind].net_cents if kind in months.get(at, {}) else 0 for at in numbers]
        for kind in buying.KINDS
    }
    option = newness_bars(names, found["returning"], found["new"], found["unknown"])
    items: list[tuple[Words, str, str]] = [
        (pgettext("buyers", "老客"), "c1", ""), (pgettext("buyers", "新客"), "c1-soft", ""),
    ]  # fmt: skip
    if any(found["unknown"]):
        items.append((_("没有客户"), "c8", ""))
    foot = gettext("新客是数据里第一次买的那天；数据从 %(day)s 开始，更早的老客那时也算新客") % {
        "day": figures.day(asked.first_known, asked.now)
    }
    return Block(
        "months", _("新客和老客每月的净付"),
        ui.Table(columns, rows, caption=_("新客和老客每月的净付"), cards=False), option,
        label=_("每个月的净付，分新客和老客"), legend=ui.Legend(items), foot=foot,
        empty=None if months else ui.Empty(_("这些天没有付款的单")),
    )  # fmt: skip


def _month_row(number: int, kinds: dict[str, Newness]) -> ui.Row:
    zero = Newness(number, "", 0, 0, 0, 0)
    new, old, unknown = (kinds.get(kind, zero) for kind in buying.KINDS)
    known = new.net_cents + old.net_cents
    share = figures.percent(old.net_cents / known) if known > 0 else ""
    money = [figures.cents(one.net_cents) for one in (new, old, unknown)]
    return ui.Row([month_name(number), *money, share, new.buyers, old.buyers])


def category_name(name: str | None) -> Words:
    """A category as people read it."""
    if name is None:
        return _("还没再买")
    return {"": _("没有类目"), OTHERS: _("其他类目")}.get(name, name)


def _transitions(found: Sequence[Transition], asked: Asked) -> Block:
    by_source: dict[str, int] = {}
    back: dict[str, int] = {}
    for one in found:
        by_source[one.source] = by_source.get(one.source, 0) + one.persons
        back[one.source] = back.get(one.source, 0) + (one.persons if one.target is not None else 0)

    def table(shown: Sequence[Transition]) -> ui.Table:
        rows = [
            ui.Row(
                [
                    category_name(one.source), category_name(one.target), one.persons,
                    figures.percent(one.persons / by_source[one.source]),
                    figures.percent(one.persons / back[one.source])
                    if one.target is not None and back[one.source] else "",
                ]
            )
            for one in shown
        ]  # fmt: skip
        columns = [
            ui.Column("from", _("第一次买的")),
            ui.Column("to", _("第二次买的")),
            ui.Column("persons", _("人数"), "num", card="end"),
            ui.Column("share", _("占第一次买它的人"), "num"),
            ui.Column("share_back", _("占再买的人"), "num"),
        ]
        return ui.Table(columns, rows, caption=_("从哪类到哪类"))

    ranked = sorted(found, key=lambda one: (-one.persons, one.source, one.target or ""))
    drawn = [one for one in gathered(found, MOST_CATEGORIES) if one.target is not None]
    known = any(one.source or one.target for one in found)
    first = sum(by_source.values())
    sub = ngettext(
        "这些天里第一次买的 %(n)s 人，看到 %(day)s", "这些天里第一次买的 %(n)s 人，看到 %(day)s", first
    ) % {"n": figures.exact(first), "day": figures.day(asked.last, asked.now)}
    empty = None
    if not known:
        empty = ui.Empty(_("商品还没有类目"), _("导入商品资料和商品行，就能看到从哪类走到哪类。"))
    elif not drawn:
        empty = ui.Empty(_("还没有人买第二次"))
    return Block(
        "transitions", _("从哪类到哪类"), table(ranked[:SHOWN]),
        transition_flows([(category_name(one.source), category_name(one.target), one.persons) for one in drawn]),
        label=_("第一次和第二次买的类目，线的粗细是人数"), sub=sub, size="lg", empty=empty, whole=lambda: table(ranked),
        foot=gettext("左边是第一次买的，右边是第二次。一天买了几类，按花钱最多的那类算；图里不画还没再买的"),
    )  # fmt: skip


VIEW = View("analysis_returning", _("新客老客"), _figures, _later)
