"""Which days a shop's facts tell of, and which are missing: pure, from counts by day and the spans of the files.

A day may be missing in three ways. `uncovered`: no file speaks of it, and there is nothing. `partial`: the file that
speaks of it was exported before the day was over, and no later one speaks of it. `silent`: files speak of it and of the
days beside it that are empty too, and have nothing, although so many rows are usual around them that chance does not
bring none. A weekday on which the shop never sells is no such day: a wholesaler is closed on Saturdays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Literal

GapKind = Literal["uncovered", "partial", "silent"]

AROUND = 14  # days before and after, from which it is known what is usual
# Below this probability of so many days without a row (Poisson, at what is usual) it is no chance.
CHANCE = 1e-6
EXPECTED_AT_LEAST = -math.log(CHANCE)  # 13.8 rows
# A weekday is closed when it was empty in all of the weeks before and after of which anything is known, and in so many.
WEEKS_AROUND = 4
CLOSED_WEEKS = 4

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """What one file speaks of: from its first to its last time; when it was exported, where that is known."""

    first: datetime
    last: datetime
    exported: datetime | None = None

    @property
    def days(self) -> tuple[date, date]:
        return self.first.date(), self.last.date()

    def is_whole(self, day: date) -> bool:
        """Whether the day was over when the file was exported; an unknown moment is taken for later."""
        return self.exported is None or self.exported.date() > day


@dataclass(frozen=True)
class Gap:
    """Days in a row that are missing in the same way. `usual` is how many rows a day has around them."""

    first: date
    last: date
    kind: GapKind
    usual: float

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def gaps(counts: Mapping[date, int], told: Sequence[Told], *, dense: bool) -> list[Gap]:
    """The missing days between the first and the last known day, oldest first.

    `counts` holds rows by day; days without a row may be left out. The last known day is never missing: more may come.
    `dense` says that every day should have rows (orders of a shop that sells, reports by day). Without it a day is
    missing only when there are files that tell of days, and none tells of this one.
    """
    if not dense and not told:
        return []
    have = {day: n for day, n in counts.items() if n > 0}
    ends = [*have, *(day for one in told for day in one.days)]
    if not ends:
        return []
    covered = _whole_by_day(told)
    found: list[Gap] = []
    for kind, first, last in _runs(min(ends), max(ends), have, covered, dense):
        around = usual(have, covered, first, last)
        gap = Gap(first, last, kind, around)
        if kind != "silent" or around * _open_days(have, covered, gap) >= EXPECTED_AT_LEAST:
            found.append(gap)
    return found


def _open_days(have: Mapping[date, int], covered: Mapping[date, bool], gap: Gap) -> int:
    """The days of a gap on which the shop sells in other weeks."""
    days = [gap.first + ONE_DAY * step for step in range(gap.days)]
    return sum(1 for day in days if not _is_closed(have, covered, gap, day))


def _is_closed(have: Mapping[date, int], covered: Mapping[date, bool], gap: Gap, day: date) -> bool:
    """Whether nothing is ever sold on the day's weekday; the gap itself says nothing about that."""
    beside = [day + timedelta(weeks=week) for week in range(-WEEKS_AROUND, WEEKS_AROUND + 1)]
    known = [one for one in beside if (one in have or covered.get(one)) and not gap.first <= one <= gap.last]
    return len(known) >= CLOSED_WEEKS and not any(one in have for one in known)


def _runs(
    day: date, end: date, have: Mapping[date, int], covered: Mapping[date, bool], dense: bool
) -> Iterator[tuple[GapKind, date, date]]:
    """Days in a row that have nothing in the same way, before the last known day."""
    kind: GapKind | None = None
    first = day
    while day <= end:
        now = _kind(day, have, covered, dense) if day < end else None
        if now != kind:
            if kind:
                yield kind, first, day - ONE_DAY
            kind, first = now, day
        day += ONE_DAY


def _whole_by_day(told: Sequence[Told]) -> dict[date, bool]:
    """Every day that a file speaks of, and whether one of them was exported after it."""
    covered: dict[date, bool] = {}
    for one in told:
        day, last = one.days
        while day <= last:
            covered[day] = covered.get(day, False) or one.is_whole(day)
            day += ONE_DAY
    return covered


def _kind(day: date, have: Mapping[date, int], covered: Mapping[date, bool], dense: bool) -> GapKind | None:
    if day not in covered:
        return None if day in have else "uncovered"
    if not dense:
        return None
    if not covered[day]:
        return "partial"
    return None if day in have else "silent"


def usual(have: Mapping[date, int], covered: Mapping[date, bool], first: date, last: date) -> float:
    """The median of the rows of the days before and after, those left out that nothing speaks of."""
    near = [first - ONE_DAY * step for step in range(1, AROUND + 1)]
    near += [last + ONE_DAY * step for step in range(1, AROUND + 1)]
    known = [have.get(one, 0) for one in near if one in have or covered.get(one)]
    return float(median(known)) if known else 0.0
