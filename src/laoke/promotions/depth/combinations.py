"""Which offers met on the same orders, and how much of the price they took together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from laoke.promotions.depth.orders import PricedOrders

MOST_COMBINATIONS = 60
WHOLE = 101
_CODES = 1 << 40


@dataclass(frozen=True, slots=True)
class Combination:
    """Orders on which exactly these offers acted; no offers stand for all rarer combinations together.

    `by_percent` holds (percent, orders, cents taken off): the share of the price taken off, rounded up to whole
    percent, so that more than p % are exactly those above p. `highest_bp` is the largest share, rounded down.
    """

    offer_ids: tuple[str, ...]
    orders: int
    discount_cents: int
    listed_cents: int
    highest_bp: int
    by_percent: tuple[tuple[int, int, int], ...]

    def beyond(self, percent: int) -> tuple[int, int]:
        """Orders that lost more than this share of their price, and what was taken off them."""
        found = [(orders, cents) for share, orders, cents in self.by_percent if share > percent]
        return sum(orders for orders, _ in found), sum(cents for _, cents in found)

    @classmethod
    def read(cls, data: Sequence[Any]) -> Combination:
        """From what `told` wrote."""
        offer_ids, orders, discount, listed, highest, by_percent = data
        return cls(tuple(offer_ids), orders, discount, listed, highest, tuple(map(tuple, by_percent)))

    def told(self) -> list[Any]:
        """As plain data, short."""
        sums = (self.orders, self.discount_cents, self.listed_cents, self.highest_bp)
        return [list(self.offer_ids), *sums, [list(one) for one in self.by_percent]]


def combinations(orders: PricedOrders) -> list[Combination]:
    """Every combination that acted on an order, the largest discount first; beyond sixty the rest together."""
    acted = np.flatnonzero(orders.used.any(axis=0))
    if not len(acted):
        return []
    used, listed, discount = orders.used[:, acted], orders.listed[acted], orders.discount[acted]
    first, which = _codes(used)
    base = np.maximum(listed, 1)
    tables = _Tables(
        which, len(first), -(-discount * 100 // base), discount, listed, discount * 10_000 // base
    )
    names = [
        tuple(name for row, name in enumerate(orders.offer_ids) if used[row, place])
        for place in first.tolist()
    ]
    found = [tables.combination([at], name) for at, name in enumerate(names)]
    order = sorted(range(len(found)), key=lambda at: (-found[at].discount_cents, found[at].offer_ids))
    shown = [found[at] for at in order[:MOST_COMBINATIONS]]
    rest = order[MOST_COMBINATIONS:]
    return [*shown, tables.combination(rest, ())] if rest else shown


class _Tables:
    """Orders, cents off, cents listed and the largest share by combination and whole percent."""

    def __init__(
        self, which: Any, count: int, percent: Any, discount: Any, listed: Any, share_bp: Any
    ) -> None:
        key = which * WHOLE + percent
        size = count * WHOLE
        self.orders = np.bincount(key, minlength=size).reshape(count, WHOLE)
        self.cents = np.bincount(key, weights=discount, minlength=size).astype(np.int64).reshape(count, WHOLE)
        self.listed = np.bincount(which, weights=listed, minlength=count).astype(np.int64)
        self.highest = np.zeros(count, dtype=np.int64)
        np.maximum.at(self.highest, which, share_bp)

    def combination(self, rows: Iterable[int], offer_ids: tuple[str, ...]) -> Combination:
        chosen = list(rows)
        orders, cents = self.orders[chosen].sum(axis=0), self.cents[chosen].sum(axis=0)
        shares = tuple((int(at), int(orders[at]), int(cents[at])) for at in np.flatnonzero(orders))
        return Combination(
            offer_ids, int(orders.sum()), int(cents.sum()), int(self.listed[chosen].sum()),
            int(self.highest[chosen].max()), shares,
        )  # fmt: skip


def _codes(used: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The place of the first order of every combination, and the number of each order's."""
    code = np.zeros(used.shape[1], dtype=np.int64)
    for row in used:
        code = code * 2 + row
        if code.max() >= _CODES:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return first.astype(np.int64), which.astype(np.int64)
