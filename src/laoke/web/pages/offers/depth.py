"""What one backtest shows beyond its sums: thresholds under assumptions, who meets whom, who gains, what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext

from laoke.money import FULL_BP
from laoke.promotions.backtesting import replayed
from laoke.promotions.deepening import Assumed, Depth
from laoke.promotions.depth.thresholds import (
    FillUp,
    StepFigures,
    best_of,
    own_steps,
    sensitivity,
    step_figures,
    steps_of,
)
from laoke.promotions.facts import day_of
from laoke.promotions.models import Backtest, BacktestDepth
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.backtests import (
    order_values,
    order_values_table,
    shares_by_group,
    step_profit,
    steps_table,
)
from laoke.web.components.base import Words
from laoke.web.pages.offers.depth_forms import AssumedForm
from laoke.web.pages.offers.depth_words import break_even_facts, by_share, names_of
from laoke.web.pages.offers.pairs import PairsView, pairs_view

HISTORIES: dict[str, Words] = {
    "first": gettext_lazy("第一次买"),
    "second": gettext_lazy("买过 1 次"),
    "third_to_fifth": gettext_lazy("买过 2 到 4 次"),
    "later": gettext_lazy("买过 5 次以上"),
    "unknown": gettext_lazy("不知道是谁"),
}
SHOWN_COMBINATIONS = 15
SHOWN_LOSING = 30


@dataclass(frozen=True)
class DepthView:
    """The parts of the page that rest on the facts of a backtest. `form` is None for who may only look."""

    values: ui.ChartCard | None
    profit: ui.ChartCard | None
    no_profit: ui.Notice | None
    best: ui.Notice | None
    own_steps: ui.Table | None
    robust: ui.Table | None
    pairs: PairsView | None
    combinations: ui.Table
    beyond: ui.Notice
    history: ui.ChartCard | None
    segments: ui.Table | None
    losing: ui.Table
    break_even: ui.Facts
    form: AssumedForm | None


def depth_of(one: Backtest) -> Depth | None:
    """The facts of a backtest under what was assumed; None for a refused or an older one."""
    row = BacktestDepth.objects.filter(backtest=one).first()
    return None if row is None else Depth(row.facts, Assumed.read(row.assumed))


def depth_view(one: Backtest, depth: Depth, form: AssumedForm | None, now: datetime) -> DepthView:
    """All parts."""
    fill, values = depth.fill_up, depth.values
    steps = steps_of(values, fill) if fill is not None else []
    shown = _shown_step(depth, steps)
    return DepthView(
        values=_values_card(depth, shown) if shown else None,
        profit=_profit_card(depth, fill, steps) if fill is not None and steps else None,
        no_profit=None if fill is not None else _unknown_rate(),
        best=_best(depth, fill, steps) if fill is not None and steps else None,
        own_steps=_own_steps(one, depth, fill, best_of(steps)) if fill is not None and steps else None,
        robust=_robust(depth, fill) if fill is not None and steps else None,
        pairs=pairs_view(depth) if steps else None,
        combinations=_combinations(one, depth),
        beyond=_beyond(depth),
        history=_history(depth, now),
        segments=_segments(depth),
        losing=losing_table(one, depth, SHOWN_LOSING),
        break_even=break_even_facts(depth),
        form=form,
    )


def initial(depth: Depth) -> dict[str, Any]:
    """What the form of assumptions begins with."""
    return asdict(depth.assumed)


def _shown_step(depth: Depth, steps: Sequence[StepFigures]) -> int:
    """The step that the distribution is coloured by: the best, else the plan's first, else the middle order's edge."""
    best = best_of(steps)
    if best is not None:
        return best.threshold_cents
    own: list[int] = depth.facts["steps"]
    return own[0] if own else depth.values.middle_cents or 0


def _values_card(depth: Depth, threshold_cents: int) -> ui.ChartCard:
    reach = depth.assumed.reach * 100
    return ui.ChartCard(
        "order-values",
        gettext("订单金额：谁够得着门槛"),
        order_values(depth.values, threshold_cents, reach),
        order_values_table(depth.values, threshold_cents, reach),
        gettext("订单按金额的分布，和门槛比"),
        sub=gettext("单品优惠之后，每 %(width)s 元一档，最后一档是更大的单")
        % {"width": depth.values.width_cents // 100},
        legend=ui.Legend(
            [
                (gettext("够不着"), "c0", ""),
                (gettext("差一点"), "c2", ""),
                (gettext("已达到"), "c1", ""),
            ]
        ),
    )


def _profit_card(depth: Depth, fill: FillUp, steps: Sequence[StepFigures]) -> ui.ChartCard:
    return ui.ChartCard(
        "step-profit",
        gettext("减 %(off)s 元，门槛定多少最好") % {"off": figures.exact(fill.off_cents / 100)},
        step_profit(steps),
        steps_table(steps, gettext("每个门槛多赚多少")),
        gettext("每个门槛比没有这一档多赚多少"),
        sub=gettext("比没有这一档多赚，元；带是凑单 %(low)s%% 到 %(high)s%%，都是你的假设，没有量过")
        % {"low": depth.assumed.low, "high": depth.assumed.high},
    )


def _unknown_rate() -> ui.Notice:
    return ui.Notice(
        gettext("没有一单知道成本，不知道多卖一元剩多少。在假设里写上，或者先导入商品成本。"),
        gettext("算不出门槛定多少最好"),
        "warn",
    )


def _best(depth: Depth, fill: FillUp, steps: Sequence[StepFigures]) -> ui.Notice:
    """What the steps say in one sentence, with the assumptions in it."""
    best = best_of(steps)
    assumed = gettext("假设离门槛 %(reach)s%% 以内的人有 %(share)s%% 凑单，多卖一元剩 %(rate)s") % {
        "reach": depth.assumed.reach,
        "share": depth.assumed.likely,
        "rate": figures.percent(fill.rate_bp / FULL_BP),
    }
    off = figures.exact(fill.off_cents / 100)
    if best is None:
        text = gettext(
            "%(assumed)s：哪一档都是让出去的比凑单赚回的多。只有带来更多订单才值得，看要多卖多少才回本。"
        )
        return ui.Notice(
            text % {"assumed": assumed}, gettext("减 %(off)s 元靠凑单赚不回来") % {"off": off}, "warn"
        )
    text = gettext(
        "%(assumed)s：比没有这一档多赚 %(money)s（%(low)s 到 %(high)s）。这是假设的结果，不是量出来的。"
    ) % {
        "assumed": assumed,
        "money": figures.yuan(best.change_cents),
        "low": figures.yuan(best.low_cents),
        "high": figures.yuan(best.high_cents),
    }
    title = gettext("满 %(from)s 减 %(off)s 赚得最多") % {
        "from": figures.exact(best.threshold_cents / 100),
        "off": off,
    }
    return ui.Notice(text, title, "ok" if best.low_cents > 0 else "warn")


def _own_steps(one: Backtest, depth: Depth, fill: FillUp, best: StepFigures | None) -> ui.Table | None:
    """The steps of the plan, each with what it takes off itself, and the best one."""
    wanted = set(own_steps(map(replayed, one.offers)))
    wanted |= {(best.threshold_cents, fill.off_cents)} if best is not None else set()
    asked = sorted((step, off) for step, off in wanted if step > off)
    if not asked:
        return None
    found = [step_figures(depth.values, step, replace(fill, off_cents=off)) for step, off in asked]
    return steps_table(found, gettext("方案里的门槛"), [off for _, off in asked])


def _robust(depth: Depth, fill: FillUp) -> ui.Table:
    """Whether another assumption would choose another step."""
    found = [
        (one.reach_bp, one.share_bp, _best_step(one.best) if one.best else None)
        for one in sensitivity(depth.values, fill)
    ]
    head = ui.Column("reach", gettext("离门槛"))
    return by_share(
        sorted(found, key=itemgetter(0, 1)),
        head,
        gettext("差 %(n)s%% 以内"),
        gettext("换个假设，最好的门槛变不变"),
    )


def _best_step(best: StepFigures) -> ui.Cell:
    name = gettext("满 %(from)s") % {"from": figures.exact(best.threshold_cents / 100)}
    return ui.Cell(name, sub=figures.yuan(best.change_cents))


def _together(names: dict[str, str], offer_ids: Sequence[str]) -> str:
    if not offer_ids:
        return gettext("其他组合")
    return " + ".join(names.get(one, one) for one in offer_ids)


def _combinations(one: Backtest, depth: Depth) -> ui.Table:
    names, limit = names_of(one), depth.assumed.limit
    rows = []
    for found in depth.combinations[:SHOWN_COMBINATIONS]:
        beyond, _cents = found.beyond(limit)
        share = found.discount_cents / found.listed_cents if found.listed_cents else None
        rows.append(
            ui.Row(
                [
                    ui.Cell(_together(names, found.offer_ids)),
                    figures.exact(found.orders),
                    figures.cents(found.discount_cents),
                    figures.percent(share),
                    figures.percent(found.highest_bp / FULL_BP),
                    ui.Cell(figures.exact(beyond), tone="bad" if beyond else ""),
                ]
            )
        )
    return ui.Table(
        [
            ui.Column("offers", gettext("一起用上的优惠")),
            ui.Column("orders", gettext("订单"), "num", label_on_card=gettext("订单")),
            ui.Column("given", gettext("让利（元）"), "num", card="end"),
            ui.Column("share", gettext("平均让"), "num", label_on_card=gettext("平均让")),
            ui.Column("highest", gettext("最多让"), "num", label_on_card=gettext("最多让")),
            ui.Column("beyond", gettext("超过 %(n)s%% 的单") % {"n": limit}, "num", card="hide"),
        ],
        rows,
        caption=gettext("哪些优惠叠在一起"),
        empty=ui.Empty(gettext("没有一单用上优惠")),
    )


def _beyond(depth: Depth) -> ui.Notice:
    """Whether anything went further than the operator wants."""
    limit = depth.assumed.limit
    found = [one.beyond(limit) for one in depth.combinations]
    orders, cents = sum(orders for orders, _ in found), sum(cents for _, cents in found)
    if not orders:
        return ui.Notice(
            gettext("没有一单的优惠加起来超过原价的 %(n)s%%。") % {"n": limit}, gettext("没有叠过头"), "ok"
        )
    text = ngettext(
        "%(n)s 单的优惠加起来超过原价的 %(limit)s%%，共让 %(money)s。看是哪些优惠叠在一起。",
        "%(n)s 单的优惠加起来超过原价的 %(limit)s%%，共让 %(money)s。看是哪些优惠叠在一起。",
        orders,
    )
    return ui.Notice(
        text % {"n": figures.exact(orders), "limit": limit, "money": figures.yuan(cents)},
        gettext("有的单叠过头了"),
        "warn",
    )


def _groups(told: Sequence[dict[str, Any]], given: int, name: Words, caption: str, label: Any) -> ui.Table:
    """Groups of orders; `given` is what the whole backtest took off, of which each has its share."""
    return ui.Table(
        [
            ui.Column("who", name),
            ui.Column("orders", gettext("订单"), "num", label_on_card=gettext("订单")),
            ui.Column("helped", gettext("被优惠到"), "num", label_on_card=gettext("优惠到")),
            ui.Column("given", gettext("让利（元）"), "num", card="end"),
            ui.Column("each", gettext("每单让（元）"), "num", priority=2, card="hide"),
            ui.Column("share", gettext("让掉原价的"), "num", priority=2, card="hide"),
            ui.Column("of_all", gettext("占让利"), "num", card="hide"),
            ui.Column("net", gettext("净利（元）"), "num", priority=2, card="hide"),
        ],
        [
            ui.Row(
                [
                    label(one["key"]),
                    figures.exact(one["orders"]),
                    figures.exact(one["helped"]),
                    figures.cents(one["discount_cents"]),
                    figures.cents(round(one["discount_cents"] / one["orders"])) if one["orders"] else "—",
                    figures.percent(
                        one["discount_cents"] / one["listed_cents"] if one["listed_cents"] else None
                    ),
                    figures.percent(one["discount_cents"] / given if given else None),
                    figures.cents(one["net_cents"]),
                ]
            )
            for one in told
        ],
        caption=caption,
    )


def _given(depth: Depth) -> int:
    """What the backtest took off altogether: every order stands in one group by history."""
    return sum(one["discount_cents"] for one in depth.facts["history"])


def history_table(depth: Depth) -> ui.Table:
    """By how often the buyer had bought before."""
    return _groups(
        depth.facts["history"],
        _given(depth),
        gettext("买家"),
        gettext("让利给了新客还是老客"),
        lambda key: str(HISTORIES[key]),
    )


def _history(depth: Depth, now: datetime) -> ui.ChartCard | None:
    told = depth.facts["history"]
    orders, given = sum(one["orders"] for one in told), _given(depth)
    if not given:
        return None
    since = depth.facts["since_day"]
    sub = gettext("下这一单之前买过几次；店里的订单从 %(day)s 起，更早的不知道") % {
        "day": figures.day(day_of(since), now) if since is not None else "—"
    }
    return ui.ChartCard(
        "history",
        gettext("让利给了新客还是老客"),
        shares_by_group(
            [str(HISTORIES[one["key"]]) for one in told],
            [one["orders"] / orders for one in told],
            [one["discount_cents"] / given for one in told],
        ),
        history_table(depth),
        gettext("新客和老客各占多少订单、多少让利"),
        sub=sub,
        legend=ui.Legend([(gettext("占让利"), "c1", ""), (gettext("占订单"), "c0", "")]),
    )


def _segments(depth: Depth) -> ui.Table | None:
    told = depth.facts["segments"]
    if not told:
        return None
    return _groups(told, _given(depth), gettext("人群"), gettext("哪个人群得了让利"), str)


def losing_table(one: Backtest, depth: Depth, most: int) -> ui.Table:
    """The worst orders with what each is made of."""
    names, net = names_of(one), depth.facts["net"]
    return ui.Table(
        [
            ui.Column("order", pgettext("one of a list", "订单"), "nowrap"),
            ui.Column("listed", gettext("原价（元）"), "num", priority=2, card="hide"),
            ui.Column("after", gettext("应付（元）"), "num", label_on_card=gettext("应付")),
            ui.Column("cost", gettext("货的成本（元）"), "num", label_on_card=gettext("成本")),
            ui.Column("beside", gettext("赠品和免邮（元）"), "num", priority=3, card="hide"),
            ui.Column("fee", gettext("扣点（元）"), "num", priority=3, card="hide"),
            ui.Column("postage", gettext("运费（元）"), "num", priority=3, card="hide"),
            ui.Column("net", gettext("净利（元）"), "num", card="end"),
            ui.Column("offers", gettext("用上的优惠"), "wrap", priority=2, card="wide"),
        ],
        [
            ui.Row(
                [
                    lost["order_id"],
                    figures.cents(lost["listed_cents"]),
                    figures.cents(lost["after_cents"]),
                    figures.cents(lost["cost_cents"]),
                    figures.cents(lost["beside_cents"]),
                    figures.cents(lost["fee_cents"]),
                    figures.cents(lost["postage_cents"]),
                    ui.Cell(figures.cents(lost["net_cents"]), tone="bad"),
                    _together(names, lost["offer_ids"]) if lost["offer_ids"] else gettext("没有，本来就亏"),
                ]
            )
            for lost in depth.facts["losing"][:most]
        ],
        caption=gettext("会亏的订单"),
        empty=ui.Empty(gettext("没有会亏的订单"))
        if net["orders"]
        else ui.Empty(gettext("不知道哪些会亏"), gettext("商品的成本还没有导入")),
        tall=True,
    )
