"""What the whole sheet would bring if as many pieces were sold as in the last comparable period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from laoke.promotions.ladder.figures import Priced


@dataclass(frozen=True)
class Expected:
    """Sums over items. Margin counts only items whose cost is known; `without_cost` says how many sold items lack it.

    items         items of the sheet that sold in that period
    units         their pieces
    sales_cents   pieces × campaign price
    margin_cents  pieces × margin; None when no cost of a sold item is known
    """

    items: int
    units: int
    sales_cents: int
    margin_cents: int | None
    without_cost: int


def expected(priced: Iterable[Priced]) -> Expected:
    """Sums at the units of the last comparable period; nobody says that a lower price sells as many."""
    sold = [(one, one.known.units) for one in priced if one.known.units]
    margins = [units * one.margin_cents for one, units in sold if one.margin_cents is not None]
    return Expected(
        len(sold),
        sum(units for _, units in sold),
        sum(units * one.item.price_cents for one, units in sold),
        sum(margins) if margins else None,
        len(sold) - len(margins),
    )
