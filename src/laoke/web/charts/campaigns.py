"""A campaign day by day: what was sold against the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext

from laoke.web.charts.bars import time_bars
from laoke.web.charts.base import Option, Series, yuan_values


def sales_against_target(
    days: Sequence[date], targets: Mapping[date, int], sold: Mapping[date, int], until: date
) -> Option:
    """Bars of what was paid, the target as a dashed line; days that are still to come have no bar. Amounts in cents."""
    actual = [sold.get(day, 0) if day <= until else 0 for day in days]
    planned = [targets.get(day, 0) for day in days]
    return time_bars(
        [f"{day:%m-%d}" for day in days],
        [
            Series(gettext("成交"), yuan_values(actual)),
            Series(gettext("目标"), yuan_values(planned), "c0", dashed=True, as_line=True),
        ],
        value="yuan",
    )
