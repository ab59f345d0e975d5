"""Which past orders show an offer: what the shop took off each is compared with what every set of its offers takes off.

An order shows an offer when only sets that use it come to its discount, to the cent. Of an offer with several prices
each is tried, as orders do not tell the buyer's level or how many had bought; the step of an early bird is that of the
order's time. numpy is needed to import this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar import BasketColumns, price_baskets
from laoke.promotions.engine import VARIED, EarlyBird, Layer, Offer, with_variant

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.datetime64]

# Their discount stands in what the shop took off. Gifts leave no trace there, postage stands apart, and what the
# platform takes off has a column of its own.
SHOWN_LAYERS = (Layer.ITEM, Layer.ADDON, Layer.SHOP, Layer.COUPON)
MOST_OFFERS = 6
MOST_SETS = 512
"""Every set of the offers is priced, an offer with several prices once with each: 64 sets of six offers with one."""


@dataclass(frozen=True)
class Matched:
    """Per basket: whether an offer takes something off it by itself, is shown by it, or fits as well as not.

    `off_cents` is what the offer took off where it is shown.
    """

    reached: Flags
    shown: Flags
    maybe: Flags
    off_cents: Ints


def is_shown_by_orders(offer: Offer) -> bool:
    """Whether the discount columns of orders can show the offer at all."""
    return offer.layer in SHOWN_LAYERS


def are_few_enough(offers: Sequence[Offer]) -> bool:
    """Whether every set of these offers can be priced, with each of their prices."""
    return len(offers) <= MOST_OFFERS and prod(1 + len(_forms(one)) for one in offers) <= MOST_SETS


def match_baskets(
    columns: BasketColumns,
    offers: Sequence[Offer],
    open_to: Mapping[str, Flags],
    off_cents: Ints,
    coupon: Flags | None,
    placed: Moments,
) -> tuple[dict[str, Matched], Flags]:
    """For each offer what the baskets show of it, and the baskets whose discount no set of the offers comes to.

    `off_cents` is what the shop took off each basket; `open_to[offer_id]` says which were placed while it ran. `coupon`
    says where a coupon was used, None where the orders do not tell; `placed` is when, shop time. More offers than
    `are_few_enough` are an error of the caller; those that orders cannot show are left out.
    """
    tried = [one for one in offers if is_shown_by_orders(one)]
    assert are_few_enough(tried)
    steps = {
        one.offer_id: _early_steps(one.mechanic, placed)
        for one in tried
        if isinstance(one.mechanic, EarlyBird)
    }
    seen = {one.offer_id: _Seen.empty(columns.basket_count) for one in tried}
    fits = np.zeros(columns.basket_count, dtype=np.bool_)
    for chosen in _sets(tried):
        taken = _taken(columns, chosen, open_to, steps)
        names = [one.offer_id for one in chosen]
        fit = np.asarray(sum(taken.values(), np.zeros(columns.basket_count, dtype=np.int64)) == off_cents)
        if coupon is not None:
            for offer in chosen:
                if offer.layer is Layer.COUPON:
                    fit &= coupon | (taken[offer.offer_id] == 0)
        fits |= fit
        for offer in tried:
            seen[offer.offer_id].note(fit, taken.get(offer.offer_id), alone=names == [offer.offer_id])
    return {name: one.matched for name, one in seen.items()}, ~fits & (off_cents > 0)


def _sets(offers: Sequence[Offer]) -> Iterator[tuple[Offer, ...]]:
    """Every set of the offers with each of their prices, the empty one first."""
    for size in range(len(offers) + 1):
        for chosen in combinations(offers, size):
            yield from product(*(_forms(one) for one in chosen))


def _forms(offer: Offer) -> list[Offer]:
    """The offer with each price that it may have had for an order; an early bird keeps all, its time tells which."""
    mechanic = offer.mechanic
    if not isinstance(mechanic, VARIED) or isinstance(mechanic, EarlyBird):
        return [offer]
    prices = list(mechanic.variants)
    return [with_variant(offer, prices.index(one)) for one in dict.fromkeys(prices)]


def _early_steps(early: EarlyBird, placed: Moments) -> Ints:
    """The number of the step that was open at each moment, −1 after the last."""
    until = np.array([step.until for step in early.steps], dtype="datetime64[us]")
    number = np.searchsorted(until, placed.astype("datetime64[us]"), side="right").astype(np.int64)
    return np.where(number < len(until), number, -1)


def _taken(
    columns: BasketColumns,
    chosen: Sequence[Offer],
    open_to: Mapping[str, Flags],
    steps: Mapping[str, Ints],
) -> dict[str, Ints]:
    """What each of the offers takes off each basket when these, and no others, run."""
    if not chosen:
        return {}
    names = [one.offer_id for one in chosen]
    priced = price_baskets(
        columns,
        chosen,
        {name: open_to[name] for name in names},
        variant={name: steps[name] for name in names if name in steps},
    )
    return {one.offer_id: priced.discount_cents[row] for row, one in enumerate(priced.offers)}


@dataclass
class _Seen:
    """What the sets tried so far say of one offer."""

    reached: Flags
    with_it: Flags
    without: Flags
    off_cents: Ints

    @classmethod
    def empty(cls, count: int) -> _Seen:
        flags = [np.zeros(count, dtype=np.bool_) for _ in range(3)]
        return cls(flags[0], flags[1], flags[2], np.zeros(count, dtype=np.int64))

    def note(self, fit: Flags, taken: Ints | None, *, alone: bool) -> None:
        """A set fits some baskets; it may hold the offer and still take nothing off by it."""
        if taken is None:
            self.without |= fit
            return
        used = taken > 0
        if alone:
            self.reached |= used
        self.with_it |= fit & used
        self.without |= fit & ~used
        self.off_cents = np.where(fit & used, taken, self.off_cents)

    @property
    def matched(self) -> Matched:
        shown = self.with_it & ~self.without
        return Matched(self.reached, shown, self.with_it & self.without, np.where(shown, self.off_cents, 0))
