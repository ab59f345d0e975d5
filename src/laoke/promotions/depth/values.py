"""The distribution of order values: how many orders and how much money in each step, exact at every edge."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from laoke.promotions.columnar.columns import Ints
from laoke.promotions.engine import Offer, ShopCoupon, ThresholdDiscount, ThresholdRate

MOST_STEPS = 100
TAIL_PERCENT = 2
_NICE = (1, 2, 5)


@dataclass(frozen=True)
class OrderValues:
    """Orders by value. Part i holds `edges[i]` ≤ value < `edges[i + 1]`, the last everything from its edge on.

    `edges` ascend from 0 in cents, a tenth of `width_cents` apart (at least a yuan), with the `thresholds` asked for
    among them; `cents` are sums.
    """

    width_cents: int
    thresholds: tuple[int, ...]
    edges: tuple[int, ...]
    counts: tuple[int, ...]
    cents: tuple[int, ...]

    @cached_property
    def _sums(self) -> tuple[list[int], list[int]]:
        """Orders and cents before each edge, and in all."""
        return list(accumulate(self.counts, initial=0)), list(accumulate(self.cents, initial=0))

    def between(self, low_cents: int, high_cents: int) -> tuple[int, int]:
        """Orders and cents with low ≤ value < high, of the parts that lie in it whole."""
        first, last = bisect_left(self.edges, low_cents), bisect_left(self.edges, high_cents)
        counts, cents = self._sums
        return counts[last] - counts[first], cents[last] - cents[first]

    def from_on(self, low_cents: int) -> int:
        """Orders with a value of at least this edge."""
        counts, _ = self._sums
        return counts[-1] - counts[bisect_left(self.edges, low_cents)]

    @property
    def steps(self) -> list[int]:
        """The edges that a step may stand at: multiples of the width, and the thresholds asked for."""
        asked = set(self.thresholds)
        return [edge for edge in self.edges if edge and (edge in asked or not edge % self.width_cents)]

    @classmethod
    def read(cls, data: dict[str, Any]) -> OrderValues:
        """From what `told` wrote."""
        names = ("thresholds", "edges", "counts", "cents")
        return cls(data["width_cents"], *(tuple(data[name]) for name in names))

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @property
    def middle_cents(self) -> int | None:
        """The edge of the part in which the middle order lies; None without orders."""
        total = sum(self.counts)
        if not total:
            return None
        return self.edges[bisect_left(self._sums[0], (total + 1) // 2) - 1]


def order_values(values: Ints, thresholds: Iterable[int] = ()) -> OrderValues:
    """The distribution of `values` (cents, none negative), with an edge at each of the thresholds.

    The width is the smallest of 1, 2, 5, 10, 20, 50 … yuan that reaches the value which only 2 % exceed in at most a
    hundred steps; what lies beyond is the last part. Thresholds beyond it widen that to twice as much at most.
    """
    asked = sorted({one for one in thresholds if one > 0})
    tail = _tail(values)
    top = max(tail, min(asked[-1], 2 * tail)) if asked else tail
    width = next(
        nice * 10**power for power in range(2, 18) for nice in _NICE if top <= MOST_STEPS * nice * 10**power
    )
    edges = sorted({*range(0, -(-top // width) * width + 1, max(width // 10, 100)), *asked})
    places = np.searchsorted(np.asarray(edges, dtype=np.int64), values, side="right") - 1
    counts = np.bincount(places, minlength=len(edges))
    # Sums of whole cents stay exact in doubles up to 2^53.
    cents = np.bincount(places, weights=values.astype(np.float64), minlength=len(edges))
    return OrderValues(width, tuple(asked), tuple(edges), tuple(map(int, counts)), tuple(map(int, cents)))


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
