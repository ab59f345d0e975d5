"""From priced baskets to the figures of a backtest (rules R17 to R19).

The figures are sums, so that a period may be priced in pieces and added up. No change of behaviour is assumed:
the same orders, priced again.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from laoke.promotions.columnar.columns import BasketColumns, Ints
from laoke.promotions.columnar.pricing import PricedBaskets
from laoke.promotions.engine import DiscountSums, TooFewOrders, needed_orders, too_few_orders


@dataclass(frozen=True, slots=True)
class OfferFigures:
    """One offer over a period: orders that reached it, orders that used it, cents it took off, gifts it gave."""

    offer_id: str
    qualifying_orders: int
    used_orders: int
    discount_cents: int
    gift_pieces: int = 0

    def __add__(self, other: Self) -> "OfferFigures":
        if other.offer_id != self.offer_id:
            raise ValueError(f"figures of {self.offer_id} and {other.offer_id} do not add up")
        return OfferFigures(
            self.offer_id,
            self.qualifying_orders + other.qualifying_orders,
            self.used_orders + other.used_orders,
            self.discount_cents + other.discount_cents,
            self.gift_pieces + other.gift_pieces,
        )


@dataclass(frozen=True, slots=True)
class BacktestFigures:
    """What the offers would have cost on the orders of a period. Cents, without postage.

    `list_cents − revenue_after_cents = sums.cents` is the discount given. Margin and loss figures cover the
    `cost_known_orders` only, and after the offers count gifts and waived postage as cost; losses are positive amounts.
    `unlimited` are the discounts if nothing was ever used up: they say whether the period holds enough orders.
    """

    sums: DiscountSums
    unlimited: DiscountSums
    discounted_orders: int
    list_cents: int
    revenue_before_cents: int
    revenue_after_cents: int
    cost_known_orders: int
    cost_known_before_cents: int
    cost_known_after_cents: int
    cost_cents: int
    gift_cost_cents: int
    postage_off_cents: int
    known_given_cents: int
    loss_orders_before: int
    loss_cents_before: int
    loss_orders_after: int
    loss_cents_after: int
    offers: tuple[OfferFigures, ...]

    @property
    def orders(self) -> int:
        """How many orders were priced."""
        return self.sums.orders

    @property
    def discount_cents(self) -> int:
        """All offers together."""
        return self.sums.cents

    @property
    def cost_unknown_orders(self) -> int:
        """Orders with a line whose cost is not known; they take part in no margin figure."""
        return self.orders - self.cost_known_orders

    @property
    def margin_before_cents(self) -> int | None:
        """What was paid then minus cost; None when no order's cost is known."""
        return self.cost_known_before_cents - self.cost_cents if self.cost_known_orders else None

    @property
    def margin_after_cents(self) -> int | None:
        """What would be paid minus cost, gifts and waived postage; None when no order's cost is known."""
        if not self.cost_known_orders:
            return None
        return self.cost_known_after_cents - self.cost_cents - self.known_given_cents

    @property
    def needed_orders(self) -> int:
        """How many orders a period of this kind must hold (rule R19)."""
        return needed_orders(self.unlimited)

    @property
    def refusal(self) -> TooFewOrders | None:
        """The refusal of the period when it holds too few orders, else None. Show no figure beside it."""
        return too_few_orders(self.orders, self.needed_orders)

    def __add__(self, other: Self) -> "BacktestFigures":
        added: dict[str, Any] = {
            name: getattr(self, name) + getattr(other, name) for name in self.__slots__ if name != "offers"
        }
        pairs = zip(self.offers, other.offers, strict=True)
        return BacktestFigures(**added, offers=tuple(mine + theirs for mine, theirs in pairs))

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data for JSON, derived ones included; None where nothing is known."""
        refusal = self.refusal
        return {
            "orders": self.orders,
            "discounted_orders": self.discounted_orders,
            "discount_cents": self.discount_cents,
            "mean_discount_cents": self.sums.mean_cents,
            "mean_discount_half_width_cents": self.sums.half_width_cents,
            "list_cents": self.list_cents,
            "revenue_before_cents": self.revenue_before_cents,
            "revenue_after_cents": self.revenue_after_cents,
            "cost_known_orders": self.cost_known_orders,
            "cost_unknown_orders": self.cost_unknown_orders,
            "cost_cents": self.cost_cents,
            "gift_cost_cents": self.gift_cost_cents,
            "postage_off_cents": self.postage_off_cents,
            "margin_before_cents": self.margin_before_cents,
            "margin_after_cents": self.margin_after_cents,
            "loss_orders_before": self.loss_orders_before,
            "loss_cents_before": self.loss_cents_before,
            "loss_orders_after": self.loss_orders_after,
            "loss_cents_after": self.loss_cents_after,
            "needed_orders": self.needed_orders,
            "refused": None if refusal is None else refusal.code,
            "offers": [
                {
                    "offer_id": offer.offer_id,
                    "qualifying_orders": offer.qualifying_orders,
                    "used_orders": offer.used_orders,
                    "discount_cents": offer.discount_cents,
                    "gift_pieces": offer.gift_pieces,
                }
                for offer in self.offers
            ],
        }


def backtest_figures(
    columns: BasketColumns, priced: PricedBaskets, paid_cents: Ints | None = None
) -> BacktestFigures:
    """The figures of `priced`. `paid_cents` is what each order paid for its goods then (default: sum of its prices)."""
    listed = columns.basket_sums(columns.unit_price_cents * columns.quantity)
    before = listed if paid_cents is None else np.asarray(paid_cents, dtype=np.int64)
    after = priced.payable_cents
    sums = discount_sums(columns, priced)
    cost, known = columns.basket_costs()
    known = known & priced.gift_cost_known
    cost = np.where(known, cost, 0)
    given = priced.gift_cost_cents + priced.postage_off_cents
    dearer = cost + given
    loss_before = np.where(known & (before < cost), cost - before, 0)
    loss_after = np.where(known & (after < dearer), dearer - after, 0)
    return BacktestFigures(
        sums=sums,
        unlimited=sums,
        discounted_orders=int(np.count_nonzero(listed - after)),
        list_cents=int(listed.sum()),
        revenue_before_cents=int(before.sum()),
        revenue_after_cents=int(after.sum()),
        cost_known_orders=int(known.sum()),
        cost_known_before_cents=int(before[known].sum()),
        cost_known_after_cents=int(after[known].sum()),
        cost_cents=int(cost.sum()),
        gift_cost_cents=int(priced.gift_cost_cents.sum()),
        postage_off_cents=int(priced.postage_off_cents.sum()),
        known_given_cents=int(given[known].sum()),
        loss_orders_before=int(np.count_nonzero(loss_before)),
        loss_cents_before=int(loss_before.sum()),
        loss_orders_after=int(np.count_nonzero(loss_after)),
        loss_cents_after=int(loss_after.sum()),
        offers=tuple(
            OfferFigures(
                offer.offer_id,
                qualifying_orders=int(np.count_nonzero(priced.reached[row])),
                used_orders=int(np.count_nonzero(priced.gift_pieces.get(row, priced.discount_cents[row]))),
                discount_cents=int(priced.discount_cents[row].sum()),
                gift_pieces=int(priced.gift_pieces[row].sum()) if row in priced.gift_pieces else 0,
            )
            for row, offer in enumerate(priced.offers)
        ),
    )


def discount_sums(columns: BasketColumns, priced: PricedBaskets) -> DiscountSums:
    """What rule R19 needs of the discounts of priced orders."""
    discount = columns.basket_sums(columns.unit_price_cents * columns.quantity) - priced.payable_cents
    return DiscountSums(columns.basket_count, int(discount.sum()), _sum_of_squares(discount))


def loss_baskets(columns: BasketColumns, priced: PricedBaskets) -> tuple[Ints, Ints]:
    """Positions of the baskets that would go below cost, the largest loss first, and their losses in cents."""
    cost, known = columns.basket_costs()
    given = priced.gift_cost_cents + priced.postage_off_cents
    loss = np.where(known & priced.gift_cost_known, cost + given - priced.payable_cents, 0)
    positions = np.flatnonzero(loss > 0)
    ranked = positions[np.argsort(-loss[positions], kind="stable")]
    return ranked, loss[ranked]


def _sum_of_squares(cents: Ints) -> int:
    """Σ cents² without overflow: by high and low halves of 16 bits, each sum in whole numbers."""
    high, low = cents >> 16, cents & 0xFFFF
    parts = (int(np.dot(high, high)), int(np.dot(high, low)), int(np.dot(low, low)))
    return (parts[0] << 32) + (parts[1] << 17) + parts[2]
