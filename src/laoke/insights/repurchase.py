"""Who comes back: months after the first purchase, and the share that bought again within so many days.

Whoever came of late had little time to come back. The curve is therefore the estimate of Kaplan and Meier (1958): on
each day those who came back are divided by those who were still watched and had not, so nobody counts for days that
have not been yet. Intervals are Greenwood's on the log-log scale, 95 %.
"""

from __future__ import annotations

import calendar
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

# Below so many still watched, the next one to come back would move the curve by a twentieth and more.
LEAST_WATCHED = 20
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Wait:
    """So many came back after so many days, so many were watched so long and have not yet."""

    days: int
    came_back: int
    not_yet: int


@dataclass(frozen=True)
class Point:
    """The share that bought again within `days`, its interval (None where all came back), how many were still watched
    on that day and had not come back before it, and how many had come back by then."""

    days: int
    share: float
    low: float | None
    high: float | None
    watched: int
    came_back: int


@dataclass(frozen=True)
class Curve:
    """The share that bought again, on each day where somebody did; `watched` is how many were left on which days."""

    persons: int
    points: tuple[Point, ...]
    watched: tuple[tuple[int, int], ...]

    def watched_on(self, days: int) -> int:
        """How many were watched so many days or longer and had not come back before."""
        at = bisect_right(self.watched, (days - 1, self.persons + 1))
        return self.watched[at][1] if at < len(self.watched) else 0

    def at(self, days: int) -> Point | None:
        """The share within so many days; None where fewer than LEAST_WATCHED were still watched by then."""
        watched = self.watched_on(days)
        if watched < LEAST_WATCHED:
            return None
        place = bisect_right([point.days for point in self.points], days) - 1
        if place < 0:
            return Point(days, 0.0, 0.0, 0.0, watched, 0)
        found = self.points[place]
        return Point(days, found.share, found.low, found.high, watched, found.came_back)


def curve(waits: Iterable[Wait]) -> Curve:
    """The estimate from counted waits; several of one length are added up."""
    back: dict[int, int] = {}
    open_: dict[int, int] = {}
    for wait in waits:
        back[wait.days] = back.get(wait.days, 0) + wait.came_back
        open_[wait.days] = open_.get(wait.days, 0) + wait.not_yet
    persons = left = sum(back.values()) + sum(open_.values())
    away, variance, came = 1.0, 0.0, 0
    points, watched = [], []
    for days in sorted(back):
        watched.append((days, left))
        if back[days]:
            came += back[days]
            away *= 1 - back[days] / left
            variance += back[days] / (left * (left - back[days])) if left > back[days] else 0.0
            low, high = _interval(away, variance)
            points.append(Point(days, 1 - away, low, high, left, came))
        left -= back[days] + open_[days]
    return Curve(persons, tuple(points), tuple(watched))


def _interval(away: float, variance: float) -> tuple[float | None, float | None]:
    """95 % around the share 1 − away."""
    if not 0 < away < 1:
        return None, None
    spread = Z_95 * math.sqrt(variance) / abs(math.log(away))
    return 1 - away ** math.exp(-spread), 1 - away ** math.exp(spread)


def second_purchases(
    reader: Reader, shop_id: int, from_day: int, to_day: int, as_of_day: int
) -> dict[bool, list[Wait]]:
    """Waits for the second purchase of those who came first in a period, by whether the first day had a coupon."""
    rows = reader.remembered(
        "second_purchases", shop_id=shop_id, from_day=from_day, to_day=to_day, as_of_day=as_of_day
    ).to_pylist()
    found: dict[bool, list[Wait]] = {False: [], True: []}
    for row in rows:
        found[row["first_coupon"]].append(Wait(row["days"], row["came_back"], row["not_yet"]))
    return found


@dataclass(frozen=True)
class Cohort:
    """Who came first in one month (year × 12 + month − 1): persons and net cents by months since; 0 is that month."""

    first_month: int
    persons: dict[int, int]
    net_cents: dict[int, int]

    @property
    def size(self) -> int:
        return self.persons.get(0, 0)

    def share(self, later: int) -> float | None:
        """The share that bought in the month so many months later."""
        return self.persons.get(later, 0) / self.size if self.size else None


@dataclass(frozen=True)
class Triangle:
    """Cohorts, the oldest first. `last_month` is the newest month of the facts; `is_over`: they hold all of it."""

    cohorts: tuple[Cohort, ...]
    last_month: int
    is_over: bool

    def seen(self, cohort: Cohort) -> int:
        """How many months later the facts reach for a cohort, the one that is not over included."""
        return self.last_month - cohort.first_month

    def whole(self, cohort: Cohort, later: int) -> bool:
        """Whether the month so many months later is over for a cohort."""
        return cohort.first_month + later < self.last_month + self.is_over

    def mean(self, later: int) -> float | None:
        """The share over all cohorts whose month so many months later is over, each person with equal weight."""
        known = [one for one in self.cohorts if self.whole(one, later)]
        size = sum(one.size for one in known)
        return sum(one.persons.get(later, 0) for one in known) / size if size else None


def month_no(day: date) -> int:
    """A month as the queries count it: year × 12 + month − 1."""
    return day.year * 12 + day.month - 1


def month_name(number: int) -> str:
    """`2026-11`."""
    return f"{number // 12}-{number % 12 + 1:02d}"


def cohorts(reader: Reader, shop_id: int, first: date, last: date, seen_to: date) -> Triangle:
    """The cohorts of the months from `first` to `last`, as the facts up to `seen_to` tell of them."""
    rows: Sequence[dict[str, Any]] = reader.remembered(
        "cohorts", shop_id=shop_id, to_day=(seen_to - date(1970, 1, 1)).days, from_month=month_no(first),
        to_month=month_no(last),
    ).to_pylist()  # fmt: skip
    by_month: dict[int, Cohort] = {}
    for row in rows:
        one = by_month.setdefault(row["first_month"], Cohort(row["first_month"], {}, {}))
        one.persons[row["months_later"]] = row["persons"]
        one.net_cents[row["months_later"]] = row["net_cents"]
    is_over = seen_to.day == calendar.monthrange(seen_to.year, seen_to.month)[1]
    return Triangle(tuple(by_month[month] for month in sorted(by_month)), month_no(seen_to), is_over)
