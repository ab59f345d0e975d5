"""Benefits beside the price over whole columns (rules R34 and R35), after everything else is priced.

Where nobody says what buyers had spent before, each order is taken to pass the level whose reward costs most (R17).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import BasketColumns, Ints
from laoke.promotions.columnar.giving import Given
from laoke.promotions.engine import EngineError, Layer, LevelReward, Offer, ServiceBenefit

Flags = npt.NDArray[np.bool_]


def promise_benefits(
    columns: BasketColumns,
    offers: Sequence[Offer],
    covers: Flags,
    eligible: Flags,
    line_payable: Ints,
    spent: Mapping[str, Ints],
    given: Given,
    reached: Flags,
) -> None:
    """Write what is promised into `given` (cost where it is stated, and how many) and `reached` at the offers' rows.

    `spent[offer_id]` is what the buyer of each basket had spent in the term before it, cents.
    """
    for row, offer in enumerate(offers):
        if offer.layer is not Layer.BENEFIT:
            continue
        in_scope = covers[row][columns.product]
        opened = eligible[row] & (columns.basket_sums(in_scope.astype(np.int64)) > 0)
        if isinstance(offer.mechanic, ServiceBenefit):
            count, cost = opened.astype(np.int64), opened * (offer.mechanic.cost_cents or 0)
        elif isinstance(offer.mechanic, LevelReward):
            before = spent.get(offer.offer_id)
            if before is not None and len(before) != columns.basket_count:
                raise EngineError(
                    "unequal_length", "spent", offer_id=offer.offer_id, expected=columns.basket_count
                )
            paid = columns.basket_sums(np.where(in_scope, line_payable, 0))
            count, cost = _rewards(offer.mechanic, before, paid)
            count, cost = np.where(opened, count, 0), np.where(opened, cost, 0)
        reached[row] = count > 0
        given.gift_pieces[row] = count
        given.gift_cost_cents[:] += cost


def _rewards(mechanic: LevelReward, before: Ints | None, paid: Ints) -> tuple[Ints, Ints]:
    """How many levels each basket passes, and what their rewards cost."""
    if before is None:
        dearest = max(level.cost_cents or 0 for level in mechanic.levels)
        return np.ones(len(paid), np.int64), np.full(len(paid), dearest, np.int64)
    spends = np.array([level.spend_cents for level in mechanic.levels], np.int64)
    costs = np.r_[0, np.cumsum([level.cost_cents or 0 for level in mechanic.levels])]
    first = np.searchsorted(spends, before, side="right")
    last = np.searchsorted(spends, before + paid, side="right")
    return last - first, costs[last] - costs[first]
