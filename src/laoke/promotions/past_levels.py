"""Member levels in a backtest (rule R42): the platform's level of each buyer, as the facts have it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from laoke.promotions import engine
from laoke.promotions.buyer_lists import BY_HISTORY, segment_number
from laoke.promotions.facts import day_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.warehouse.engine import Reader

    Levels = Mapping[str, NDArray[np.int64]]


def level_names(offer: engine.Offer) -> frozenset[str]:
    """The names that may be levels, by which an offer tells buyers apart."""
    named = {offer.audience} - {"", *BY_HISTORY} if segment_number(offer.audience) is None else set()
    if isinstance(offer.mechanic, engine.MemberPrice):
        named |= {level.group for level in offer.mechanic.levels}
    return frozenset(named)


def levels_of(
    reader: Reader, shop_id: int, period_from: date, period_to: date
) -> dict[str, NDArray[np.int64]]:
    """By level the persons among the buyers of a period who have it."""
    import numpy as np

    days = {"from_day": day_number(period_from), "to_day": day_number(period_to)}
    rows = reader.query("backtest_levels", shop_id=shop_id, **days)
    names, persons = np.asarray(rows["level"].to_pylist(), dtype=object), rows["person_id"].to_numpy()
    return {str(name): np.asarray(persons[names == name], np.int64) for name in np.unique(names.astype(str))}


def by_levels(offer: engine.Offer, levels: Levels) -> bool:
    """Whether the offer's member prices go by buyers' levels: some buyer of the period has one of them."""
    mechanic = offer.mechanic
    return isinstance(mechanic, engine.MemberPrice) and any(one.group in levels for one in mechanic.levels)


def level_variants(
    offers: Sequence[engine.Offer], levels: Levels, persons: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """By offer id which member price each order has: the lowest of its buyer's levels, −1 for none, the lowest of all
    where nobody knows the buyer. Offers none of whose levels anybody has are left out."""
    import numpy as np

    found = {}
    for offer in offers:
        mechanic = offer.mechanic
        if not isinstance(mechanic, engine.MemberPrice) or not by_levels(offer, levels):
            continue
        numbers = np.full(len(persons), -1, np.int64)
        for number, level in reversed(list(enumerate(mechanic.ranked))):
            numbers[np.isin(persons, levels.get(level.group, []))] = number
        numbers[persons < 0] = 0
        found[offer.offer_id] = numbers
    return found


def open_to_levels(
    offers: Sequence[engine.Offer],
    found: dict[str, NDArray[np.bool_]],
    levels: Levels,
    persons: NDArray[np.int64],
) -> dict[str, NDArray[np.bool_]]:
    """The same with offers for a level that some buyer has kept to those who have it, and to buyers nobody knows."""
    import numpy as np

    opened = dict(found)
    for offer in offers:
        if offer.audience and offer.audience in levels and offer.audience not in BY_HISTORY:
            mine = (persons < 0) | np.isin(persons, levels[offer.audience])
            opened[offer.offer_id] = mine & opened[offer.offer_id] if offer.offer_id in opened else mine
    return opened
