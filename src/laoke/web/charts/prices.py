"""The price ladder: every item's price from the lowest to the highest, coloured by its role, with its floor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.translation import gettext

from laoke.campaigns.price_columns import ROLE_WORDS
from laoke.promotions.ladder import Priced, Role, Told
from laoke.web.charts.base import Option, Series, axis_labels, css, fmt, tooltip, yuan_values
from laoke.web.charts.lines import time_lines
from laoke.web.components.base import Words

# What one can still tell apart on a screen: items, and days of two years.
MOST_BARS, MOST_DAYS = 60, 731
COLOURS: dict[Role | None, str] = {
    Role.LOW: "c1",
    Role.VALUE: "c3",
    Role.NORMAL: "c4",
    Role.ANCHOR: "c2",
    None: "c0",
}


def role_name(role: Role | None) -> Words:
    """What a role is called in legends; items without one are named too."""
    return ROLE_WORDS[role] if role is not None else gettext("没定角色")


def on_ladder(priced: Sequence[Priced]) -> list[Priced]:
    """The items that are drawn, group by group from the cheapest; of too many those that sold most."""
    most = sorted(priced, key=lambda one: -(one.known.units or 0))[:MOST_BARS]
    return sorted(most, key=in_ladder_order)


def in_ladder_order(one: Priced) -> tuple[str, int, str]:
    """Group by group, in each from the cheapest."""
    return one.item.group, one.item.price_cents, one.item.title


def price_ladder(drawn: Sequence[Priced]) -> Option:
    """One bar per item, its colour the role (a series each, so that the legend holds), a mark at its floor."""
    bars = []
    for role, colour in COLOURS.items():
        if not any(one.item.role is role for one in drawn):
            continue
        values = [one.item.price_cents if one.item.role is role else None for one in drawn]
        bars.append(
            {
                "name": str(role_name(role)),
                "type": "bar",
                "stack": "all",
                "data": yuan_values(values),
                "itemStyle": {"color": css(colour), "borderRadius": [2, 2, 0, 0]},
            }
        )
    floors = {
        "name": gettext("底价"),
        "type": "scatter",
        "symbol": "rect",
        "symbolSize": [14, 3],
        "data": yuan_values([one.floor_cents for one in drawn]),
        "itemStyle": {"color": css("up")},
        "z": 3,
    }
    return {
        "tooltip": tooltip("yuan", shadow=True),
        "xAxis": {
            "type": "category",
            "data": [one.item.title or one.item.product_id for one in drawn],
            "axisLabel": {"hideOverlap": True, "width": 90, "overflow": "truncate"},
        },
        "yAxis": axis_labels(fmt("wan")),
        "series": [*bars, floors],
    }


def list_price_steps(told: Sequence[Told], until: date) -> Option:
    """The list price day by day as steps, in yuan; between two tellings it stands as it was told last."""
    by_day = {one.on: one.cents for one in told}
    first = max(min(by_day), until - timedelta(days=MOST_DAYS - 1))
    last = max(until, max(by_day))
    held = next((one.cents for one in reversed(told) if one.on <= first), None)
    days, values = [], []
    for place in range((last - first).days + 1):
        day = first + timedelta(days=place)
        held = by_day.get(day, held)
        days.append(f"{day:%Y-%m-%d}")
        values.append(held)
    option = time_lines(days, [Series(gettext("标价"), yuan_values(values))], axis="wan", value="yuan")
    # A single day has no line yet: a point shows it.
    option["series"][0] |= {"step": "end", "showSymbol": len(days) == 1, "symbol": "circle", "symbolSize": 8}
    return option
