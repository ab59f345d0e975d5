"""Words of the charts' data language: colours by token, formatters by name, and the parts every option shares.

JSON carries no functions and a colour depends on the theme, so an option holds `"$css:c1"`, `{"$fmt": "wan"}` and
`{"$tip": "yuan"}`; `app.js` puts the colour or the function there when it mounts the chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from laoke.web.components.base import Words

Option = dict[str, Any]

# Names that app.js knows; a test reads the script and compares.
FORMATS = frozenset({"wan", "exact", "yuan", "yuan_wan", "percent", "percent_axis", "unit", "plain"})
MAX_SERIES = 4


def css(token: str) -> str:
    """A colour by the name of its token, without the dashes: `css("c1")`."""
    return f"$css:{token}"


def fmt(name: str, **options: Any) -> dict[str, Any]:
    """A formatter by name: wan, exact, yuan, yuan_wan, percent and percent_axis (of a share 0..1), unit, plain."""
    if name not in FORMATS:
        raise ValueError(f"no format {name!r}; there are {', '.join(sorted(FORMATS))}")
    return {"$fmt": name, **options}


def tip(name: str, **options: Any) -> dict[str, Any]:
    """A tooltip: the date or name, then each series with its value in full. Series named `_…` stay out of it."""
    if name not in FORMATS:
        raise ValueError(f"no format {name!r}; there are {', '.join(sorted(FORMATS))}")
    return {"$tip": name, **options}


FMT_WAN = fmt("wan")
FMT_EXACT = fmt("exact")
FMT_PERCENT = fmt("percent_axis")


def yuan_values(cents: Sequence[int | None]) -> list[float | None]:
    """Cents as yuan for an axis; the table behind the chart keeps the cents."""
    return [None if value is None else value / 100 for value in cents]


@dataclass(frozen=True)
class Series:
    """One line or one colour of bars. `dashed` is plan, last year or what would be without us."""

    name: Words
    values: Sequence[float | None]
    key: str = "c1"
    dashed: bool = False
    area: bool = False
    as_line: bool = False


@dataclass(frozen=True)
class Span:
    """A stretch of the axis with a name: days of a campaign, the window in which someone should return."""

    label: Words
    first: str
    last: str
    key: str = "seal"


def axis_labels(label_format: dict[str, Any], **more: Any) -> Option:
    """A value axis: labels in 万, at most four lines, zero at the bottom."""
    return {"type": "value", "splitNumber": 4, "axisLabel": {"formatter": label_format}, **more}


def tooltip(value_format: str, *, shadow: bool = False, **options: Any) -> Option:
    """One tooltip for all series at a place of the axis."""
    pointer = {"axisPointer": {"type": "shadow"}} if shadow else {}
    return {"trigger": "axis", **pointer, "formatter": tip(value_format, **options)}


def mark_area(*spans: Span, opacity: float = 0.07) -> Option:
    """Pale bands with their names, all in the colour of the first."""
    return {
        "silent": True,
        "itemStyle": {"color": css(spans[0].key), "opacity": opacity},
        "label": {"color": css(spans[0].key), "fontSize": 12, "position": "insideTop"},
        "data": [[{"name": str(span.label), "xAxis": span.first}, {"xAxis": span.last}] for span in spans],
    }


# ECharts ends a band over bars at a tick of the axis, or halfway between two: every day has one, none is drawn.
TICK_A_DAY: Option = {"show": False, "interval": 0}


def mark_now(at: str, label: Words) -> Option:
    """A red line where today is."""
    return {
        "symbol": "none",
        "silent": True,
        "label": {"formatter": str(label), "color": css("up"), "align": "left", "distance": 4},
        "lineStyle": {"color": css("up"), "type": "solid", "width": 1.5},
        "data": [{"xAxis": at}],
    }


def line(series: Series, *, width: float = 2) -> Option:
    """A line in its colour, dashed for plan and comparison; None leaves a gap."""
    option: Option = {
        "name": str(series.name),
        "type": "line",
        "data": list(series.values),
        "itemStyle": {"color": css(series.key)},
        "lineStyle": {"color": css(series.key), "width": 1.5 if series.dashed else width},
    }
    if series.dashed:
        option["lineStyle"]["type"] = "dashed"
    if series.area:
        option["areaStyle"] = {
            "color": css(f"{series.key}-soft" if series.key == "c1" else series.key),
            "opacity": 0.45,
        }
    return option


def check(categories: Sequence[str], series: Sequence[Series]) -> None:
    """Refuse what would be drawn wrong: other lengths than the axis, or more than four series."""
    if len(series) > MAX_SERIES:
        raise ValueError(f"{len(series)} series in one chart; at most {MAX_SERIES} can be told apart")
    for one in series:
        if len(one.values) != len(categories):
            raise ValueError(f"{one.name}: {len(one.values)} values on an axis of {len(categories)}")
