"""How many more orders of the same kind pay for the offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from laoke.money import FULL_BP


@dataclass(frozen=True, slots=True)
class BreakEven:
    """`lift_bp` more orders in ten-thousandths, rounded up, which are `extra_orders` of the period's, rounded up too.

    Both are 0 where the offers leave no less than before.
    """

    lift_bp: int
    extra_orders: int


@dataclass(frozen=True, slots=True)
class NoBreakEven:
    """Nothing can be said: no cost is known, or an order leaves nothing under the offers and more of them cost more."""

    code: Literal["cost_unknown", "no_margin"]


def break_even(orders: int, before_cents: int, after_cents: int) -> BreakEven | NoBreakEven:
    """The lift x at which orders · (1 + x), each leaving what one leaves on average under the offers, leave as much as
    the orders did before: x = before / after − 1. `orders` are those whose cost is known; the cents are their sums.

    >>> break_even(200, 100_000, 81_300)
    BreakEven(lift_bp=2301, extra_orders=47)
    """
    if not orders:
        return NoBreakEven("cost_unknown")
    if after_cents <= 0:
        return NoBreakEven("no_margin")
    lacking = max(0, before_cents - after_cents)
    return BreakEven(_up(lacking * FULL_BP, after_cents), _up(lacking * orders, after_cents))


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
