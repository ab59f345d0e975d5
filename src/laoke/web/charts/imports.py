"""Charts of an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from django.utils.translation import gettext as _

from laoke.insights.coverage import Gap
from laoke.web.charts.bars import time_bars
from laoke.web.charts.base import TICK_A_DAY, Option, Series, Span, mark_area

MOST_DAYS = 93
DAYS_SHOWN = 400
NAMED_FROM = 60  # of so many days one is wide enough for a name


def orders_by_day(days: Sequence[tuple[date, int]]) -> tuple[Option, list[tuple[str, int]]]:
    """Orders by the day on which they were placed, by month when they lie further apart; with the same numbers."""
    by_month = bool(days) and (days[-1][0] - days[0][0]).days > MOST_DAYS
    counted: dict[str, int] = {}
    for day, orders in days:
        name = f"{day:%Y-%m}" if by_month else f"{day:%m-%d}"
        counted[name] = counted.get(name, 0) + orders
    series = [Series(_("订单"), list(counted.values()))]
    return time_bars(list(counted), series), list(counted.items())


def days_with_gaps(counts: Mapping[date, int], gaps: Sequence[Gap]) -> tuple[Option, list[tuple[str, int]]]:
    """Orders by day up to the last known one, the missing days as bands; with the same numbers, the newest first."""
    last = max(counts)
    first = max(min(counts), last - timedelta(days=DAYS_SHOWN - 1))
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    values = [counts.get(day, 0) for day in days]
    names = [day.isoformat() for day in days]
    option = time_bars(names, [Series(_("订单"), values)])
    shown: list[Span] = []
    for gap in gaps:
        if gap.last < first:
            continue
        begins = max(gap.first, first).isoformat()
        if shown and shown[-1].last == (gap.first - timedelta(days=1)).isoformat():
            begins = shown.pop().first
        shown.append(Span(_("缺"), begins, gap.last.isoformat(), "bad"))
    if shown:
        option["xAxis"]["axisTick"] = TICK_A_DAY
        option["series"][0]["markArea"] = mark_area(*_named(shown, len(days)), opacity=0.18)
    return option, list(zip(names, values, strict=True))[::-1]


def _named(spans: Sequence[Span], days: int) -> list[Span]:
    """Bands that are wide enough for their name keep it: names of single days would lie over each other."""

    def width(span: Span) -> int:
        return (date.fromisoformat(str(span.last)) - date.fromisoformat(str(span.first))).days + 1

    return [span if width(span) * NAMED_FROM >= days else replace(span, label="") for span in spans]
