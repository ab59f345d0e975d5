"""What money comes from: with coupons or without, by new or returning buyers, from one category to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

KINDS = ("new", "returning", "unknown")
# Steps of the share of a person's orders that used a coupon: none, up to a third, up to two thirds, more, all.
COUPON_STEPS = 5


@dataclass(frozen=True)
class CouponMonth:
    """Orders and net cents of a month (year × 12 + month − 1), and those of them with a coupon."""

    month_no: int
    orders: int
    coupon_orders: int
    net_cents: int
    coupon_net_cents: int


def coupon_months(reader: Reader, shop_id: int, from_day: int, to_day: int) -> list[CouponMonth]:
    """The months of a period that have an order, in order of time."""
    rows = reader.remembered("coupon_months", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist()
    return [CouponMonth(**row) for row in rows]


@dataclass(frozen=True)
class CouponHabit:
    """Persons by the share of their orders that used a coupon (`step` 0..4), those with one order or with `several`."""

    several: bool
    step: int
    persons: int
    orders: int
    net_cents: int


def coupon_habits(reader: Reader, shop_id: int, from_day: int, to_day: int) -> list[CouponHabit]:
    """How much the buyers of a period depend on coupons."""
    rows = reader.remembered("coupon_habits", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist()
    return [CouponHabit(**row) for row in rows]


@dataclass(frozen=True)
class Newness:
    """What one kind of buyers (new, returning, unknown) brought in a month (year × 12 + month − 1); money in cents."""

    month_no: int
    buyer_kind: str
    orders: int
    buyers: int
    paid_cents: int
    net_cents: int


def newness(reader: Reader, shop_id: int, from_day: int, to_day: int) -> dict[int, dict[str, Newness]]:
    """By month and kind, months in order of time."""
    rows = reader.remembered(
        "newness_by_month", shop_id=shop_id, from_day=from_day, to_day=to_day
    ).to_pylist()
    found: dict[int, dict[str, Newness]] = {}
    for row in rows:
        found.setdefault(row["month_no"], {})[row["buyer_kind"]] = Newness(**row)
    return found


@dataclass(frozen=True)
class Transition:
    """Persons from the category of the first purchase to that of the second; None = not come back yet, '' = unknown."""

    source: str
    target: str | None
    persons: int


def transitions(reader: Reader, shop_id: int, from_day: int, to_day: int, as_of_day: int) -> list[Transition]:
    """Of those who came first in a period."""
    rows = reader.remembered(
        "category_transitions", shop_id=shop_id, from_day=from_day, to_day=to_day, as_of_day=as_of_day
    ).to_pylist()
    return [Transition(row["from_category"], row["to_category"], row["persons"]) for row in rows]


OTHERS = "\0others"


def gathered(found: Sequence[Transition], most: int) -> list[Transition]:
    """The same with all but the `most` biggest known categories as OTHERS, the biggest flow first; None and '' stay."""
    sizes: Counter[str] = Counter()
    for one in found:
        for name in (one.source, one.target):
            if name:
                sizes[name] += one.persons
    kept = {name for name, _n in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:most]}

    def name_of(name: str | None) -> str | None:
        return name if not name or name in kept else OTHERS

    sums: Counter[tuple[str, str | None]] = Counter()
    for one in found:
        sums[name_of(one.source) or "", name_of(one.target)] += one.persons
    rows = [Transition(source, target, n) for (source, target), n in sums.items()]
    return sorted(rows, key=lambda one: (-one.persons, one.source, one.target or ""))
