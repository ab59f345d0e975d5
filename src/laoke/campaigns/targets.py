"""Targets: what each day of a campaign is to bring, proposed from the shop's own same days a year before.

Sales = visitors x conversion x paid per buyer where the shop has traffic figures, else from orders alone. A proposal
says what it rests on; people change the days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from laoke.campaigns.playbook import TargetPlan
from laoke.money import divide_half_up
from laoke.promotions.facts import day_number

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

TREND_DAYS = 90
PPM = 1_000_000


@dataclass(frozen=True)
class DayTarget:
    """One day. `cents` = visitors x conversion (parts per million) x cents per buyer where all three are known."""

    day: date
    cents: int
    visitors: int | None = None
    conversion_ppm: int | None = None
    cents_per_buyer: int | None = None


@dataclass(frozen=True)
class Proposal:
    """Targets by day and what they rest on. Empty when the shop has no such days."""

    days: tuple[DayTarget, ...]
    basis: dict[str, Any] = field(default_factory=dict)

    @property
    def cents(self) -> int | None:
        """All days together; None without a proposal."""
        return sum(day.cents for day in self.days) if self.days else None


@dataclass(frozen=True)
class DaySales:
    """What a day brought, as `sales_and_visitors` says."""

    orders: int
    buyers: int
    paid_cents: int
    visitors: int | None


def sales_by_day(reader: Reader, shop_id: int, first: date, last: date) -> dict[date, DaySales]:
    """Sales and visitors of the days from `first` to `last`, both included; quiet days are absent."""
    rows = reader.query(
        "sales_and_visitors", shop_id=shop_id, from_day=day_number(first), to_day=day_number(last)
    ).to_pylist()
    start = day_number(first)
    return {
        first + timedelta(days=row["day"] - start): DaySales(
            row["orders"], row["buyers"], row["paid_cents"], row["visitors"]
        )
        for row in rows
    }


def propose(reader: Reader, shop_id: int, days: Sequence[date], plan: TargetPlan, today: date) -> Proposal:
    """Targets for `days` from the same days a year before, raised by how the shop has grown since.

    Growth is the paid amount of the last 90 days against the same 90 a year before, kept between the playbook's
    bounds; 100 % when there is nothing to compare.
    """
    year_before = {day: a_year_before(day) for day in days}
    then = sales_by_day(reader, shop_id, min(year_before.values()), max(year_before.values()))
    paid = sum(day.paid_cents for day in then.values())
    if not paid:
        return Proposal((), {"code": "no_history", "first": str(min(year_before.values()))})
    growth = _growth(reader, shop_id, today, plan)
    with_traffic = all(then[before].visitors for before in year_before.values() if before in then)
    targets = tuple(
        _day_target(day, then.get(before), growth, with_traffic) for day, before in year_before.items()
    )
    return Proposal(
        targets,
        {
            "code": "visitors_last_year" if with_traffic else "orders_last_year",
            "first": str(min(year_before.values())),
            "last": str(max(year_before.values())),
            "paid_cents": paid,
            "orders": sum(day.orders for day in then.values()),
            "growth_percent": growth,
        },
    )


def a_year_before(day: date) -> date:
    """The same day of the year before; 28 February for 29 February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _growth(reader: Reader, shop_id: int, today: date, plan: TargetPlan) -> int:
    last = today - timedelta(days=1)
    first = last - timedelta(days=TREND_DAYS - 1)
    now = sum(d.paid_cents for d in sales_by_day(reader, shop_id, first, last).values())
    before = sum(
        d.paid_cents
        for d in sales_by_day(reader, shop_id, a_year_before(first), a_year_before(last)).values()
    )
    if not now or not before:
        return 100
    percent = divide_half_up(100 * now, before)
    return min(max(percent, plan.least_growth_percent), plan.most_growth_percent)


def _day_target(day: date, then: DaySales | None, growth: int, with_traffic: bool) -> DayTarget:
    if then is None:
        return DayTarget(day, 0)
    if not with_traffic or not then.visitors or not then.buyers:
        return DayTarget(day, divide_half_up(then.paid_cents * growth, 100))
    visitors = divide_half_up(then.visitors * growth, 100)
    conversion = divide_half_up(then.buyers * PPM, then.visitors)
    per_buyer = divide_half_up(then.paid_cents, then.buyers)
    return DayTarget(day, product_cents(visitors, conversion, per_buyer), visitors, conversion, per_buyer)


def product_cents(visitors: int, conversion_ppm: int, cents_per_buyer: int) -> int:
    """Sales in cents: visitors x conversion x paid per buyer, half up."""
    return divide_half_up(visitors * conversion_ppm * cents_per_buyer, PPM)
