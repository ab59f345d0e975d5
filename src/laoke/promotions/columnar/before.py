"""What is worked out before the kernel runs: item-level prices other than rates, and promises by rates and pieces.

Where a shop runs neither, there is nothing to work out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import BasketColumns, Ints
from laoke.promotions.columnar.kinds import AMOUNT, DEPOSIT, FIXED, PERCENT, REPEATING
from laoke.promotions.columnar.plan import Plan
from laoke.promotions.engine import Layer

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Before:
    """Item-level price per line, who made it (−1 = nobody) and its deposit; the promises that are known, as in `Ready`.

    `kind` is the plan's with a rate where the promise is known: the kernel need not know more.
    """

    unit: Ints
    item_offer: npt.NDArray[np.int16]
    deposit: Ints
    kind: Ints
    promise: Ints
    weight: Ints
    row: Ints


def work_before(columns: BasketColumns, plan: Plan, open_to: Flags, reached: Flags) -> Before | None:
    """The item layer and the promises that the plain kernel does not know; None where it knows them all.

    What is reached of the item layer is written into `reached`.
    """
    items = range(int(plan.layer_start[1]))
    special = [
        row
        for row, offer in enumerate(plan.offers)
        if offer.layer is not Layer.ITEM and plan.kind[row] > REPEATING
    ]
    if not special and all(plan.kind[row] == PERCENT for row in items):
        return None
    unit, winner = _item_prices(columns, plan, open_to, list(items))
    for row in items:
        touched = columns.basket_sums(plan.covers[row][columns.product].astype(np.int64)) > 0
        reached[row] = open_to[row] & touched
    row_of = np.full(len(plan.offers), -1, np.int64)
    row_of[special] = np.arange(len(special))
    promise = np.full((len(special), columns.basket_count), -1, np.int64)
    weight = np.zeros((len(special), columns.line_count), np.int64)
    _promises(columns, plan, special, unit, promise, weight)
    kind = np.where(plan.kind > REPEATING, PERCENT, plan.kind)
    return Before(unit, winner, _deposits(columns, plan, winner), kind, promise, weight, row_of)


def _deposits(columns: BasketColumns, plan: Plan, winner: npt.NDArray[np.int16]) -> Ints:
    """R31: what is paid beforehand on each line."""
    held = np.zeros(columns.line_count, np.int64)
    for row in range(int(plan.layer_start[1])):
        if plan.kind[row] == DEPOSIT:
            held = np.where(winner == row, plan.terms[row, 4] * columns.quantity, held)
    return held


def _item_prices(
    columns: BasketColumns, plan: Plan, open_to: Flags, rows: list[int]
) -> tuple[Ints, npt.NDArray[np.int16]]:
    """R3: the lowest price per piece under these offers, and which of them it is, the first of equals."""
    listed = np.asarray(columns.unit_price_cents, np.int64)
    price, winner = listed, np.full(columns.line_count, -1, np.int16)
    if not rows:
        return price, winner
    basket_of = np.repeat(np.arange(columns.basket_count), np.diff(columns.offsets))
    for row in rows:
        asked = np.where(
            plan.covers[row][columns.product] & open_to[row][basket_of],
            _asked(plan, row, listed, columns.product),
            listed,
        )
        lower = asked < price
        price, winner = np.where(lower, asked, price), np.where(lower, np.int16(row), winner)
    return price, winner


def _asked(plan: Plan, row: int, listed: Ints, product: npt.NDArray[np.int32]) -> Ints:
    rate = plan.pay_bp[row]
    if plan.kind[row] == PERCENT:
        return (2 * listed * rate + 10_000) // 20_000
    if plan.kind[row] == AMOUNT:
        return np.where(rate < listed, listed - rate, listed)
    if plan.kind[row] == DEPOSIT:
        return np.where(listed >= plan.terms[row, 3], listed - rate, listed)
    if plan.kind[row] != FIXED:
        raise ValueError(f"offer {plan.offers[row].offer_id} is no item-level price")
    return plan.products[row][product]


def _promises(
    columns: BasketColumns, plan: Plan, special: list[int], unit: Ints, promise: Ints, weight: Ints
) -> None:
    from laoke.promotions.columnar.special import prepare  # numba takes 0.3 s to import

    for place, row in enumerate(special):
        steps = slice(plan.step_start[row], plan.step_start[row + 1])
        prepare(
            int(plan.kind[row]),
            plan.terms[row],
            plan.threshold_cents[steps],
            plan.off_cents[steps],
            plan.products[row],
            plan.covers[row],
            np.require(columns.offsets, np.int64, ["C", "W"]),
            np.require(columns.product, np.int32, ["C", "W"]),
            np.require(unit, np.int64, ["C", "W"]),
            np.require(columns.quantity, np.int64, ["C", "W"]),
            promise[place],
            weight[place],
        )
