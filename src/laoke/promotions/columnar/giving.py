"""Gifts and free postage over whole columns (rules R26 and R27), after the kernel has priced the goods.

A backtest takes the dearest case: of several gifts the one that costs most, and stock that does not run out (R17).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import BasketColumns, Ints
from laoke.promotions.engine import FreePostage, GiftStep, Layer, Offer, ThresholdGift
from laoke.promotions.engine.beside import PIECES

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Given:
    """Per basket: the cost of its gifts and whether all of it is known, the postage taken off; per offer the gifts.

    `gift_pieces` has a column of pieces for every gift offer by its row.
    """

    gift_cost_cents: Ints
    gift_cost_known: Flags
    postage_off_cents: Ints
    gift_pieces: dict[int, Ints]


def give(
    columns: BasketColumns,
    offers: tuple[Offer, ...],
    covers: Flags,
    eligible: Flags,
    line_base: Ints,
    reached: Flags,
    discount: Ints,
) -> Given:
    """Work out gifts and postage, and write into `reached` and `discount` at the rows of their offers."""
    count = columns.basket_count
    given = Given(np.zeros(count, np.int64), np.ones(count, np.bool_), np.zeros(count, np.int64), {})
    for row, offer in enumerate(offers):
        if offer.layer not in (Layer.GIFT, Layer.POSTAGE):
            continue
        measure, touched = _measure(columns, covers[row], offer, line_base)
        opened = eligible[row] & touched
        if isinstance(offer.mechanic, ThresholdGift):
            _give_gift(given, row, offer.mechanic, measure, opened, reached)
        elif isinstance(offer.mechanic, FreePostage):
            _waive_postage(columns, given, row, offer.mechanic, measure, opened, reached, discount)
    return given


def moved(given: Given, rows: Ints) -> Given:
    """The same with the rows of gift offers renumbered."""
    return replace(given, gift_pieces={int(rows[row]): found for row, found in given.gift_pieces.items()})


def _measure(columns: BasketColumns, covered: Flags, offer: Offer, line_base: Ints) -> tuple[Ints, Flags]:
    """The sum or pieces in scope of each basket, and whether a line of it is in scope."""
    in_scope = covered[columns.product]
    by_pieces = isinstance(offer.mechanic, ThresholdGift | FreePostage) and offer.mechanic.by == PIECES
    own = columns.quantity if by_pieces else line_base
    return columns.basket_sums(np.where(in_scope, own, 0)), columns.basket_sums(in_scope.astype(np.int64)) > 0


def steps_reached(
    columns: BasketColumns, offer: Offer, line_base: Ints, eligible: Flags | None = None
) -> Ints:
    """By basket which step of a gift offer is reached, −1 where none is or the offer is not open."""
    mechanic = offer.mechanic
    if not isinstance(mechanic, ThresholdGift):
        raise TypeError(f"offer {offer.offer_id} gives nothing")
    names = zip(columns.product_ids, columns.categories, strict=True)
    covered = np.array([offer.reach.covers(*one) for one in names], np.bool_)
    measure, touched = _measure(columns, covered, offer, line_base)
    return _steps(mechanic, measure, touched if eligible is None else touched & eligible)


def _steps(mechanic: ThresholdGift, measure: Ints, opened: Flags) -> Ints:
    thresholds = np.array([step.threshold for step in mechanic.steps])
    found: Ints = np.where(opened, np.searchsorted(thresholds, measure, side="right") - 1, -1)
    return found


def _give_gift(
    given: Given, row: int, mechanic: ThresholdGift, measure: Ints, opened: Flags, reached: Flags
) -> None:
    step = _steps(mechanic, measure, opened)
    reached[row] = step >= 0
    pieces, costs = np.array([one.pieces for one in mechanic.steps]), [_cost(one) for one in mechanic.steps]
    known = np.array([cost is not None for cost in costs])
    worth = np.array([cost or 0 for cost in costs])
    given.gift_pieces[row] = np.where(reached[row], pieces[step], 0)
    given.gift_cost_cents[:] += np.where(reached[row], worth[step], 0)
    given.gift_cost_known[:] &= ~reached[row] | known[step]


def _cost(step: GiftStep) -> int | None:
    """What the gift costs at most; None when the cost of a choice is unknown."""
    costs = [choice.cost_cents for choice in step.choices]
    known = [cost for cost in costs if cost is not None]
    return max(known) * step.pieces if len(known) == len(costs) else None


def _waive_postage(
    columns: BasketColumns,
    given: Given,
    row: int,
    mechanic: FreePostage,
    measure: Ints,
    opened: Flags,
    reached: Flags,
    discount: Ints,
) -> None:
    reached[row] = opened & (measure >= mechanic.threshold)
    postage = (
        np.zeros(columns.basket_count, np.int64) if columns.postage_cents is None else columns.postage_cents
    )
    goes = reached[row] & ~_excluded(columns, mechanic) & (given.postage_off_cents == 0)
    discount[row] = np.where(goes, postage, 0)
    given.postage_off_cents[:] += discount[row]


def _excluded(columns: BasketColumns, mechanic: FreePostage) -> Flags:
    if columns.region is None:
        return np.zeros(columns.basket_count, np.bool_)
    return np.array([mechanic.excludes(name) for name in columns.region_names])[columns.region]


GOODS_LAYERS = sum(layer.changes_goods for layer in Layer)
"""The layers that the kernel prices; those of gifts, postage and benefits follow them."""
