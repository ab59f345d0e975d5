"""How much a shop depends on coupons: its orders and money, its people, and who comes back after a first one."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.insights import buying, repurchase
from laoke.insights.buying import CouponHabit, CouponMonth
from laoke.insights.repurchase import Curve, month_name
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed
from laoke.web.charts.analysis import habit_bars, return_curve, share_lines
from laoke.web.components.base import Words
from laoke.web.components.tables import CellValue
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import LOOKS, Asked, Figures, View, respond
from laoke.web.pages.analysis.repurchase import MILESTONES
from laoke.web.pages.overview.periods import day_number

STEPS: tuple[Words, ...] = (
    _("从不用券"),
    _("三分之一以内"),
    _("三分之二以内"),
    _("大多用券"),
    _("次次用券"),
)


@allowed(*LOOKS)
def page(request: HttpRequest) -> HttpResponse:
    """Coupon dependence."""
    return respond(request, VIEW)


def _figures(asked: Asked) -> Figures:
    reader, shop = asked.reading.reader, asked.shop.pk
    months = buying.coupon_months(reader, shop, **asked.span.params())
    habits = buying.coupon_habits(reader, shop, **asked.span.params())
    if not any(month.coupon_orders for month in months):
        return Figures(None, [_none(months)])
    return Figures(_kpis(months, habits), [_months(months), _habits(habits)])


def _later(asked: Asked) -> list[Block]:
    waits = repurchase.second_purchases(
        asked.reading.reader, asked.shop.pk, **asked.span.params(), as_of_day=day_number(asked.last)
    )
    if not waits[True]:
        return []
    return [_return(repurchase.curve(waits[True]), repurchase.curve(waits[False]), asked)]


def _none(months: Sequence[CouponMonth]) -> Block:
    """Whoever exports without the coupon's columns has none: that is not the same as nobody using any."""
    orders = sum(month.orders for month in months)
    said = gettext("%(n)s 单里没有一单记着用券。导出里没有优惠券这一列的话，用了也看不出来。") % {
        "n": figures.exact(orders)
    }
    table = ui.Table([], [], empty=ui.Empty(_("没有用券的单"), said))
    return Block("none", _("用券"), table)


def _kpis(months: Sequence[CouponMonth], habits: Sequence[CouponHabit]) -> ui.Kpis:
    orders, net = sum(one.orders for one in months), sum(one.net_cents for one in months)
    with_coupon = sum(one.coupon_orders for one in months)
    coupon_net = sum(one.coupon_net_cents for one in months)
    several = sum(one.persons for one in habits if one.several)
    always = sum(one.persons for one in habits if one.several and one.step == buying.COUPON_STEPS - 1)
    never = sum(one.persons for one in habits if one.several and not one.step)
    note = gettext("买过两单以上的 %(n)s 人里") % {"n": figures.exact(several)}
    return ui.Kpis(
        [
            ui.Kpi(
                _("用券的单占"), figures.Amount.share(with_coupon / orders if orders else None),
                note=gettext("%(n)s 单") % {"n": figures.exact(with_coupon)},
            ),
            ui.Kpi(
                _("用券的净付占"), figures.Amount.share(coupon_net / net if net > 0 else None),
                note=figures.yuan_short(coupon_net),
            ),
            ui.Kpi(_("次次用券的人占"), figures.Amount.share(always / several if several else None), note=note),
            ui.Kpi(_("从不用券的人占"), figures.Amount.share(never / several if several else None), note=note),
        ]
    )  # fmt: skip


def _months(months: Sequence[CouponMonth]) -> Block:
    rows = [
        ui.Row(
            [
                month_name(one.month_no), one.orders, one.coupon_orders,
                figures.percent(one.coupon_orders / one.orders), figures.cents(one.net_cents),
                figures.cents(one.coupon_net_cents),
                figures.percent(one.coupon_net_cents / one.net_cents) if one.net_cents > 0 else "",
            ]
        )
        for one in reversed(months)
    ]  # fmt: skip
    columns = [
        ui.Column("month", _("月份"), "nowrap"),
        ui.Column("orders", _("单数"), "num"),
        ui.Column("coupon", _("用券的单"), "num"),
        ui.Column("share", _("占单数"), "num"),
        ui.Column("net", _("净付（元）"), "num"),
        ui.Column("coupon_net", _("用券的净付（元）"), "num"),
        ui.Column("net_share", _("占净付"), "num"),
    ]
    option = share_lines(
        [month_name(one.month_no) for one in months],
        [
            (_("占单数"), [one.coupon_orders / one.orders for one in months]),
            (
                _("占净付"),
                [one.coupon_net_cents / one.net_cents if one.net_cents > 0 else None for one in months],
            ),
        ],
    )
    legend = ui.Legend([(_("占单数"), "c1", "ln"), (_("占净付"), "c2", "ln")])
    return Block(
        "months", _("每月有多少用券"), ui.Table(columns, rows, caption=_("每月有多少用券"), cards=False), option,
        label=_("每个月用券的单和净付占多少"), legend=legend, cls="c6",
    )  # fmt: skip


