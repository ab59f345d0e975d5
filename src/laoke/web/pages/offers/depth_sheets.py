"""A backtest as a workbook: a sheet for each thing that its page shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from laoke.campaigns.plan_comparisons import title_of
from laoke.promotions.deepening import MOST_LOSING, Depth
from laoke.promotions.depth.thresholds import steps_of
from laoke.promotions.models import Backtest
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.charts.backtests import order_values_table, pairs_table, steps_table
from laoke.web.pages.offers.depth import depth_view, history_table, losing_table
from laoke.web.pages.offers.depth_words import by_layer, lift_text, notes


def workbook(
    request: HttpRequest, one: Backtest, depth: Depth | None, per_offer: ui.Table, now: datetime
) -> HttpResponse:
    """The file; who took it along is written down."""
    pages = [(gettext("总数"), _sums(one, depth, now)), (gettext("每个优惠"), per_offer)]
    if (layers := by_layer(one)) is not None:
        pages.append((gettext("每一层"), layers))
    if depth is not None:
        view, fill = depth_view(one, depth, None, now), depth.fill_up
        if fill is not None:
            pages.append((gettext("门槛"), steps_table(steps_of(depth.values, fill), "")))
        if (grid := depth.pairs) is not None:
            pages.append((gettext("门槛和减多少"), pairs_table(grid.pairs, "")))
        pages += [
            (name, table)
            for name, table in (
                (gettext("方案里的门槛"), view.own_steps),
                (gettext("换个假设"), view.robust),
                (gettext("换个假设，门槛和减多少"), view.pairs.firm if view.pairs is not None else None),
            )
            if table is not None
        ]
        first = next(iter(depth.facts["steps"]), depth.values.middle_cents or 0)
        pages.append(
            (gettext("订单金额"), order_values_table(depth.values, first, depth.assumed.reach * 100))
        )
        pages.append((gettext("优惠叠在一起"), view.combinations))
        pages.append((gettext("新客老客"), history_table(depth)))
        if view.segments is not None:
            pages.append((gettext("人群"), view.segments))
        pages.append((gettext("会亏的订单"), losing_table(one, depth, MOST_LOSING)))
    return sheets.book(request, pages, gettext("回放 %(name)s") % {"name": title_of(one)[:60]})


def _sums(one: Backtest, depth: Depth | None, now: datetime) -> ui.Table:
    result = one.result
    lines: list[tuple[str, Any]] = [
        (gettext("日子"), figures.day_range(one.period_from, one.period_to, now)),
        (gettext("订单"), figures.exact(result["orders"])),
        (gettext("被优惠到的订单"), figures.exact(result["discounted_orders"])),
        (gettext("让利（元）"), figures.cents(result["discount_cents"])),
        (gettext("当时成交（元）"), figures.cents(result["revenue_before_cents"])),
        (gettext("成交（元）"), figures.cents(result["revenue_after_cents"])),
        (gettext("成本已知的订单"), figures.exact(result["cost_known_orders"])),
        (gettext("当时毛利（元）"), figures.cents(result["margin_before_cents"])),
        (gettext("毛利（元）"), figures.cents(result["margin_after_cents"])),
    ]
    if depth is not None:
        net, assumed = depth.facts["net"], depth.assumed
        lines += [
            (gettext("平台扣点（%）"), figures.wan(depth.facts["terms"]["fee_bp"] / 100, 2)),
            (gettext("每单要贴的运费（元）"), figures.cents(depth.facts["terms"]["postage_cents"])),
            (
                gettext("不打折的净利（元）"),
                figures.cents(net["listed_net_cents"] if net["orders"] else None),
            ),
            (gettext("当时净利（元）"), figures.cents(net["paid_net_cents"] if net["orders"] else None)),
            (gettext("净利（元）"), figures.cents(net["after_net_cents"] if net["orders"] else None)),
            (gettext("要多卖才回本，和不打折比"), lift_text(depth.break_even("listed"))),
            (gettext("要多卖才回本，和当时比"), lift_text(depth.break_even("paid"))),
            (gettext("假设：减多少（元）"), figures.cents(depth.off_cents)),
            (gettext("假设：差多少算差一点（%）"), figures.exact(assumed.reach)),
            (gettext("假设：大概多少人凑单（%）"), figures.exact(assumed.likely)),
            (gettext("假设：最少多少人凑单（%）"), figures.exact(assumed.low)),
            (gettext("假设：最多多少人凑单（%）"), figures.exact(assumed.high)),
            (gettext("假设：减得多，凑单的人跟着多多少（%）"), figures.exact(assumed.follow)),
        ]
    lines += [(gettext("说明"), text) for text in notes(one)]
    return ui.Table(
        [ui.Column("what", gettext("指标")), ui.Column("figure", gettext("数"), "num")],
        [ui.Row([label, value]) for label, value in lines],
    )
