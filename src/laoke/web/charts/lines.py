"""Lines over time: cumulated sums, trends with a dashed comparison, forecasts with their band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laoke.web.charts.base import (
    Option,
    Series,
    Span,
    axis_labels,
    check,
    css,
    fmt,
    line,
    mark_area,
    mark_now,
    tooltip,
)
from laoke.web.components.base import Words


@dataclass(frozen=True)
class Band:
    """An interval around a line, from low to high at every place of the axis."""

    low: Sequence[float]
    high: Sequence[float]
    key: str = "c1-soft"


def time_lines(
    days: Sequence[str],
    series: Sequence[Series],
    *,
    axis: str = "wan",
    value: str = "exact",
    band: Band | None = None,
    span: Span | None = None,
    now: tuple[str, Words] | None = None,
    from_zero: bool = True,
) -> Option:
    """Lines over days given as axis labels. `axis` and `value` are formats of the axis and the tooltip.

    A value axis that does not start at zero (`from_zero=False`) must be said in the card's sub-title.
    """
    check(days, series)
    drawn: list[Option] = []
    if band is not None:
        drawn += _band(band)
    drawn += [line(one) for one in series]
    if span is not None:
        drawn[-1]["markArea"] = mark_area(span)
    if now is not None:
        drawn[-1]["markLine"] = mark_now(*now)
    return {
        "tooltip": tooltip(value),
        "xAxis": {"type": "category", "data": list(days), "boundaryGap": False},
        "yAxis": axis_labels(fmt(axis), **({} if from_zero else {"scale": True})),
        "series": drawn,
    }


def _band(band: Band) -> list[Option]:
    """A band is an invisible line at its low end and a filled one stacked on it."""
    invisible: Option = {"type": "line", "stack": "_band", "silent": True, "lineStyle": {"opacity": 0}}
    widths = [round(high - low, 6) for low, high in zip(band.low, band.high, strict=True)]
    return [
        {**invisible, "name": "_low", "data": list(band.low)},
        {**invisible, "name": "_band", "data": widths, "areaStyle": {"color": css(band.key), "opacity": 0.7}},
    ]
