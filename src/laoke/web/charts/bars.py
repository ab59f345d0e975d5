"""Bars: days, categories sorted by size, a distribution with its threshold, a change explained part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laoke.web.charts.base import (
    TICK_A_DAY,
    Option,
    Series,
    Span,
    axis_labels,
    check,
    css,
    fmt,
    line,
    mark_area,
    tooltip,
)
from laoke.web.components.base import Words


def time_bars(
    days: Sequence[str],
    series: Sequence[Series],
    *,
    stacked: bool = True,
    axis: str = "wan",
    value: str = "exact",
    span: Span | None = None,
) -> Option:
    """Bars over days; a series with `as_line` (last year, plan) is a line over them."""
    check(days, series)
    bars = [one for one in series if not one.as_line]
    drawn: list[Option] = []
    for at, one in enumerate(series):
        if one.as_line:
            drawn.append(line(one, width=1.5))
            continue
        top = one is bars[-1]
        bar: Option = {
            "name": str(one.name),
            "type": "bar",
            "data": list(one.values),
            "itemStyle": {"color": css(one.key), "borderRadius": [2, 2, 0, 0] if top or not stacked else 0},
        }
        if stacked:
            bar["stack"] = "all"
        if span is not None and at == 0:
            bar["markArea"] = mark_area(span)
        drawn.append(bar)
    ticks = {} if span is None else {"axisTick": TICK_A_DAY}
    return {
        "tooltip": tooltip(value, shadow=True),
        "xAxis": {"type": "category", "data": list(days), **ticks},
        "yAxis": axis_labels(fmt(axis)),
        "series": drawn,
    }


def horizontal_bars(
    names: Sequence[str], series: Sequence[Series], *, label: str = "wan", value: str = "exact"
) -> Option:
    """Categories as horizontal bars, the first on top, the figure at the end of each bar."""
    check(names, series)
    drawn = [
        {
            "name": str(one.name),
            "type": "bar",
            "barWidth": 10 if at == 0 else 6,
            "barGap": "20%",
            "data": list(one.values),
            "itemStyle": {"color": css(one.key), "borderRadius": [0, 2, 2, 0]},
            "label": {
                "show": at == 0,
                "position": "right",
                "color": css("ink-2"),
                "fontSize": 12,
                "formatter": fmt(label),
            },
        }
        for at, one in enumerate(series)
    ]
    return {
        "grid": {"left": 4, "right": 64, "top": 4, "bottom": 0},
        "tooltip": tooltip(value, shadow=True),
        "xAxis": {"type": "value", "show": False, "min": 0},
        "yAxis": {"type": "category", "inverse": True, "axisLine": {"show": False}, "data": list(names)},
        "series": drawn,
    }


def columns_with_threshold(
    starts: Sequence[str],
    series: Sequence[Series],
    *,
    threshold: tuple[str, Words] | None = None,
    value: str = "exact",
) -> Option:
    """A distribution: columns side by side in stacked colours, with the line of the threshold."""
    option = time_bars(starts, series, axis="wan", value=value)
    for drawn in option["series"]:
        drawn["barCategoryGap"] = "12%"
    if threshold is not None:
        at, label = threshold
        option["series"][0]["markLine"] = {
            "symbol": "none",
            "silent": True,
            "label": {"formatter": str(label), "color": css("ink")},
            "lineStyle": {"color": css("ink"), "type": "solid", "width": 1.5},
            "data": [{"xAxis": at}],
        }
    return option


@dataclass(frozen=True)
class Change:
    """A part of a waterfall: what it adds, or with `total` where it stands."""

    name: Words
    value: float
    total: bool = False


def waterfall(
    changes: Sequence[Change], *, label: str = "wan", value: str = "exact", cut: float = 0
) -> Option:
    """From one total to another, part by part. Gains are blue, losses ochre, totals grey.

    `cut` starts the axis above zero; the card's sub-title must then say so. A total that is not the sum of what stands
    before it is refused: the parts of a waterfall are exact.
    """
    at: float | None = None
    base: list[float] = []
    bars: list[Option] = []
    for change in changes:
        if change.total:
            if at is not None and abs(at - change.value) > 1e-6 * max(1.0, abs(change.value)):
                raise ValueError(f"{change.name}: {change.value}, but the parts lead to {at}")
            low, height, colour = min(0.0, change.value), abs(change.value), "c0"
            at = change.value
        else:
            before = at or 0.0
            at = before + change.value
            low, height, colour = min(before, at), abs(change.value), "c1" if change.value >= 0 else "c2"
        base.append(round(low, 6))
        bars.append(
            {
                "value": round(height, 6),
                "shown": change.value,
                "itemStyle": {"color": css(colour), "borderRadius": 2},
            }
        )
    common: Option = {"type": "bar", "stack": "all", "barWidth": "52%"}
    shown = {"show": True, "position": "top", "color": css("ink"), "fontSize": 12, "formatter": fmt(label)}
    return {
        "grid": {"left": 4, "right": 8, "top": 22, "bottom": 4},
        "tooltip": tooltip(value, shadow=True),
        "xAxis": {
            "type": "category",
            "data": [str(change.name) for change in changes],
            "axisLabel": {"interval": 0, "fontSize": 12},
        },
        "yAxis": {"type": "value", "show": False, **({"min": cut} if cut else {})},
        "series": [
            {**common, "name": "_base", "data": base, "itemStyle": {"color": "transparent"}, "silent": True},
            {**common, "name": "", "data": bars, "label": shown},
        ],
    }
