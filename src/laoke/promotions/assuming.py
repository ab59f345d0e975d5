"""What a backtest assumes of offers that the past did not have: deposits, groups, numbers of buyers (rule R17).

The operator states it with the offer; it is shown beside the figures as what it is, an assumption.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from laoke.money import FULL_BP
from laoke.promotions import engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHARED = (engine.DepositExpansion, engine.GroupBuy)
_BY_PIECE = (*_SHARED, engine.AmountOff, engine.FixedPrice, engine.FlashSale)


def assumed_open(offers: Sequence[engine.Offer], order_ids: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
    """By offer id which orders are taken to use it, where that is not all of them; the same ones every time."""
    import numpy as np

    found = {}
    for offer in offers:
        mechanic = offer.mechanic
        if isinstance(mechanic, _SHARED) and mechanic.assumed_bp < FULL_BP:
            places = (zlib.crc32(f"{offer.offer_id}|{order}".encode()) % FULL_BP for order in order_ids)
            drawn = np.fromiter(places, np.int64, len(order_ids))
            found[offer.offer_id] = drawn < mechanic.assumed_bp
    return found


def open_to_totals(
    offers: Sequence[engine.Offer], found: dict[str, NDArray[np.bool_]], orders: int
) -> dict[str, NDArray[np.bool_]]:
    """The same for orders of which only totals are known: nothing that takes an amount off a piece, or states what one
    costs, is open to them, as it would take the whole order for one piece."""
    import numpy as np

    nowhere = np.zeros(orders, np.bool_)
    return found | {offer.offer_id: nowhere for offer in offers if isinstance(offer.mechanic, _BY_PIECE)}


def assumed_variants(offers: Sequence[engine.Offer], orders: int) -> dict[str, NDArray[np.int64]]:
    """By offer id the price that the assumed number of buyers reaches (−1 = none), the same for every order."""
    import numpy as np

    found = {}
    for offer in offers:
        mechanic = offer.mechanic
        if isinstance(mechanic, engine.MoreCheaper) and mechanic.assumed_buyers is not None:
            reached = mechanic.reached(mechanic.assumed_buyers)
            found[offer.offer_id] = np.full(orders, -1 if reached is None else reached, np.int64)
    return found


def assumption(offer: engine.Offer) -> str:
    """What a backtest assumes of this offer, as a sentence; "" where it is assumed of every offer alike."""
    mechanic = offer.mechanic
    words: dict[str, Any] = {"name": offer.name}
    if isinstance(mechanic, _SHARED):
        words["share"] = f"{mechanic.assumed_bp / 100:g}%"
    if isinstance(mechanic, engine.DepositExpansion):
        return gettext("假设「%(name)s」有 %(share)s 的订单付定金也付尾款") % words
    if isinstance(mechanic, engine.GroupBuy):
        return gettext("假设「%(name)s」有 %(share)s 的订单成团，其余按没有拼团算") % words
    if isinstance(mechanic, engine.MoreCheaper):
        if mechanic.assumed_buyers is None:
            return gettext("假设「%(name)s」降到最后一档") % words
        return gettext("假设「%(name)s」有 %(n)s 人买") % {**words, "n": mechanic.assumed_buyers}
    if isinstance(mechanic, engine.LevelReward):
        return gettext("假设「%(name)s」每单升一级，送最贵的升级礼") % words
    if isinstance(mechanic, engine.ServiceBenefit) and mechanic.cost_cents is None:
        return gettext("「%(name)s」没写成本，不算成本") % words
    return ""
