"""The overview's figures: asked of one state of the facts, given as values."""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from laoke.audiences.readings import Reading
from laoke.web.pages.overview.periods import Period, day_number, day_of, year_before

WEEKS = 12
LIFECYCLES = ("new_customer", "active", "silent", "dormant", "nearly_lost", "lost")
GROUPS = ("loyal", "active", "ordinary")
MOVED_AFTER_DAYS = 20  # the newest earlier state at least this old shows who moved


@dataclass(frozen=True)
class Sales:
    """What came in within one period. Money in cents; old buyers bought before it began.

    `buyers_paid_cents` is the money of orders whose buyer is known: the rest has no buyer to be divided by.
    """

    orders: int = 0
    paid_cents: int = 0
    buyers: int = 0
    old_paid_cents: int = 0
    buyers_paid_cents: int = 0

    @property
    def cents_per_buyer(self) -> int | None:
        return round(self.buyers_paid_cents / self.buyers) if self.buyers else None

    @property
    def old_share(self) -> float | None:
        return self.old_paid_cents / self.paid_cents if self.paid_cents else None


@dataclass(frozen=True)
class Repurchase:
    """Persons who bought within 90 days, and those of them who bought on two days or more."""

    buyers: int
    again: int

    @property
    def rate(self) -> float | None:
        return self.again / self.buyers if self.buyers else None


@dataclass(frozen=True)
class LeftOut:
    """Orders that are suspected or known to be fake, and what was paid for them in cents."""

    orders: int
    paid_cents: int


@dataclass(frozen=True)
class Day:
    """One day's money by old and new buyers, and the same day a year before.

    After a leap year 28 February `holds_leap_day`: what came in on the 29th stands beside it too.
    """

    day: date
    old_cents: int
    new_cents: int
    unknown_cents: int
    year_before_cents: int
    holds_leap_day: bool = False


@dataclass(frozen=True)
class Standing:
    """How many persons stand where now, and how many more or fewer since `before` (None: no earlier state is kept)."""

    now: dict[str, int]
    change: dict[str, int] | None
    since: date | None


def newest_sale(reading: Reading) -> date | None:
    """The last day on which the shop was paid."""
    row = reading.reader.remembered("orders_span", shop_id=reading.shop_id).to_pylist()[0]
    return day_of(row["last_paid_day"]) if row["last_paid_day"] is not None else None


def sales_of(reading: Reading, period: Period) -> tuple[Sales, Sales]:
    """The period and the one it is compared with."""
    rows = reading.reader.remembered(
        "overview", shop_id=reading.shop_id, as_of_day=reading.as_of_day, **period.params()
    ).to_pylist()
    found = {row["period"]: row for row in rows}
    return _sales(found.get("now")), _sales(found.get("year_before"))


def _sales(row: dict[str, Any] | None) -> Sales:
    if row is None:
        return Sales()
    return Sales(
        row["orders"], row["paid_cents"], row["buyers"], row["old_paid_cents"], row["buyers_paid_cents"]
    )


def repurchase_of(reading: Reading, last: date) -> Repurchase:
    """Within the 90 days that end on `last`."""
    row = reading.reader.remembered(
        "repurchase", shop_id=reading.shop_id, from_day=day_number(last) - 89, to_day=day_number(last)
    ).to_pylist()[0]
    return Repurchase(row["buyers"], row["repeat_buyers"])


def weeks_of(reading: Reading, last: date) -> list[Sales]:
    """The last twelve weeks, the oldest first."""
    to_day = day_number(last)
    rows = reading.reader.remembered(
        "weekly_sales",
        shop_id=reading.shop_id,
        as_of_day=reading.as_of_day,
        from_day=to_day - 7 * WEEKS + 1,
        to_day=to_day,
    ).to_pylist()
    found = {row["week"]: row for row in rows}
    weeks = [found.get(week) for week in reversed(range(WEEKS))]
    return [_sales({"orders": 0, **w}) if w else Sales() for w in weeks]


def days_of(reading: Reading, period: Period) -> list[Day]:
    """Every day of the period; a day without a sale is 0."""
    now = _by_day(reading, period.first, period.last)
    before = _by_day(reading, year_before(period.first), year_before(period.last))
    days = []
    for number in range(period.days):
        day = period.first + timedelta(days=number)
        kinds = now.get(day_number(day), {})
        # 28 and 29 February look at one day of the year before: it counts once.
        last_year = before.pop(day_number(year_before(day)), {})
        leap_day = (
            before.pop(day_number(year_before(day)) + 1, {}) if _before_leap_day(year_before(day)) else {}
        )
        paid = sum(last_year.values()) + sum(leap_day.values())
        days.append(
            Day(day, kinds.get("old", 0), kinds.get("new", 0), kinds.get("unknown", 0), paid, bool(leap_day))
        )
    return days


def _before_leap_day(day: date) -> bool:
    return (day.month, day.day) == (2, 28) and isleap(day.year)


def _by_day(reading: Reading, first: date, last: date) -> dict[int, dict[str, int]]:
    rows = reading.reader.remembered(
        "daily_sales",
        shop_id=reading.shop_id,
        as_of_day=reading.as_of_day,
        from_day=day_number(first),
        to_day=day_number(last),
    ).to_pylist()
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["day"], {})[row["buyer_kind"]] = row["paid_cents"]
    return found


def standing_of(reading: Reading) -> Standing:
    """Persons by stage of life."""
    now = _lifecycles(reading, reading.as_of_day)
    days = reading.reader.remembered(
        "feature_days", shop_id=reading.shop_id, to_day=reading.as_of_day - MOVED_AFTER_DAYS
    ).to_pylist()
    if not days:
        return Standing(now, None, None)
    before_day = days[0]["as_of_day"]
    before = _lifecycles(reading, before_day)
    return Standing(
        now, {name: now.get(name, 0) - before.get(name, 0) for name in LIFECYCLES}, day_of(before_day)
    )


def _lifecycles(reading: Reading, day: int) -> dict[str, int]:
    rows = reading.reader.remembered("lifecycle_counts", shop_id=reading.shop_id, as_of_day=day).to_pylist()
    return {row["lifecycle"]: row["persons"] for row in rows}


def groups_of(reading: Reading) -> dict[str, int]:
    """Persons of the three groups."""
    rows = reading.reader.remembered(
        "group_counts", shop_id=reading.shop_id, as_of_day=reading.as_of_day
    ).to_pylist()
    return {row["group3"]: row["persons"] for row in rows}


def reachable_by_sms(reading: Reading) -> int:
    """Persons who may be written to by SMS and have a number."""
    rows = reading.reader.remembered("reach_counts", shop_id=reading.shop_id).to_pylist()
    return next((int(row["reachable"]) for row in rows if row["channel"] == "sms"), 0)


def suspects_of(reading: Reading, period: Period) -> LeftOut:
    """Orders of the period that are suspect or confirmed, and what was paid for them."""
    row = reading.reader.remembered(
        "suspect_orders",
        shop_id=reading.shop_id,
        from_day=day_number(period.first),
        to_day=day_number(period.last),
    ).to_pylist()[0]
    return LeftOut(int(row["orders"]), int(row["paid_cents"]))


def hours_of(reading: Reading, last: date) -> dict[tuple[int, int], int]:
    """Orders of the last 90 days by (weekday, hour) of payment; Monday is 0."""
    rows = reading.reader.remembered(
        "hour_demand", shop_id=reading.shop_id, from_day=day_number(last) - 89, to_day=day_number(last)
    ).to_pylist()
    return {(row["weekday"], row["hour"]): row["orders"] for row in rows}
