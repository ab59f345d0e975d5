"""What each group of a coupon budget takes and brings."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.bars import horizontal_bars
from laoke.web.charts.base import Option, Series


def money_by_group(result: dict[str, Any]) -> Option:
    """Bars in yuan of the groups that get something."""
    groups = [group for group in result["groups"] if group["chosen"]]
    return horizontal_bars(
        [group["name"] for group in groups],
        [
            Series(gettext("多赚"), [group["chosen"]["gained_cents"] / 100 for group in groups]),
            Series(gettext("花"), [group["chosen"]["spent_cents"] / 100 for group in groups], key="c3"),
        ],
        value="yuan",
    )


def money_by_group_table(result: dict[str, Any]) -> ui.Table:
    """The same amounts in cents."""
    return ui.Table(
        [
            ui.Column("group", gettext("人群")),
            ui.Column("gained", gettext("多赚（元）"), "num"),
            ui.Column("spent", gettext("花（元）"), "num"),
        ],
        [
            ui.Row(
                [
                    group["name"],
                    figures.cents(group["chosen"]["gained_cents"]),
                    figures.cents(group["chosen"]["spent_cents"]),
                ]
            )
            for group in result["groups"]
            if group["chosen"]
        ],
        caption=gettext("每群花多少、多赚多少"),
        cards=False,
    )
