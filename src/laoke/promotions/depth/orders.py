"""The priced orders of a period as one set of columns: those with lines, then those with totals only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar import BasketColumns, PricedBaskets
from laoke.promotions.columnar.columns import Ints

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PricedOrders:
    """n orders under k offers in pricing order. Cents, int64, of goods without postage.

    listed   at the prices of then, before every offer
    value    after offers on single items: what a threshold of the whole order looks at
    paid     what was paid then
    after    what would be paid under the offers
    cost     of the goods, 0 where it is not known; `cost_known` says so, costs of gifts included
    given    what gifts cost and what postage was waived
    used     (k, n): the offer took something off the order or gave it a gift
    """

    offer_ids: tuple[str, ...]
    order_ids: npt.NDArray[Any]
    listed: Ints
    value: Ints
    paid: Ints
    after: Ints
    cost: Ints
    cost_known: Flags
    given: Ints
    used: Flags

    @property
    def count(self) -> int:
        """How many orders there are."""
        return len(self.listed)

    @property
    def discount(self) -> Ints:
        """What all offers together take off each order's goods."""
        return self.listed - self.after

    def joined(self, other: Self) -> PricedOrders:
        """These orders and then the others; where one side has none, the other as it is.

        Raises
        ------
        ValueError
            for orders under other offers.
        """
        if other.offer_ids != self.offer_ids:
            raise ValueError("orders under different offers are not joined")
        if not other.count or not self.count:
            return self if self.count else other
        names = ("order_ids", "listed", "value", "paid", "after", "cost", "cost_known", "given")
        columns = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names}
        return PricedOrders(self.offer_ids, **columns, used=np.concatenate([self.used, other.used], axis=1))


def priced_orders(
    columns: BasketColumns, priced: PricedBaskets, paid_cents: Ints, order_ids: npt.NDArray[Any]
) -> PricedOrders:
    """The columns of what was priced; `paid_cents` and `order_ids` are per basket."""
    cost, known = columns.basket_costs()
    known = known & priced.gift_cost_known
    used = priced.discount_cents > 0
    for row, pieces in priced.gift_pieces.items():
        used[row] |= pieces > 0
    return PricedOrders(
        offer_ids=tuple(offer.offer_id for offer in priced.offers),
        order_ids=order_ids,
        listed=columns.basket_sums(columns.unit_price_cents * columns.quantity),
        value=columns.basket_sums(priced.line_base_cents),
        paid=paid_cents,
        after=priced.payable_cents,
        cost=np.where(known, cost, 0),
        cost_known=known,
        given=priced.gift_cost_cents + priced.postage_off_cents,
        used=used,
    )
