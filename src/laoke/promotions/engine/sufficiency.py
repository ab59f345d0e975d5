"""Whether a past period holds enough orders to say what an offer costs (rule R19).

The figure that a backtest leads with is the mean discount per order. A period is enough when the 95 % interval of
that mean reaches at most 10 % to each side, and never with fewer than 100 orders.
"""

from dataclasses import dataclass
from math import ceil, isqrt
from typing import Self

LEAST_ORDERS = 100
ESTIMABLE_FROM = 30
RELATIVE_PERCENT = 10
Z_SQUARED = 3.841458820694124
"""The squared 97.5 % point of the normal distribution (χ², 1 degree of freedom, 95 %)."""


@dataclass(frozen=True, slots=True)
class DiscountSums:
    """What is needed of the discounts of a period: orders, Σ discount, Σ discount² (cents, cents²). They add up."""

    orders: int = 0
    cents: int = 0
    cents_squared: int = 0

    def __add__(self, other: Self) -> "DiscountSums":
        return DiscountSums(
            self.orders + other.orders, self.cents + other.cents, self.cents_squared + other.cents_squared
        )

    @property
    def mean_cents(self) -> float | None:
        """Mean discount per order, orders without discount included; None without orders."""
        return self.cents / self.orders if self.orders else None

    @property
    def half_width_cents(self) -> int | None:
        """Half of the 95 % interval of the mean, rounded down to cents; None with fewer than 30 orders."""
        if self.orders < ESTIMABLE_FROM:
            return None
        spread = self.orders * self.cents_squared - self.cents**2
        return isqrt(int(Z_SQUARED * spread / (self.orders**2 * (self.orders - 1))))


@dataclass(frozen=True, slots=True)
class TooFewOrders:
    """A refusal: the period holds `found` orders and needs `needed`."""

    found: int
    needed: int
    code: str = "too_few_orders"


def needed_orders(sums: DiscountSums) -> int:
    """How many orders like those of the period it takes for a mean within ±10 % (95 %), at least 100.

    n = z² · s² / (0.1 · mean)², with s² the sample variance of the discount per order. With fewer than 30 orders s²
    says nothing, and without any discount there is no mean to be near to: then the answer is the least, 100.
    """
    if sums.orders < ESTIMABLE_FROM or sums.cents == 0:
        return LEAST_ORDERS
    n = sums.orders
    variance_over_mean_squared = (n * sums.cents_squared - sums.cents**2) * n / ((n - 1) * sums.cents**2)
    return max(LEAST_ORDERS, ceil(Z_SQUARED * variance_over_mean_squared * (100 / RELATIVE_PERCENT) ** 2))


def too_few_orders(found: int, needed: int) -> TooFewOrders | None:
    """The refusal of a period with `found` orders where `needed` are needed, or None when it is enough."""
    return TooFewOrders(found, needed) if found < needed else None
