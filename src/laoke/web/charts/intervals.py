"""Estimates with their intervals on one axis: what is known, how surely, and where zero lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laoke.web.charts.base import Option, css, fmt, tooltip
from laoke.web.components.base import Words


@dataclass(frozen=True)
class Estimate:
    """A point with the ends of its interval."""

    name: Words
    point: float
    low: float
    high: float

    @property
    def unclear(self) -> bool:
        """True when the interval holds zero: the difference cannot be seen."""
        return self.low <= 0 <= self.high


def intervals(estimates: Sequence[Estimate], *, axis: str = "wan", value: str = "exact") -> Option:
    """One row per estimate, the first on top: a thin bar for the interval, a point, zero dashed.

    Grey and hollow where the interval holds zero.
    """
    for one in estimates:
        if not one.low <= one.point <= one.high:
            raise ValueError(f"{one.name}: {one.point} lies outside {one.low} – {one.high}")
    whisker: Option = {"type": "line", "silent": True, "showSymbol": False}
    lines = [
        {
            **whisker,
            "name": "_interval",
            "data": [[one.low, index], [one.high, index]],
            "lineStyle": {"color": css("c0" if one.unclear else "c1"), "width": 3, "cap": "round"},
        }
        for index, one in enumerate(estimates)
    ]
    points = [
        {
            "value": [one.point, index],
            "shown": one.point,
            "title": str(one.name),
            "itemStyle": {
                "color": css("surface" if one.unclear else "c1"),
                "borderColor": css("c0" if one.unclear else "surface"),
                "borderWidth": 2,
            },
        }
        for index, one in enumerate(estimates)
    ]
    zero = {
        "symbol": "none",
        "silent": True,
        "label": {"show": False},
        "lineStyle": {"color": css("edge"), "type": "dashed"},
        "data": [{"xAxis": 0}],
    }
    return {
        "tooltip": {**tooltip(value), "trigger": "item"},
        "xAxis": {"type": "value", "axisLabel": {"formatter": fmt(axis)}, "splitNumber": 4},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "axisLine": {"show": False},
            "data": [str(one.name) for one in estimates],
        },
        "series": [
            *lines,
            {"name": "", "type": "scatter", "symbolSize": 11, "data": points, "markLine": zero, "z": 3},
        ],
    }
