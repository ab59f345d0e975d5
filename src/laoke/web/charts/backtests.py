"""Order values against a step, what each step would earn under the assumptions, and plans side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext

from laoke.money import FULL_BP
from laoke.promotions.depth.pairs import Pair, PairGrid
from laoke.promotions.depth.thresholds import StepFigures
from laoke.promotions.depth.values import OrderValues
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.bars import columns_with_threshold, horizontal_bars
from laoke.web.charts.base import Option, Series, css
from laoke.web.charts.heat import LEVELS, heat_map
from laoke.web.charts.lines import Band, time_lines


def _places(values: OrderValues, threshold_cents: int, reach_bp: int) -> dict[int, list[int]]:
    """Orders per drawn column (its first cent): below, near, reached. Parts at odd thresholds join their column."""
    low = -(-threshold_cents * (FULL_BP - reach_bp) // FULL_BP)
    drawn: dict[int, list[int]] = {}
    for edge, count in zip(values.edges, values.counts, strict=True):
        column = drawn.setdefault(edge // values.width_cents * values.width_cents, [0, 0, 0])
        column[2 if edge >= threshold_cents else 1 if edge >= low else 0] += count
    return drawn


def order_values(values: OrderValues, threshold_cents: int, reach_bp: int) -> Option:
    """Columns of orders by value in yuan, coloured by how far they are from the step."""
    drawn = _places(values, threshold_cents, reach_bp)
    names = [gettext("够不着"), gettext("差一点"), gettext("已达到")]
    series = [
        Series(name, [column[place] for column in drawn.values()], key=key)
        for place, (name, key) in enumerate(zip(names, ("c0", "c2", "c1"), strict=True))
    ]
    at = threshold_cents // values.width_cents * values.width_cents
    mark = gettext("门槛 %(yuan)s") % {"yuan": figures.exact(threshold_cents / 100)}
    starts = [f"{edge // 100}" for edge in drawn]
    option = columns_with_threshold(
        starts, series, threshold=(f"{at // 100}", mark) if at in drawn else None, value="exact"
    )
    if at in drawn and list(drawn).index(at) > len(drawn) * 2 // 3:
        # Near the right end the words stand before the line, or they would be cut.
        option["series"][0]["markLine"]["label"]["align"] = "right"
    return option


def order_values_table(values: OrderValues, threshold_cents: int, reach_bp: int) -> ui.Table:
    """The same columns as numbers."""
    drawn = _places(values, threshold_cents, reach_bp)
    last = max(drawn)
    return ui.Table(
        [
            ui.Column("from", gettext("订单金额（元）")),
            ui.Column("below", gettext("够不着"), "num"),
            ui.Column("near", gettext("差一点"), "num"),
            ui.Column("reached", gettext("已达到"), "num"),
        ],
        [
            ui.Row(
                [
                    gettext("%(low)s 起") % {"low": edge // 100}
                    if edge == last
                    else f"{edge // 100} – {(edge + values.width_cents) // 100}",
                    *(figures.exact(count) for count in column),
                ]
            )
            for edge, column in drawn.items()
        ],
        caption=gettext("订单金额分布"),
        cards=False,
        tall=True,
    )


def step_profit(steps: Sequence[StepFigures]) -> Option:
    """What each step earns more than none, in yuan, with the span of the assumed shares as a band."""
    option = time_lines(
        [f"{one.threshold_cents // 100}" for one in steps],
        [Series(gettext("多赚"), [one.change_cents / 100 for one in steps])],
        axis="wan",
        value="yuan",
        band=Band([one.low_cents / 100 for one in steps], [one.high_cents / 100 for one in steps]),
    )
    for drawn in option["series"][:2]:
        # A band that begins below zero is stacked on what is below zero all the same.
        drawn["stackStrategy"] = "all"
    option["series"][-1]["markLine"] = {
        "symbol": "none",
        "silent": True,
        "label": {"show": False},
        "lineStyle": {"color": css("edge"), "type": "dashed"},
        "data": [{"yAxis": 0}],
    }
    return option


def steps_table(
    steps: Sequence[StepFigures], caption: str, off_cents: Sequence[int] | None = None
) -> ui.Table:
    """Each step as numbers; with `off_cents` beside each what it takes off, where that differs."""
    off = [ui.Column("off", gettext("减（元）"), "num")] if off_cents is not None else []
    taken = [[figures.cents(one)] for one in off_cents] if off_cents is not None else [[]] * len(steps)
    return ui.Table(
        [
            ui.Column("step", gettext("门槛（元）"), "num"),
            *off,
            ui.Column("over", gettext("已达到"), "num", label_on_card=gettext("已达到")),
            ui.Column("near", gettext("差一点"), "num", label_on_card=gettext("差一点")),
            ui.Column("gap", gettext("平均差（元）"), "num", priority=2, card="hide"),
            ui.Column("low", gettext("多赚，最少（元）"), "num", priority=2, card="hide"),
            ui.Column("change", gettext("多赚（元）"), "num", card="end"),
            ui.Column("high", gettext("多赚，最多（元）"), "num", priority=2, card="hide"),
            ui.Column("needed", gettext("多少人凑单才不亏"), "num", label_on_card=gettext("不亏要")),
        ],
        [
            ui.Row(
                [
                    figures.cents(one.threshold_cents),
                    *own,
                    figures.exact(one.over),
                    figures.exact(one.near),
                    figures.cents(one.gap_cents // one.near) if one.near else "—",
                    figures.cents(one.low_cents),
                    ui.Cell(figures.cents(one.change_cents), tone="bad" if one.change_cents < 0 else ""),
                    figures.cents(one.high_cents),
                    gettext("全凑也亏") if one.needed_bp is None else figures.basis_points(one.needed_bp),
                ]
            )
            for one, own in zip(steps, taken, strict=True)
        ],
        caption=caption,
        tall=len(steps) > 12,
    )


BEST_MARK, BESIDE_MARK = "★", "≈"


def pair_name(pair: Pair) -> str:
    """A pair as an offer reads."""
    return gettext("满 %(from)s 减 %(off)s") % {
        "from": figures.exact(pair.threshold_cents / 100),
        "off": figures.exact(pair.off_cents / 100),
    }


def pair_map(grid: PairGrid) -> Option:
    """Thresholds across, amounts upwards: what each pair earns more than none, in yuan, in shades of blue; what costs
    more than it brings is pale red. The best is marked, and those that cannot be told from it."""
    cells = [[_yuan(pair.change_cents) if pair is not None else None for pair in row] for row in grid.rows]
    option = heat_map(
        [figures.exact(one / 100) for one in grid.amounts][::-1],
        [figures.exact(one / 100) for one in grid.thresholds],
        cells[::-1],
        value="yuan",
    )
    most = max((pair.change_cents for pair in grid.pairs), default=0) / 100
    worst = min((pair.change_cents for pair in grid.pairs), default=0) / 100
    option["visualMap"] = {
        "type": "piecewise",
        "show": False,
        "dimension": 2,
        "pieces": _shades(most, worst),
    }
    best, beside = grid.best, set(grid.beside)
    shown = [pair for row in reversed(grid.rows) for pair in row if pair is not None]
    for drawn, pair in zip(option["series"][0]["data"], shown, strict=True):
        drawn["title"] = pair_name(pair)
        if pair == best:
            drawn["label"] = _mark(BEST_MARK, "surface")
            drawn["itemStyle"] = {"borderColor": css("seal"), "borderWidth": 2}
        elif pair in beside:
            dark = pair.change_cents / 100 >= most / 2
            drawn["label"] = _mark(BESIDE_MARK, "surface" if dark else "ink")
    return option


def _mark(sign: str, colour: str) -> Option:
    return {"show": True, "formatter": sign, "color": css(colour), "fontSize": 12}


def _shades(most: float, worst: float) -> list[Option]:
    """Quarters of the most above zero; below it a paler tenth of the worst and the rest."""
    pieces: list[Option] = [
        {"gte": 0, "lte": 0, "color": css(LEVELS[0])},
        {"gte": worst / 10, "lt": 0, "color": css("bad-soft")},
        {"lt": min(worst / 10, 0), "color": css("bad-line")},
    ]
    if most > 0:
        ends = [most * part / 4 for part in range(5)]
        pieces += [
            {"gt" if not place else "gte": ends[place], "color": css(level)}
            | ({"lt": ends[place + 1]} if place < 3 else {})
            for place, level in enumerate(LEVELS[1:])
        ]
    return pieces


def pair_map_table(grid: PairGrid) -> ui.Table:
    """The same cells as numbers: a row per amount, a column per threshold."""
    best, beside = grid.best, set(grid.beside)

    def cell(pair: Pair | None) -> ui.Cell:
        if pair is None:
            return ui.Cell("")
        sign = BEST_MARK if pair == best else BESIDE_MARK if pair in beside else ""
        tone = "best" if pair == best else "bad" if pair.change_cents < 0 else ""
        return ui.Cell(figures.cents(pair.change_cents), sub=sign, tone=tone)

    columns = [
        ui.Column("off", gettext("减（元）"), "num"),
        *(
            ui.Column(f"t{step}", gettext("满 %(from)s") % {"from": figures.exact(step / 100)}, "num")
            for step in grid.thresholds
        ),
    ]
    rows = [
        ui.Row([figures.cents(off), *map(cell, row)])
        for off, row in zip(grid.amounts, grid.rows, strict=True)
    ]
    return ui.Table(columns, rows, caption=gettext("每一对门槛和金额多赚多少"), cards=False, stick_first=True)


def pairs_table(pairs: Sequence[Pair], caption: str) -> ui.Table:
    """Pairs as numbers with their bands."""
    return ui.Table(
        [
            ui.Column("step", gettext("门槛（元）"), "num"),
            ui.Column("off", gettext("减（元）"), "num"),
            ui.Column("over", gettext("已达到"), "num", label_on_card=gettext("已达到")),
            ui.Column("near", gettext("差一点"), "num", label_on_card=gettext("差一点")),
            ui.Column("share", gettext("算多少人凑单"), "num", label_on_card=gettext("凑单")),
            ui.Column("low", gettext("多赚，最少（元）"), "num", priority=2, card="hide"),
            ui.Column("change", gettext("多赚（元）"), "num", card="end"),
            ui.Column("high", gettext("多赚，最多（元）"), "num", priority=2, card="hide"),
        ],
        [
            ui.Row(
                [
                    figures.cents(one.threshold_cents),
                    figures.cents(one.off_cents),
                    figures.exact(one.over),
                    figures.exact(one.near),
                    figures.basis_points(one.share_bp),
                    figures.cents(one.low_cents),
                    ui.Cell(figures.cents(one.change_cents), tone="bad" if one.change_cents < 0 else ""),
                    figures.cents(one.high_cents),
                ]
            )
            for one in pairs
        ],
        caption=caption,
        tall=len(pairs) > 12,
    )


def plans_by_net(names: Sequence[str], told: Sequence[dict[str, Any]]) -> Option:
    """What each plan leaves and gives, in yuan; plans without known cost leave a gap."""
    return horizontal_bars(
        names,
        [
            Series(gettext("净利"), [_yuan(one["net"]) for one in told]),
            Series(gettext("让利"), [_yuan(one["given"]) for one in told], key="c3"),
        ],
        value="yuan",
    )


def plans_by_net_table(names: Sequence[str], told: Sequence[dict[str, Any]]) -> ui.Table:
    """The same amounts in cents."""
    return ui.Table(
        [
            ui.Column("plan", gettext("方案")),
            ui.Column("net", gettext("净利（元）"), "num"),
            ui.Column("given", gettext("让利（元）"), "num"),
        ],
        [
            ui.Row([name, figures.cents(one["net"]), figures.cents(one["given"])])
            for name, one in zip(names, told, strict=True)
        ],
        caption=gettext("净利和让利"),
        cards=False,
    )


def _yuan(cents: int | None) -> float | None:
    return None if cents is None else cents / 100


def shares_by_group(names: Sequence[str], orders: Sequence[float], given: Sequence[float]) -> Option:
    """Which share of the orders and of what is given each group has."""
    return horizontal_bars(
        names,
        [
            Series(gettext("占让利"), list(given)),
            Series(gettext("占订单"), list(orders), key="c0"),
        ],
        label="percent",
        value="percent",
    )
