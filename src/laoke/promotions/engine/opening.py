"""Which offers are open to a buyer at a moment (rule R13), and with which of their prices (rules R28 and R29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from laoke.promotions.engine.by_buyer import EarlyBird, FlashSale, MemberPrice
from laoke.promotions.engine.ladders import ShopCoupon
from laoke.promotions.engine.results import Params, Refusal
from laoke.promotions.engine.state import Ground
from laoke.promotions.engine.values import Buyer, Offer

VARIED = (MemberPrice, EarlyBird, FlashSale)


def open_offers(ordered: Sequence[Offer], ground: Ground, at: datetime) -> tuple[list[Offer], list[Refusal]]:
    """The offers that are open with their plain prices, and why the others are not."""
    opened, refused = [], []
    for offer in ordered:
        found = _closed(offer, ground.basket.buyer, at) or _plain(offer, ground, at)
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            opened.append(found)
    return opened, refused


def at_lowest(offer: Offer) -> Offer:
    """The offer with the lowest of its prices, as if every level, step and piece of stock were open (rule R16)."""
    return with_variant(offer, 0) if isinstance(offer.mechanic, VARIED) else offer


def with_variant(offer: Offer, number: int) -> Offer:
    """The offer with one of its plain prices."""
    if not isinstance(offer.mechanic, VARIED):
        raise TypeError(f"offer {offer.offer_id} has one price")
    return replace(offer, mechanic=offer.mechanic.variants[number])


def open_variant(offer: Offer, ground: Ground, at: datetime) -> int | Refusal:
    """The number of the price that is open, or why none is."""
    mechanic, basket = offer.mechanic, ground.basket
    if isinstance(mechanic, MemberPrice):
        for number, level in enumerate(mechanic.ranked):
            if level.group in basket.buyer.groups:
                return number
        return Refusal(offer.offer_id, "no_member_level")
    if isinstance(mechanic, EarlyBird):
        for number, step in enumerate(mechanic.steps):
            if at < step.until:
                return number
        return Refusal(
            offer.offer_id, "early_bird_over", {"until": mechanic.steps[-1].until.isoformat(sep=" ")}
        )
    if not isinstance(mechanic, FlashSale):
        raise TypeError(f"offer {offer.offer_id} has one price")
    wanted = sum(ground.lines[position].quantity for position in ground.scope(offer))
    left = max(0, mechanic.stock - basket.taken.get(offer.offer_id, 0))
    return 0 if wanted <= left else Refusal(offer.offer_id, "sold_out", {"left": left, "wanted": wanted})


def _plain(offer: Offer, ground: Ground, at: datetime) -> Offer | Refusal:
    if not isinstance(offer.mechanic, VARIED):
        return offer
    found = open_variant(offer, ground, at)
    return found if isinstance(found, Refusal) else with_variant(offer, found)


def _closed(offer: Offer, buyer: Buyer, at: datetime) -> Refusal | None:
    """Why the offer is not open to this buyer now (rule R13), or None."""
    if not offer.window.includes(at):
        moments: Params = {
            name: moment.isoformat(sep=" ")
            for name, moment in (("start", offer.window.start), ("end", offer.window.end))
            if moment is not None
        }
        return Refusal(offer.offer_id, "out_of_window", {**moments, "at": at.isoformat(sep=" ")})
    if not buyer.belongs_to(offer.audience):
        return Refusal(offer.offer_id, "not_in_audience", {"audience": offer.audience})
    mechanic = offer.mechanic
    if isinstance(mechanic, ShopCoupon) and mechanic.must_hold and offer.offer_id not in buyer.held_coupons:
        return Refusal(offer.offer_id, "coupon_not_held")
    used = buyer.used.get(offer.offer_id, 0)
    if offer.limits.per_person is not None and used >= offer.limits.per_person:
        return Refusal(offer.offer_id, "limit_reached", {"used": used, "per_person": offer.limits.per_person})
    return None
