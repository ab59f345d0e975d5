"""The distribution of order values: how many orders and how much money in each step, exact at every edge."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from laoke.promotions.columnar.columns import Ints
from laoke.promotions.engine import Offer, ShopCoupon, ThresholdDiscount, ThresholdRate

MOST_STEPS = 100
TAIL_PERCENT = 2
_NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class OrderValues:
    """Orders by value. Part i holds `edges[i]` ≤ value < `edges[i + 1]`, the last everything from its edge on.

    `edges` ascend from 0 in cents: multiples of `width_cents` and the thresholds asked for; `cents` are sums.
    """

    width_cents: int
    edges: tuple[int, ...]
    counts: tuple[int, ...]
    cents: tuple[int, ...]

    def between(self, low_cents: int, high_cents: int) -> tuple[int, int]:
        """Orders and cents with low ≤ value < high, of the parts that lie in it whole."""
        first, last = bisect_left(self.edges, low_cents), bisect_left(self.edges, high_cents)
        return sum(self.counts[first:last]), sum(self.cents[first:last])

    def from_on(self, low_cents: int) -> int:
        """Orders with a value of at least this edge."""
        return sum(self.counts[bisect_left(self.edges, low_cents) :])

    @classmethod
    def read(cls, data: dict[str, Any]) -> OrderValues:
        """From what `told` wrote."""
        return cls(data["width_cents"], *(tuple(data[name]) for name in ("edges", "counts", "cents")))

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @property
    def middle_cents(self) -> int | None:
        """The edge of the part in which the middle order lies; None without orders."""
        total = sum(self.counts)
        if not total:
            return None
        return self.edges[bisect_left(list(accumulate(self.counts)), (total + 1) // 2)]


def order_values(values: Ints, thresholds: Iterable[int] = ()) -> OrderValues:
    """The distribution of `values` (cents, none negative), with an edge at each of the thresholds.

    The width is the smallest of 1, 2, 5, 10, 20, 50 … yuan that reaches the value which only 2 % exceed in at most a
    hundred parts; what lies beyond is the last part.
    """
    top = _tail(values)
    width = next(
        nice * 10**power for power in range(2, 18) for nice in _NICE if top <= MOST_STEPS * nice * 10**power
    )
    regular = range(0, -(-top // width) * width + 1, width)
    edges = sorted({*regular, *(one for one in thresholds if one > 0)})
    places = np.searchsorted(np.asarray(edges, dtype=np.int64), values, side="right") - 1
    counts = np.bincount(places, minlength=len(edges))
    # Sums of whole cents stay exact in doubles up to 2^53.
    cents = np.bincount(places, weights=values.astype(np.float64), minlength=len(edges))
    return OrderValues(width, tuple(edges), tuple(map(int, counts)), tuple(map(int, cents)))


def _tail(values: Ints) -> int:
    """The value that at most 2 % of the orders exceed."""
    if not len(values):
        return 0
    place = -(-len(values) * (100 - TAIL_PERCENT) // 100) - 1
    return int(np.partition(values, place)[place])


def thresholds_of(offers: Iterable[Offer]) -> list[int]:
    """Every threshold in cents that the offers name, ascending."""
    found: set[int] = set()
    for offer in offers:
        match offer.mechanic:
            case ThresholdDiscount() | ThresholdRate():
                found |= {step.threshold_cents for step in offer.mechanic.steps}
            case ShopCoupon():
                found.add(offer.mechanic.threshold_cents)
    return sorted(one for one in found if one > 0)
