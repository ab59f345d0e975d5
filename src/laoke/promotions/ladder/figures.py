"""What one piece leaves at its price, and the lowest price that still leaves what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from laoke.money import FULL_BP, divide_half_up
from laoke.promotions.ladder.values import Item, Known, Terms


@dataclass(frozen=True)
class Baseline:
    """The price a cut is taken from where the page names none: the lowest deal of the 7 days before the start.

    Without a deal in them the newest deal before (`last`); without any, `unknown`, and nothing may be called a cut.
    """

    kind: Literal["lowest_7", "last", "unknown"]
    cents: int | None


@dataclass(frozen=True)
class Priced:
    """An item with its figures. Without a cost there is neither margin nor floor.

    floor_cents  None without a cost
    half_cents   the margin at half the list price (of the campaign price where no list price is given)
    """

    item: Item
    known: Known
    baseline: Baseline
    postage_cents: int
    fee_bp: int
    fee_cents: int
    wanted_bp: int
    margin_cents: int | None
    margin_bp: int | None
    floor_cents: int | None
    half_cents: int | None


def fee_of(price_cents: int, fee_bp: int) -> int:
    """The platform's share of a price, half up.

    >>> fee_of(9_990, 500)
    500
    """
    return divide_half_up(price_cents * fee_bp, FULL_BP)


def margin_of(price_cents: int, cost_cents: int, postage_cents: int, fee_bp: int) -> int:
    """What is left of a price after cost, postage and fee; negative is a loss.

    >>> margin_of(10_000, 6_000, 800, 500)
    2700
    """
    return price_cents - fee_of(price_cents, fee_bp) - postage_cents - cost_cents


def floor_of(cost_cents: int, postage_cents: int, fee_bp: int, margin_bp: int) -> int:
    """The lowest price at which at least `margin_bp` of it is left after cost, postage and fee.

    Raises
    ------
    ValueError
        when fee and margin take the whole price: no price is high enough.

    >>> floor_of(6_000, 800, 500, 2_000)
    9067
    """
    left_bp = FULL_BP - fee_bp - margin_bp
    if left_bp <= 0:
        raise ValueError(f"fee {fee_bp} and margin {margin_bp} take the whole price")
    # The fee is rounded to the cent, half a cent either way: the first price that can do is at most that far below.
    price = max(0, (2 * (cost_cents + postage_cents) - 1) * FULL_BP // (2 * left_bp))
    while FULL_BP * margin_of(price, cost_cents, postage_cents, fee_bp) < margin_bp * price:
        price += 1
    return price


def baseline_of(known: Known) -> Baseline:
    """What a cut is measured against by law."""
    if known.lowest_7_cents is not None:
        return Baseline("lowest_7", known.lowest_7_cents)
    if known.last_cents is not None:
        return Baseline("last", known.last_cents)
    return Baseline("unknown", None)


def price_item(item: Item, known: Known, terms: Terms) -> Priced:
    """All figures of one item."""
    postage = terms.postage_cents if item.postage_cents is None else item.postage_cents
    fee_bp = terms.fee_bp if item.fee_bp is None else item.fee_bp
    wanted_bp = terms.margin_bp if item.margin_bp is None else item.margin_bp
    margin = floor = half = None
    if item.cost_cents is not None:
        margin = margin_of(item.price_cents, item.cost_cents, postage, fee_bp)
        floor = floor_of(item.cost_cents, postage, fee_bp, wanted_bp)
        full = item.price_cents if item.list_cents is None else item.list_cents
        half = margin_of(divide_half_up(full, 2), item.cost_cents, postage, fee_bp)
    return Priced(
        item,
        known,
        baseline_of(known),
        postage,
        fee_bp,
        fee_of(item.price_cents, fee_bp),
        wanted_bp,
        margin,
        divide_half_up(margin * FULL_BP, item.price_cents) if margin is not None else None,
        floor,
        half,
    )
