"""What is left of each order: price minus goods, gifts, waived postage, the platform's fee and the shop's own postage.

Only orders whose every cost is known take part, as in rule R18.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from laoke.money import FULL_BP, divide_half_up
from laoke.promotions.columnar.columns import Ints
from laoke.promotions.depth.orders import PricedOrders

MOST_POSTAGE = 10**9


@dataclass(frozen=True, slots=True)
class CostTerms:
    """What the operator states of every order: the platform's share of what is paid for goods, and what sending it
    costs the shop beyond what the buyer pays, in cents."""

    fee_bp: int = 0
    postage_cents: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.fee_bp < FULL_BP and 0 <= self.postage_cents <= MOST_POSTAGE):
            raise ValueError(f"fee {self.fee_bp} or postage {self.postage_cents} out of range")


@dataclass(frozen=True, slots=True)
class NetFigures:
    """Sums in cents over the orders whose cost is known. `listed` is without any offer, `paid` as it was sold then,
    `after` under the offers; losses are positive amounts."""

    orders: int
    listed_cents: int
    listed_net_cents: int
    paid_net_cents: int
    after_net_cents: int
    after_fee_cents: int
    postage_cents: int
    goods_rate_bp: int | None
    losing_listed: int
    losing_paid: int
    losing_after: int
    loss_paid_cents: int
    loss_after_cents: int


@dataclass(frozen=True, slots=True)
class LosingOrder:
    """An order that would be sold at a loss, in cents. `beside` is what gifts and waived postage cost."""

    order_id: str
    listed_cents: int
    after_cents: int
    cost_cents: int
    beside_cents: int
    fee_cents: int
    postage_cents: int
    net_cents: int
    offer_ids: tuple[str, ...]


def fees(paid: Ints, terms: CostTerms) -> Ints:
    """The platform's fee of each order, half up."""
    return (paid * terms.fee_bp * 2 + FULL_BP) // (2 * FULL_BP)


def net_after(orders: PricedOrders, terms: CostTerms) -> Ints:
    """What is left of each order under the offers; 0 where its cost is not known."""
    left = orders.after - fees(orders.after, terms) - orders.cost - orders.given - terms.postage_cents
    return np.where(orders.cost_known, left, 0)


def _net(price: Ints, orders: PricedOrders, terms: CostTerms) -> Ints:
    return np.where(orders.cost_known, price - fees(price, terms) - orders.cost - terms.postage_cents, 0)


def net_figures(orders: PricedOrders, terms: CostTerms) -> NetFigures:
    """The sums of a period. `goods_rate_bp` is what a further yuan of an order's value (after offers on single items)
    leaves after cost and fee, in ten-thousandths (half up): without postage, as a fuller parcel pays none twice."""
    listed, paid, after = (
        _net(orders.listed, orders, terms),
        _net(orders.paid, orders, terms),
        net_after(orders, terms),
    )
    known = int(orders.cost_known.sum())
    value_cents = int(orders.value[orders.cost_known].sum())
    earned = int((orders.value - fees(orders.value, terms) - orders.cost)[orders.cost_known].sum())
    return NetFigures(
        orders=known,
        listed_cents=int(orders.listed[orders.cost_known].sum()),
        listed_net_cents=int(listed.sum()),
        paid_net_cents=int(paid.sum()),
        after_net_cents=int(after.sum()),
        after_fee_cents=int(fees(orders.after, terms)[orders.cost_known].sum()),
        postage_cents=known * terms.postage_cents,
        goods_rate_bp=divide_half_up(earned * FULL_BP, value_cents) if value_cents else None,
        losing_listed=int(np.count_nonzero(listed < 0)),
        losing_paid=int(np.count_nonzero(paid < 0)),
        losing_after=int(np.count_nonzero(after < 0)),
        loss_paid_cents=-int(paid[paid < 0].sum()),
        loss_after_cents=-int(after[after < 0].sum()),
    )


def losing_orders(orders: PricedOrders, terms: CostTerms, most: int) -> list[LosingOrder]:
    """The orders at a loss under the offers, the largest loss first, then by order number."""
    net = net_after(orders, terms)
    places = np.flatnonzero(net < 0)
    if len(places) > most:
        # All that could be among the first: ties with the last of them are decided by number below.
        bound = np.partition(net[places], most - 1)[most - 1]
        places = places[net[places] <= bound]
    ranked = sorted(places.tolist(), key=lambda at: (net[at], str(orders.order_ids[at])))[:most]
    fee = fees(orders.after, terms)
    return [
        LosingOrder(
            order_id=str(orders.order_ids[at]),
            listed_cents=int(orders.listed[at]),
            after_cents=int(orders.after[at]),
            cost_cents=int(orders.cost[at]),
            beside_cents=int(orders.given[at]),
            fee_cents=int(fee[at]),
            postage_cents=terms.postage_cents,
            net_cents=int(net[at]),
            offer_ids=tuple(name for row, name in enumerate(orders.offer_ids) if orders.used[row, at]),
        )
        for at in ranked
    ]


def told(figures: NetFigures) -> dict[str, Any]:
    """The figures as plain data."""
    return asdict(figures)
