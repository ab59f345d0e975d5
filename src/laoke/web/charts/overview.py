"""Charts of the overview: what came in day by day, and when people pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from laoke.web.charts.bars import time_bars
from laoke.web.charts.base import Option, Series, Span, yuan_values


class SalesDay(Protocol):
    """One day's money in cents."""

    @property
    def day(self) -> date: ...
    @property
    def old_cents(self) -> int: ...
    @property
    def new_cents(self) -> int: ...
    @property
    def unknown_cents(self) -> int: ...
    @property
    def year_before_cents(self) -> int: ...


def daily_sales(days: Sequence[SalesDay], span: Span | None = None) -> Option:
    """Paid money by day: old buyers below, new ones above, orders without a buyer if any; last year dashed."""
    series = [
        Series(pgettext("buyers", "老客"), yuan_values([day.old_cents for day in days])),
        Series(pgettext("buyers", "新客"), yuan_values([day.new_cents for day in days]), "c1-soft"),
    ]
    if any(day.unknown_cents for day in days):
        series.append(Series(_("没有客户"), yuan_values([day.unknown_cents for day in days]), "c8"))
    if any(day.year_before_cents for day in days):
        last_year = yuan_values([day.year_before_cents for day in days])
        series.append(Series(_("去年同期"), last_year, "c0", dashed=True, as_line=True))
    return time_bars([day_label(day.day) for day in days], series, value="yuan", span=span)


def day_label(day: date) -> str:
    """`11-09`, as the axis shows it."""
    return f"{day:%m-%d}"


def heat_levels(counts: Sequence[int]) -> list[int]:
    """Levels 0 to 4 of a heat map: 0 for nothing, then quarters of the largest count."""
    most = max(counts, default=0)
    return [0 if not count else min(4, 1 + 4 * (count - 1) // most) for count in counts]
