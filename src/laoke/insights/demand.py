"""When a shop is bought from by month, weekday and hour; which goods and categories sell more or less than before."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

EPOCH = date(1970, 1, 1)
YEAR_DAYS = 365
# As many goods are looked at side by side: a difference that chance alone makes once in a hundred is no news.
LEAST_ORDERS, LEAST_Z = 10, 2.576
Trend = Literal["rising", "falling", "steady", "few"]
Averages = list[list[float | None]]


@dataclass(frozen=True)
class Times:
    """Paid orders of a period by (calendar month 1..12, weekday 0 = Monday, hour), and the period's days by month and
    weekday."""

    orders: dict[tuple[int, int, int], int]
    days: dict[tuple[int, int], int]

    @property
    def total(self) -> int:
        return sum(self.orders.values())

    def sums(self) -> tuple[list[int], list[int], list[int]]:
        """Orders by hour, by weekday and by month."""
        by_hour, by_weekday, by_month = [0] * 24, [0] * 7, [0] * 12
        for (month, weekday, hour), n in self.orders.items():
            by_hour[hour] += n
            by_weekday[weekday] += n
            by_month[month - 1] += n
        return by_hour, by_weekday, by_month

    def week(self) -> Averages:
        """Orders a day by weekday and hour; None where the period has no such day."""
        return self._mean(7, 24, lambda month, weekday, hour: (weekday, hour), lambda month, weekday: weekday)

    def hours_of_months(self) -> Averages:
        """Orders a day by month and hour."""
        return self._mean(
            12, 24, lambda month, weekday, hour: (month - 1, hour), lambda month, weekday: month - 1
        )

    def weekdays_of_months(self) -> Averages:
        """Orders a day by month and weekday."""
        found = self._sums(12, 7, lambda month, weekday, hour: (month - 1, weekday))
        return [
            [_ratio(found[m][w], self.days.get((m + 1, w), 0)) for w in range(7)] for m in range(12)
        ]  # fmt: skip

    def _sums(
        self, rows: int, columns: int, place: Callable[[int, int, int], tuple[int, int]]
    ) -> list[list[int]]:
        found = [[0] * columns for _row in range(rows)]
        for at, n in self.orders.items():
            row, column = place(*at)
            found[row][column] += n
        return found

    def _mean(
        self,
        rows: int,
        columns: int,
        place: Callable[[int, int, int], tuple[int, int]],
        row_of_day: Callable[[int, int], int],
    ) -> Averages:
        days: Counter[int] = Counter()
        for (month, weekday), n in self.days.items():
            days[row_of_day(month, weekday)] += n
        sums = self._sums(rows, columns, place)
        return [[_ratio(n, days[row]) for n in line] for row, line in enumerate(sums)]


def _ratio(n: int, days: int) -> float | None:
    return n / days if days else None


def times(reader: Reader, shop_id: int, from_day: int, to_day: int) -> Times:
    """When the orders of a period were paid."""
    rows = reader.remembered("demand_times", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist()
    days: Counter[tuple[int, int]] = Counter()
    for number in range(from_day, to_day + 1):
        day = EPOCH + timedelta(days=number)
        days[day.month, day.weekday()] += 1
    return Times({(row["month"], row["weekday"], row["hour"]): row["orders"] for row in rows}, dict(days))


@dataclass(frozen=True)
class Windows:
    """A stretch of days that ends on `last`, the one before it and the same one 365 days earlier (day numbers)."""

    last: int
    days: int

    def params(self) -> dict[str, int]:
        """As the named queries want them."""
        first = self.last - self.days + 1
        return {
            "from_day": first,
            "to_day": self.last,
            "before_from_day": first - self.days,
            "before_to_day": first - 1,
            "year_before_from_day": first - YEAR_DAYS,
            "year_before_to_day": self.last - YEAR_DAYS,
        }

    def knows_before(self, first_day: int) -> bool:
        """Whether the facts, which begin on `first_day`, cover the stretch before."""
        return self.params()["before_from_day"] >= first_day

    def knows_year_before(self, first_day: int) -> bool:
        """Whether the facts cover the same stretch a year earlier."""
        return self.params()["year_before_from_day"] >= first_day


@dataclass(frozen=True)
class Demand:
    """Orders and paid money (cents) of a product or category in the three stretches; '' = title or category unknown."""

    product_id: str
    title: str
    category: str
    orders: int
    orders_before: int
    orders_year_before: int
    units: int
    paid_cents: int
    before_paid_cents: int
    year_before_paid_cents: int

    def z(self) -> float:
        """How far the orders are from those before, in standard deviations of what chance does to equal demand.

        Where each of n orders falls into either of two equally long stretches by equal chance, the variance is n.
        """
        both = self.orders + self.orders_before
        return (self.orders - self.orders_before) / math.sqrt(both) if both else 0.0

    def trend(self) -> Trend:
        """rising or falling when chance hardly explains it, few when there are too few orders to tell."""
        if self.orders + self.orders_before < LEAST_ORDERS:
            return "few"
        if abs(self.z()) < LEAST_Z:
            return "steady"
        return "rising" if self.z() > 0 else "falling"


def goods(reader: Reader, shop_id: int, windows: Windows, most: int) -> list[Demand]:
    """The products most ordered in the three stretches together, at most `most`."""
    rows = reader.remembered("goods_demand", shop_id=shop_id, page_rows=most, **windows.params())
    return [_demand(row) for row in rows.to_pylist()]


def categories(reader: Reader, shop_id: int, windows: Windows) -> list[Demand]:
    """All categories, the most ordered first."""
    rows = reader.remembered("category_demand", shop_id=shop_id, **windows.params())
    return [_demand({"product_id": "", "title": "", **row}) for row in rows.to_pylist()]


def _demand(row: dict[str, Any]) -> Demand:
    return Demand(**row)
