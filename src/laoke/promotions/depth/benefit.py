"""Who gains: what goes to new buyers, to those who came before, and to the people of a segment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import Ints
from laoke.promotions.depth.orders import Flags, PricedOrders

UNKNOWN = -1
HISTORIES = ("first", "second", "third_to_fifth", "later", "unknown")


@dataclass(frozen=True, slots=True)
class Benefit:
    """The orders of a group: how many, how many got something, at the prices of then, what was taken off, and what they
    leave in cents (None where no cost is known)."""

    key: str
    orders: int
    helped: int
    listed_cents: int
    discount_cents: int
    net_cents: int | None

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def benefit(orders: PricedOrders, who: Flags, key: str, net: Ints) -> Benefit:
    """What the orders of `who` get; `net` is what each order leaves. An order is helped when any offer acted on it."""
    known = orders.cost_known & who
    return Benefit(
        key,
        int(who.sum()),
        int(np.count_nonzero(orders.used.any(axis=0) & who)),
        int(orders.listed[who].sum()),
        int(orders.discount[who].sum()),
        int(net[known].sum()) if known.any() else None,
    )


def by_history(orders: PricedOrders, earlier: Ints, net: Ints) -> list[Benefit]:
    """By how many orders the buyer had paid for before (`UNKNOWN`: no buyer); groups without orders are absent."""
    group = np.searchsorted(np.array([1, 2, 5]), earlier, side="right")
    group = np.where(earlier == UNKNOWN, len(HISTORIES) - 1, group)
    found = [benefit(orders, group == at, key, net) for at, key in enumerate(HISTORIES)]
    return [one for one in found if one.orders]


def members(person_ids: Ints, of_segment: npt.NDArray[np.int64]) -> Flags:
    """Which orders are those of a segment's people."""
    return np.isin(person_ids, of_segment)
