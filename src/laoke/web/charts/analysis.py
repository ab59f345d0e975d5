"""Charts of all customers: stages with what came and went, gaps between purchases, demand by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from laoke.insights.repurchase import Cohort, Curve, Triangle, month_name
from laoke.web.charts.bars import columns_with_threshold, horizontal_bars, time_bars
from laoke.web.charts.base import Option, Series, css, tip, yuan_values
from laoke.web.charts.heat import Flow, Node, heat_map, sankey
from laoke.web.charts.lines import Band, time_lines
from laoke.web.components.base import Words


def stage_bars(names: Sequence[Words], persons: Sequence[int], label: Words) -> Option:
    """Persons by stage of life as columns, in the order of a life."""
    return time_bars([str(name) for name in names], [Series(label, list(persons))], value="exact")


def gap_columns(
    counts: Sequence[int], width: int, median: int | None, *, label: Words, median_label: Words, more: Words
) -> Option:
    """Gaps between purchases in bars of `width` days; the last bar holds all longer ones, a line marks the median."""
    names = gap_names(len(counts), width, more)
    threshold = None
    if median is not None:
        threshold = (names[min((median - 1) // width, len(names) - 1)], median_label)
    return columns_with_threshold(names, [Series(label, list(counts))], threshold=threshold)


def gap_names(bars: int, width: int, more: Words) -> list[str]:
    """What the bars hold: 1–30, 31–60, …, and the rest."""
    names = [f"{at * width + 1}–{(at + 1) * width}" for at in range(bars - 1)]
    return [*names, str(more)]


def month_bars(
    months: Sequence[Words], years: Sequence[tuple[int, Sequence[int | None]]], *, last_key: str = "c1"
) -> Option:
    """Orders by calendar month, a colour for each of the last three years; the newest stands out."""
    keys = ("c0", "c1-soft", last_key)[-len(years) :] if years else ()
    series = [Series(str(year), list(values), key) for (year, values), key in zip(years, keys, strict=True)]
    return time_bars([str(month) for month in months], series, stacked=False)


CURVE_STEP, CURVE_LONGEST = 5, 730


def return_curve(curves: Sequence[tuple[Words, Curve]]) -> Option:
    """The share that bought again by days since the first purchase, as far as enough people are watched; at most four.

    A single curve has its interval as a band.
    """
    ends = [
        max((day for day in range(0, CURVE_LONGEST + 1, CURVE_STEP) if one.at(day) is not None), default=0)
        for _name, one in curves
    ]
    days = list(range(0, max(ends, default=0) + 1, CURVE_STEP))
    found = [[one.at(day) for day in days] for _name, one in curves]
    series = [
        Series(name, [None if point is None else round(point.share, 4) for point in points], key)
        for (name, _one), points, key in zip(curves, found, ("c1", "c2", "c3", "c4"), strict=False)
    ]
    band = None
    if len(found) == 1 and all(point is not None for point in found[0]):
        ends_of = [
            (
                point.share if point.low is None else point.low,
                point.share if point.high is None else point.high,
            )
            for point in found[0]
            if point is not None
        ]
        band = Band([round(low, 4) for low, _high in ends_of], [round(high, 4) for _low, high in ends_of])
    return time_lines([str(day) for day in days], series, axis="percent_axis", value="percent", band=band)


def cohort_map(found: Triangle, shown: Sequence[Cohort], months: int) -> Option:
    """Cohorts as rows, months since the first purchase as columns, the share that bought in each as shade."""
    cells = [
        [
            round(share, 4) if later <= found.seen(one) and (share := one.share(later)) is not None else None
            for later in range(1, months + 1)
        ]
        for one in shown
    ]
    return heat_map(
        [month_name(one.first_month) for one in shown],
        [str(later) for later in range(1, months + 1)],
        cells,
        value="percent",
    )


def pareto_lines(points: Sequence[tuple[float, float]], name: Words, even: Words) -> Option:
    """The share of the money by share of those who bring it, the best first; dashed, what it were if all brought alike.

    At most a hundred and one points: more would not be told apart.
    """
    step = max(1, -(-(len(points) - 1) // 100))
    shown = [*points[:-1:step], *points[-1:]]
    option = time_lines(
        [f"{who:.0%}" for who, _money in shown],
        [
            Series(name, [round(money, 4) for _who, money in shown]),
            Series(even, [round(who, 4) for who, _money in shown], "c0", dashed=True),
        ],
        axis="percent_axis",
        value="percent",
    )
    # Buyers who got more back than they paid lift the line above the whole.
    if all(money <= 1 for _who, money in shown):
        option["yAxis"] |= {"max": 1, "interval": 0.25}
    return option


def step_map(stages: Sequence[Words], steps: Sequence[Words], persons: Sequence[Sequence[int]]) -> Option:
    """Stages of life as rows, steps of spending as columns, the share of the stage's persons as shade."""
    cells = [[round(n / (sum(line) or 1), 4) for n in line] for line in persons]
    return heat_map(stages, steps, cells, value="percent")


def region_bars(names: Sequence[Words], net_cents: Sequence[int], label: Words) -> Option:
    """Places by net money, the most on top."""
    return horizontal_bars(
        [str(name) for name in names],
        [Series(label, yuan_values(list(net_cents)))],
        label="yuan_wan",
        value="yuan",
    )


