"""Charts of an import."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from laoke.web.charts.bars import time_bars
from laoke.web.charts.base import Option, Series

MOST_DAYS = 93


def orders_by_day(days: Sequence[tuple[date, int]]) -> tuple[Option, list[tuple[str, int]]]:
    """Orders by the day on which they were placed, by month when they lie further apart; with the same numbers."""
    by_month = bool(days) and (days[-1][0] - days[0][0]).days > MOST_DAYS
    counted: dict[str, int] = {}
    for day, orders in days:
        name = f"{day:%Y-%m}" if by_month else f"{day:%m-%d}"
        counted[name] = counted.get(name, 0) + orders
    series = [Series(_("订单"), list(counted.values()))]
    return time_bars(list(counted), series), list(counted.items())
