"""The result of a campaign by day beside its target, and the table behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.bars import time_bars
from laoke.web.charts.base import Option, Series, yuan_values


def result_by_day(days: Sequence[Mapping[str, Any]]) -> Option:
    """Bars of what was paid, the target dashed. `days` have `day`, `paid_cents` (None = to come), `target_cents`."""
    return time_bars(
        [f"{day['day']:%m-%d}" for day in days],
        [
            Series(gettext("成交"), yuan_values([day["paid_cents"] or 0 for day in days])),
            Series(
                gettext("目标"),
                yuan_values([day["target_cents"] or 0 for day in days]),
                "c0",
                dashed=True,
                as_line=True,
            ),
        ],
        value="yuan",
    )


def day_result_table(days: Sequence[Mapping[str, Any]], now: datetime) -> ui.Table:
    """The same days in exact figures."""
    return ui.Table(
        columns=[
            ui.Column("day", gettext("日子"), "nowrap"),
            ui.Column("target", gettext("目标（元）"), "num"),
            ui.Column("paid", gettext("成交（元）"), "num"),
            ui.Column("orders", gettext("订单"), "num"),
            ui.Column("buyers", gettext("买家"), "num"),
            ui.Column("visitors", gettext("访客"), "num"),
        ],
        rows=[
            ui.Row(
                [
                    figures.table_day(day["day"], now),
                    figures.cents(day["target_cents"]),
                    figures.cents(day["paid_cents"]),
                    figures.exact(day["orders"]),
                    figures.exact(day["buyers"]),
                    figures.exact(day["visitors"]),
                ]
            )
            for day in days
        ],
        caption=gettext("每天的成交和目标"),
        cards=False,
    )