def _habits(habits: Sequence[CouponHabit]) -> Block:
    found = {(one.several, one.step): one for one in habits}
    rows = []
    for several in (True, False):
        total = sum(one.persons for one in habits if one.several == several)
        for step, name in enumerate(STEPS):
            one = found.get((several, step), CouponHabit(several, step, 0, 0, 0))
            # Who bought once used a coupon or did not: nothing lies between.
            if not several and 0 < step < len(STEPS) - 1:
                continue
            orders: Words = _("两单以上") if several else _("一单")
            share = figures.percent(one.persons / total) if total else ""
            each = figures.cents(one.net_cents // one.persons) if one.persons else ""
            rows.append(
                ui.Row([name, orders, one.persons, share, one.orders, figures.cents(one.net_cents), each])
            )
    columns = [
        ui.Column("step", _("用券的单占多少")),
        ui.Column("several", _("买过"), "nowrap"),
        ui.Column("persons", _("人数"), "num", card="end"),
        ui.Column("share", _("占这一类的人"), "num"),
        ui.Column("orders", _("单数"), "num", priority=2, card="hide"),
        ui.Column("net", _("净付（元）"), "num", label_on_card="¥"),
        ui.Column("each", _("人均（元）"), "num", priority=2, card="hide"),
    ]
    persons = [found[True, step].persons if (True, step) in found else 0 for step in range(len(STEPS))]
    empty = None if habits else ui.Empty(_("没有知道买家的单"))
    return Block(
        "habits", _("谁离不开券"), ui.Table(columns, rows, caption=_("谁离不开券")),
        habit_bars(STEPS, persons, _("人数")),
        label=_("买过两单以上的人，按用券的单占多少"), sub=_("图里是买过两单以上的人"), empty=empty, cls="c6",
    )  # fmt: skip


def _return(with_coupon: Curve, without: Curve, asked: Asked) -> Block:
    rows = []
    for days in MILESTONES:
        cells: list[CellValue] = [days]
        for one in (with_coupon, without):
            point = one.at(days)
            known = point is not None and point.low is not None and point.high is not None and point.came_back
            cells += [
                figures.percent(point.share) if point else "",
                f"{figures.percent(point.low)} – {figures.percent(point.high)}" if point and known else "",
                one.watched_on(days),
            ]
        rows.append(ui.Row(cells))
    columns = [
        ui.Column("days", _("第一次买后（天）"), "num"),
        ui.Column("with", _("用券的再买"), "num"),
        ui.Column("with_interval", _("95% 区间"), "num"),
        ui.Column("with_watched", _("还在看的人"), "num"),
        ui.Column("without", _("没用券的再买"), "num"),
        ui.Column("without_interval", _("95% 区间"), "num"),
        ui.Column("without_watched", _("还在看的人"), "num"),
    ]
    curves: list[tuple[Words, Curve]] = [(_("第一次用了券"), with_coupon), (_("第一次没用券"), without)]
    sub = gettext("第一次用券的 %(a)s 人，没用的 %(b)s 人，看到 %(day)s") % {
        "a": figures.exact(with_coupon.persons), "b": figures.exact(without.persons),
        "day": figures.day(asked.last, asked.now),
    }  # fmt: skip
    enough = with_coupon.at(1) is not None or without.at(1) is not None
    return Block(
        "return", _("第一次用券的人，后来回不回头"), ui.Table(columns, rows, caption=_("再买的占"), cards=False),
        return_curve(curves), label=_("第一次用券和没用券的人，多少天内再买的占比"), sub=sub,
        legend=ui.Legend([(_("用了券"), "c1", "ln"), (_("没用券"), "c2", "ln")]),
        foot=gettext("两边的人本来就不一样：差别不等于券的作用，要知道作用看活动的对照组"),
        empty=None if enough else ui.Empty(_("第一次买的人还太少"), _("换一段更长的时间看。")),
    )  # fmt: skip


VIEW = View("analysis_coupons", _("用券"), _figures, _later)
