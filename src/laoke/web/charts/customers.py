"""Charts of one customer: when they bought and how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from laoke.web.charts.base import Option, css, tip

SMALLEST, LARGEST = 8, 26


def order_dots(
    orders: Sequence[tuple[date, int]],
    today: date,
    today_label: str,
    due: tuple[date, date, str] | None = None,
) -> Option:
    """Orders as dots on a time line; the area of a dot is its amount in cents. Today is a red line, and a band marks
    the days (first, last, label) between which the next order is due."""
    most = max((cents for _day, cents in orders), default=0) or 1
    dots: list[dict[str, Any]] = [
        {
            "value": [day.isoformat(), 0, cents / 100],
            "symbolSize": _size(cents, most),
            "title": day.isoformat(),
        }
        for day, cents in orders
    ]
    ends = max(today, due[1] if due else today)
    begins = min((day for day, _cents in orders), default=ends)
    return {
        "grid": {"left": 12, "right": 24, "top": 24, "bottom": 24},
        "tooltip": {"trigger": "item", "formatter": tip("yuan")},
        "xAxis": {"type": "time", "max": ends.isoformat()},
        "yAxis": {"type": "value", "show": False, "min": -1, "max": 1},
        "series": [
            {
                "name": "",
                "type": "scatter",
                "encode": {"x": 0, "y": 1, "tooltip": [2]},
                "data": dots,
                "itemStyle": {"color": css("c1"), "opacity": 0.85},
                **(_due_area(*due, begins, ends) if due else {}),
                "markLine": {
                    "symbol": "none",
                    "silent": True,
                    "label": {"formatter": today_label, "color": css("up")},
                    "lineStyle": {"color": css("up"), "type": "solid", "width": 1.5},
                    "data": [{"xAxis": today.isoformat()}],
                },
            }
        ],
    }


def _due_area(first: date, last: date, label: str, begins: date, ends: date) -> Option:
    """The band with its name, which begins or ends with the band where it would else be cut off by the chart's edge."""
    middle = ((first - begins) + (last - begins)) / 2 / max(ends - begins, timedelta(days=1))
    place = "insideTopLeft" if middle < 0.25 else "insideTopRight" if middle > 0.75 else "insideTop"
    return {
        "markArea": {
            "silent": True,
            "itemStyle": {"color": css("warn-soft")},
            "label": {"color": css("warn"), "fontSize": 12, "position": place},
            "data": [[{"name": label, "xAxis": first.isoformat()}, {"xAxis": last.isoformat()}]],
        }
    }


def _size(cents: int, most: int) -> int:
    """The diameter: area grows with the amount, and the smallest dot can still be hit."""
    return round(SMALLEST + (LARGEST - SMALLEST) * math.sqrt(max(cents, 0) / most))


def heat_levels(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    """Counts as five levels 0..4 of one hue; 0 is none, 4 the most."""
    most = max((count for row in counts for count in row), default=0) or 1
    return [[0 if not count else min(4, 1 + count * 4 // (most + 1)) for count in row] for row in counts]
