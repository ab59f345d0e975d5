"""What a backtest assumes of offers that the past did not have (deposits, groups, numbers of buyers), and to which past
orders it gives an offer that is not for all (rule R17).

The operator states it with the offer; it is shown beside the figures as what it is, an assumption.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from laoke.money import FULL_BP, format_cents
from laoke.promotions import engine
from laoke.promotions.buyer_lists import BY_HISTORY, segment_number
from laoke.promotions.describing import audience_text
from laoke.promotions.engine.beside import PIECES
from laoke.promotions.facts import day_of
from laoke.promotions.past_levels import by_levels
from laoke.promotions.past_segments import SegmentThen
from laoke.shops.joins import clauses, listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.promotions.columnar.in_time import Cap
    from laoke.promotions.past_levels import Levels
    from laoke.promotions.past_segments import Then

_SHARED = (engine.DepositExpansion, engine.GroupBuy)
_BY_PIECE = (*_SHARED, engine.AmountOff, engine.FixedPrice, engine.FlashSale)
_COUNTING = (engine.CountDiscount, engine.CountOff, engine.NthPiece, engine.BuyGet, engine.AnyBundle)
_NAMING = (engine.WasNow, engine.SetBundle, engine.AddonPurchase)


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


def needs_lines(offer: engine.Offer) -> bool:
    """True where nobody can say what the offer does to an order of which only the total is known: it prices or counts
    pieces, or is for some goods only."""
    mechanic = offer.mechanic
    if isinstance(mechanic, engine.ThresholdGift | engine.FreePostage) and mechanic.by == PIECES:
        return True
    named = bool(offer.scope.product_ids or offer.scope.categories)
    return named or isinstance(mechanic, (*_BY_PIECE, *_COUNTING, *_NAMING))


def open_to_totals(
    offers: Sequence[engine.Offer], found: dict[str, NDArray[np.bool_]], orders: int
) -> dict[str, NDArray[np.bool_]]:
    """The same for orders of which only totals are known: nothing that needs their lines is open to them, as it would
    take the whole order for one piece."""
    import numpy as np

    nowhere = np.zeros(orders, np.bool_)
    return found | {offer.offer_id: nowhere for offer in offers if needs_lines(offer)}


def asks_history(offers: Sequence[engine.Offer]) -> bool:
    """Whether an offer is for first orders or old customers only, so that it must be known who came before."""
    return any(offer.audience in BY_HISTORY for offer in offers)


def open_to_buyers(
    offers: Sequence[engine.Offer], found: dict[str, NDArray[np.bool_]], earlier: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """The same with offers for first orders or old customers kept to those. `earlier` is how many orders the buyer had
    paid for before each (−1: nobody knows who it was; such an order is taken to have both, the dearest case)."""
    opened = dict(found)
    for offer in offers:
        if offer.audience not in BY_HISTORY:
            continue
        mine = earlier <= 0 if offer.audience == engine.FIRST_ORDER else earlier != 0
        opened[offer.offer_id] = mine & opened[offer.offer_id] if offer.offer_id in opened else mine
    return opened


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


def assumption(offer: engine.Offer, cap: Cap, levels: Levels, then: Then | None = None) -> str:
    """What a backtest assumes of this offer under its limits, the buyers' levels and who was in segments, in words; ""
    where nothing is assumed of it alone."""
    mechanic = (
        _of_levels(offer, levels) if isinstance(offer.mechanic, engine.MemberPrice) else _of_mechanic(offer)
    )
    return clauses(
        one for one in (mechanic, *_of_buyers(offer, levels, then or {}), *_of_limits(offer, cap)) if one
    )


def _of_levels(offer: engine.Offer, levels: Levels) -> str:
    """By which levels member prices are given (R42)."""
    if by_levels(offer, levels):
        told = gettext("「%(name)s」按买家现在的会员等级算，那时的等级没有记；不知道是谁的单按最低一档")
    else:
        told = gettext("「%(name)s」按最低一档：这段日子的买家没有一位有这些等级")
    return told % {"name": offer.name}


def _of_buyers(offer: engine.Offer, levels: Levels, then: Then) -> Iterator[str]:
    """Who the offer is taken to be for, where that is not everybody."""
    if not offer.audience:
        return
    words = {"name": offer.name, "who": audience_text(offer.audience)}
    if offer.audience in BY_HISTORY:
        yield gettext("「%(name)s」只算到%(who)s的单上，不知道是谁的单也算") % words
    elif offer.audience in then:
        yield from _of_segment(then[offer.audience], words)
    elif segment_number(offer.audience) is not None:
        yield gettext("「%(name)s」只给%(who)s，那时谁在人群里没有算，回放里人人都算（R40）") % words
    elif offer.audience in levels:
        yield gettext("「%(name)s」只算到现在是「%(who)s」的买家的单上，不知道是谁的单也算") % words
    else:
        yield gettext("「%(name)s」只给「%(who)s」，回放里人人都算") % words


def _of_segment(segment: SegmentThen, words: dict[str, str]) -> Iterator[str]:
    """As of when the members of a segment are known (R40)."""
    if segment.people:
        yield (
            gettext("「%(name)s」只算到下单前那个月底在%(who)s里的买家的单上，不知道是谁的单也算（R40）")
            % words
        )
    if segment.missing:
        months = listed(f"{day_of(day):%Y-%m}" for day in segment.missing)
        told = gettext("「%(name)s」：%(months)s 月底谁在人群里没有存，下一个月的单人人都算")
        yield told % {**words, "months": months}
    if segment.as_now:
        yield (
            gettext("「%(name)s」的人群里，标签、社群、授权、能不能触达和客户价值只知道现在的，按现在的算")
            % words
        )


def _of_limits(offer: engine.Offer, cap: Cap) -> Iterator[str]:
    """How what is limited is used up (R41)."""
    words = {"name": offer.name}
    if cap.per_person is not None:
        told = gettext("「%(name)s」每人限用 %(n)s 次，按付款先后算；不知道是谁的单不限")
        yield told % {**words, "n": cap.per_person}
    if cap.total is not None:
        yield gettext("「%(name)s」一共 %(n)s 张，按付款先后用完为止") % {**words, "n": cap.total}
    if cap.budget_cents is not None:
        told = gettext("「%(name)s」的预算 %(yuan)s 元，按付款先后用完为止，剩下的不够一张就停")
        yield told % {**words, "yuan": format_cents(cap.budget_cents)}
    if cap.pieces is not None:
        yield gettext("「%(name)s」限量 %(n)s 件，按付款先后卖完为止") % {**words, "n": cap.pieces}
    mechanic = offer.mechanic
    if isinstance(mechanic, engine.ThresholdGift) and any(
        choice.stock is not None for step in mechanic.steps for choice in step.choices
    ):
        yield gettext("「%(name)s」的赠品按付款先后送完为止，先送贵的") % words


def _of_mechanic(offer: engine.Offer) -> str:
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
    if isinstance(mechanic, engine.ShopCoupon) and mechanic.must_hold:
        return gettext("假设能用「%(name)s」的人都领了") % words
    if isinstance(mechanic, engine.LevelReward):
        return gettext("假设「%(name)s」每单升一级，送最贵的升级礼") % words
    if isinstance(mechanic, engine.ServiceBenefit) and mechanic.cost_cents is None:
        return gettext("「%(name)s」没写成本，不算成本") % words
    return ""