def share_lines(months: Sequence[str], shares: Sequence[tuple[Words, Sequence[float | None]]]) -> Option:
    """Shares (0..1) by month as lines; at most four."""
    series = [
        Series(name, [None if share is None else round(share, 4) for share in values], key)
        for (name, values), key in zip(shares, ("c1", "c2", "c3", "c4"), strict=False)
    ]
    return time_lines(list(months), series, axis="percent_axis", value="percent")


def habit_bars(steps: Sequence[Words], persons: Sequence[int], label: Words) -> Option:
    """Persons by step as columns."""
    return time_bars([str(step) for step in steps], [Series(label, list(persons))])


def newness_bars(
    months: Sequence[str], returning: Sequence[int], new: Sequence[int], unknown: Sequence[int]
) -> Option:
    """Net money (cents) by month: returning buyers below, new ones above, orders without a buyer if any."""
    series = [
        Series(pgettext("buyers", "老客"), yuan_values(list(returning))),
        Series(pgettext("buyers", "新客"), yuan_values(list(new)), "c1-soft"),
    ]
    if any(unknown):
        series.append(Series(_("没有客户"), yuan_values(list(unknown)), "c8"))
    return time_bars(list(months), series, value="yuan")


def transition_flows(flows: Sequence[tuple[Words, Words, int]]) -> Option:
    """From what was bought first (left) to what was bought second (right), the width is how many persons."""
    left = dict.fromkeys(str(source) for source, _target, _n in flows)
    right = dict.fromkeys(str(target) for _source, target, _n in flows)
    nodes = [Node(f"0 {name}", name, 0) for name in left] + [
        Node(f"1 {name}", name, 1, "c3") for name in right
    ]
    return sankey(nodes, [Flow(f"0 {source}", f"1 {target}", n) for source, target, n in flows])


def group_bars(
    names: Sequence[Words], persons: Sequence[int], net_cents: Sequence[int], share: Words, money: Words
) -> Option:
    """Named groups as bars: the share of the persons above, of the net money below it."""
    people, net = sum(persons) or 1, sum(net_cents)
    return horizontal_bars(
        [str(name) for name in names],
        [
            Series(share, [round(n / people, 4) for n in persons]),
            Series(money, [round(cents / net, 4) if net > 0 else 0 for cents in net_cents], "c2"),
        ],
        label="percent",
        value="percent",
    )


def group_trend(
    groups: Sequence[Words], days: Sequence[str], values: Sequence[Sequence[float]], *, value: str,
    messages: Sequence[int | None], sent: Words,
) -> Option:  # fmt: skip
    """Groups as rows, days as columns, in shades of each group's own most: a small group's course shows as well as a
    large one's. `value` is the format of what is told. Below, where there were any, a row of dots: the messages sent
    until each day, by area.
    """
    most = [max(line, default=0) or 1 for line in values]
    cells = [[round(one / top, 4) for one in line] for line, top in zip(values, most, strict=True)]
    largest = max((n for n in messages if n), default=0)
    below: list[list[float | None]] = [[None] * len(days)] if largest else []
    option = heat_map([*groups, sent][: len(cells) + len(below)], days, [*cells, *below], value=value, most=1)
    (heat,) = option["series"]
    told = [one for line in values for one in line]
    for cell, shown in zip(heat["data"], told, strict=True):
        cell["shown"] = shown
    if not largest:
        return option
    option["visualMap"]["seriesIndex"] = 0
    dots = [
        {
            "value": [x, len(groups)], "shown": n, "title": f"{sent} · {days[x]}",
            "symbolSize": round(6 + 14 * (n / largest) ** 0.5, 1),
        }
        for x, n in enumerate(messages) if n
    ]  # fmt: skip
    colour = {"color": css("c3")}
    marks = {
        "name": "",
        "type": "scatter",
        "data": dots,
        "itemStyle": colour,
        "tooltip": {"formatter": tip("exact")},
    }
    option["series"].append(marks)
    return option


# Groups keep their colour from column to column: well, cooling, gone, and who came.
_GROUP_COLOURS = {
    "champions": "c1", "loyal": "c1", "active": "c7", "new": "c7", "promising": "c7", "needs_attention": "c2",
    "at_risk": "c5", "previously_loyal": "c5", "almost_lost": "c2", "dormant": "c0", "prospects": "c8",
}  # fmt: skip


def group_flows(
    flows: Sequence[tuple[int, str | None, str, int]], names: Mapping[str, str], newcomers: str
) -> Option:
    """Who went from which group to which, step by step: (step, from or None = not known then, to, persons).

    Columns are days; groups stand in each in their own order.
    """
    wanted = {(at, source) for at, source, _target, _n in flows}
    wanted |= {(at + 1, target) for at, _source, target, _n in flows}
    order: list[str | None] = [*names, None]
    nodes = [
        Node(
            f"{at} {name}",
            newcomers if name is None else names[name],
            at,
            _GROUP_COLOURS.get(name or "", "c3"),
        )
        for at, name in sorted(wanted, key=lambda one: (one[0], order.index(one[1])))
    ]
    return sankey(nodes, [Flow(f"{at} {source}", f"{at + 1} {target}", n) for at, source, target, n in flows])
