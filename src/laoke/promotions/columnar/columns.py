"""Many baskets as flat arrays: lines one after the other, with offsets where each basket begins.

Lines of a basket must lie in the order of their line ids, because that is the order in which the engine prices
them (rule R20). Products are numbered by a dictionary, so that scopes are tested once per product, not per line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from laoke.promotions.engine import EngineError

Ints = npt.NDArray[np.int64]

UNKNOWN_COST = -1
MOST_BASKET_CENTS = 3_000_000_000
"""Thirty million yuan: up to here the product of two amounts of one basket fits into 64 bits."""


@dataclass(frozen=True, slots=True)
class BasketColumns:
    """n baskets of m lines. Cents and pieces are int64; `offsets` has n + 1 entries, 0 … m.

    `product` numbers into `product_ids` and `categories` (same length). `cost_cents` is the cost of one piece, −1
    where unknown. `postage_cents` and `region` (numbers into `region_names`) are per basket; left out, there is no
    postage and no region is known.
    """

    offsets: Ints
    product: npt.NDArray[np.int32]
    quantity: Ints
    unit_price_cents: Ints
    cost_cents: Ints
    product_ids: tuple[str, ...]
    categories: tuple[str, ...]
    postage_cents: Ints | None = None
    region: npt.NDArray[np.int32] | None = None
    region_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_shape()
        if self.line_count and (self.unit_price_cents.min() < 0 or self.quantity.min() < 1):
            raise EngineError("out_of_range", "columns")
        sums = self.basket_sums(self.unit_price_cents.astype(np.float64) * self.quantity)
        if len(sums) and sums.max() > MOST_BASKET_CENTS:
            raise EngineError("basket_too_large", "unit_price_cents", most=MOST_BASKET_CENTS)

    @property
    def basket_count(self) -> int:
        """How many baskets there are."""
        return len(self.offsets) - 1

    @property
    def line_count(self) -> int:
        """How many lines all baskets have together."""
        return len(self.product)

    def basket_sums(self, per_line: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Sums of a line column by basket. Every basket has a line, which is what reduceat needs."""
        if not self.basket_count:
            return np.zeros(0, dtype=per_line.dtype)
        return np.add.reduceat(per_line, self.offsets[:-1])

    def placed(self, postage_cents: npt.ArrayLike, regions: Sequence[str]) -> Self:
        """The same baskets with postage and province ("" = unknown), one per basket."""
        names, numbers = np.unique(np.asarray(regions, dtype=object).astype(str), return_inverse=True)
        return replace(
            self,
            postage_cents=np.asarray(postage_cents, dtype=np.int64),
            region=numbers.astype(np.int32),
            region_names=tuple(str(name) for name in names),
        )

    def basket_costs(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Cost of each basket in cents, and whether it is known (it is when every line's is)."""
        known = self.basket_sums((self.cost_cents < 0).astype(np.int64)) == 0
        cost = self.basket_sums(self.cost_cents * self.quantity)
        return np.where(known, cost, 0), known

    def _check_shape(self) -> None:
        offsets = self.offsets
        if (
            len(offsets) < 1
            or offsets[0] != 0
            or offsets[-1] != self.line_count
            or np.any(np.diff(offsets) < 1)
        ):
            raise EngineError("broken_offsets", "offsets")
        for name in ("quantity", "unit_price_cents", "cost_cents"):
            if len(getattr(self, name)) != self.line_count:
                raise EngineError(
                    "unequal_length", name, found=len(getattr(self, name)), expected=self.line_count
                )
        for name in ("postage_cents", "region"):
            column = getattr(self, name)
            if column is not None and len(column) != self.basket_count:
                raise EngineError("unequal_length", name, found=len(column), expected=self.basket_count)
        if len(self.categories) != len(self.product_ids):
            raise EngineError("unequal_length", "categories", found=len(self.categories))
        if self.line_count and not 0 <= self.product.min() <= self.product.max() < len(self.product_ids):
            raise EngineError("unknown_product_number", "product")


def columns_from_lines(
    order_ids: Sequence[Any] | npt.NDArray[Any],
    product_ids: Sequence[str] | npt.NDArray[Any],
    quantity: npt.ArrayLike,
    unit_price_cents: npt.ArrayLike,
    cost_cents: npt.ArrayLike,
    category_of: Mapping[str, str],
) -> tuple[BasketColumns, npt.NDArray[Any]]:
    """Columns from order lines sorted by (order id, line id), and the order id of each basket.

    `cost_cents` is per piece, −1 where unknown; products without an entry in `category_of` have no category.
    Raises EngineError when an order's lines do not lie together.
    """
    orders = np.asarray(order_ids)
    starts = (
        np.flatnonzero(np.r_[True, orders[1:] != orders[:-1]]) if len(orders) else np.zeros(0, dtype=np.int64)
    )
    baskets = orders[starts]
    if len(np.unique(baskets)) != len(baskets):
        raise EngineError("order_not_together", "order_ids")
    names, numbers = np.unique(np.asarray(product_ids, dtype=object).astype(str), return_inverse=True)
    known = tuple(str(name) for name in names)
    columns = BasketColumns(
        offsets=np.r_[starts, len(orders)].astype(np.int64),
        product=numbers.astype(np.int32),
        quantity=np.asarray(quantity, dtype=np.int64),
        unit_price_cents=np.asarray(unit_price_cents, dtype=np.int64),
        cost_cents=np.asarray(cost_cents, dtype=np.int64),
        product_ids=known,
        categories=tuple(category_of.get(name, "") for name in known),
    )
    return columns, baskets


def columns_from_totals(goods_cents: npt.ArrayLike, cost_cents: npt.ArrayLike | None = None) -> BasketColumns:
    """Columns for orders whose lines are not known: one line of one nameless product with the goods of the order.

    Rates and thresholds in money on all products price these exactly in sum; offers on products or categories find
    nothing in scope. Offers that take an amount off a piece or state what one costs would take the order for one piece:
    whoever prices keeps them away (`eligible`), so that these orders stand unpriced by them.
    """
    goods = np.asarray(goods_cents, dtype=np.int64)
    count = len(goods)
    return BasketColumns(
        offsets=np.arange(count + 1, dtype=np.int64),
        product=np.zeros(count, dtype=np.int32),
        quantity=np.ones(count, dtype=np.int64),
        unit_price_cents=goods,
        cost_cents=np.full(count, UNKNOWN_COST)
        if cost_cents is None
        else np.asarray(cost_cents, dtype=np.int64),
        product_ids=("",),
        categories=("",),
    )
