"""What a basket costs with the shop's running offers and the coupons of a buyer, by the engine and with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from laoke.money import MAX_CENTS
from laoke.money.formatting import Language
from laoke.promotions import buyer_lists, engine
from laoke.promotions.coupons import moves
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, Offer
from laoke.promotions.offers import OfferRefused, offer_value, running
from laoke.shops.models import Shop


@dataclass(frozen=True)
class Priced:
    """A quote, and what the named coupon takes off in it, or why it takes nothing (`refused`)."""

    quote: engine.Quote
    discount_cents: int
    refused: CouponRefused | None


def price(
    shop: Shop, basket: engine.Basket, coupon: Coupon | None, customer_id: int | None, now: datetime
) -> Priced:
    """Price a basket. Held is the named coupon alone, and that only when the ledger says that it can be used.

    Raises
    ------
    OfferRefused
        when the running offers cannot be priced together.
    CouponRefused
        when the basket says how often a coupon was used, or in which segments the buyer is, which the ledger knows.
    """
    _check_groups(basket.buyer)
    refused = None if coupon is None else _refusal_of(coupon, customer_id, now)
    held = frozenset({_engine_id(coupon.issue.offer)} if coupon is not None and refused is None else ())
    try:
        offers = _running_with(shop, [] if coupon is None else [coupon.issue.offer], now)
        buyer = replace(basket.buyer, held_coupons=held, used=_other_uses(basket.buyer, offers))
        standing = buyer_lists.standing_of(shop, customer_id, offers)
        found = engine.quote(replace(basket, buyer=_known(buyer, standing)), offers, now)
    except engine.EngineError as error:
        raise OfferRefused.of(error) from None
    if standing is not None:
        buyer_lists.told(found, buyer, offers, standing)
    if coupon is None or refused is not None:
        return Priced(found, 0, refused)
    cents = sum(use.discount_cents for use in found.consumed if use.offer_id in held)
    if not cents:
        return Priced(found, 0, CouponRefused("coupon_not_used", why=_why(found, held)))
    left = moves.budget_left(coupon.issue, now)
    if left is not None and cents > left:
        refused = CouponRefused("budget_used_up", left_cents=left, wanted_cents=cents)
    return Priced(found, cents, refused)


@dataclass(frozen=True)
class PricedBest:
    """The quote of the cheapest combination; and by the number of each coupon's row what it takes off,
    or why it takes nothing."""

    quote: engine.Quote
    used: dict[int, int]
    refused: dict[int, CouponRefused]


def price_best(
    shop: Shop,
    basket: engine.Basket,
    coupons: Sequence[Coupon],
    customer_id: int | None,
    now: datetime,
    kept: Sequence[Coupon] = (),
) -> PricedBest:
    """Price a basket with those of the coupons that make it cheapest (rule R36).

    What the order keeps already (`kept`) is used before any other of its layer, whatever is left of its budget.

    Raises
    ------
    OfferRefused
        when the running offers cannot be priced together, or the coupons are of too many offers.
    CouponRefused
        as `price`.
    """
    _check_groups(basket.buyer)
    by_offer, refused = _sorted_out(coupons, customer_id, now, kept)
    caps = {name: max(_cap(left) for _coupon, left in held) for name, held in by_offer.items()}
    try:
        offers = _running_with(shop, [held[0][0].issue.offer for held in by_offer.values()], now)
        used_before = _other_uses(basket.buyer, offers)
        buyer = replace(basket.buyer, held_coupons=frozenset(by_offer), used=used_before)
        has = frozenset(_engine_id(coupon.issue.offer) for coupon in kept)
        standing = buyer_lists.standing_of(shop, customer_id, offers)
        found = engine.best_quote(replace(basket, buyer=_known(buyer, standing)), offers, now, caps, has)
    except engine.EngineError as error:
        raise OfferRefused.of(error) from None
    if standing is not None:
        buyer_lists.told(found.quote, buyer, offers, standing)
    taken = {use.offer_id: use.discount_cents for use in found.quote.consumed}
    used = {}
    for name in by_offer.keys() & set(found.coupon_ids):
        # Of coupons of one offer the one that is kept, or else ends first, if its budget bears it.
        first = next(coupon for coupon, left in by_offer[name] if taken[name] <= _cap(left))
        used[first.pk] = taken[name]
    for name, held in by_offer.items():
        why = _why(found.quote, {name})
        refusal = CouponRefused("coupon_not_used", why=why) if why else CouponRefused("coupon_second")
        refused |= {coupon.pk: refusal for coupon, _left in held if coupon.pk not in used}
    return PricedBest(found.quote, used, refused)


def _known(buyer: engine.Buyer, standing: buyer_lists.Standing | None) -> engine.Buyer:
    return buyer if standing is None else buyer_lists.as_known(buyer, standing)


Held = dict[str, list[tuple[Coupon, int | None]]]


def _sorted_out(
    coupons: Sequence[Coupon], customer_id: int | None, now: datetime, kept: Sequence[Coupon]
) -> tuple[Held, dict[int, CouponRefused]]:
    """By the engine's id of their offer the coupons that can be used, what is kept in front, then what ends first, each
    with what is left of its budget (None = no limit); and why the others cannot."""
    held: Held = {}
    refused = {}
    for coupon in kept:
        held.setdefault(_engine_id(coupon.issue.offer), []).append((coupon, None))
    for coupon in sorted(coupons, key=lambda one: (one.valid_to or datetime.max, one.pk)):
        refusal = _refusal_of(coupon, customer_id, now)
        if refusal is not None:
            refused[coupon.pk] = refusal
            continue
        left = moves.budget_left(coupon.issue, now)
        held.setdefault(_engine_id(coupon.issue.offer), []).append((coupon, left))
    return held, refused


def _cap(left: int | None) -> int:
    return MAX_CENTS if left is None else left


def _refusal_of(coupon: Coupon, customer_id: int | None, now: datetime) -> CouponRefused | None:
    coupon.state = moves.state_at(coupon, now)
    try:
        moves.check_usable(coupon.issue, coupon, customer_id, now)
    except CouponRefused as refusal:
        return refusal
    return None


def _running_with(shop: Shop, named: Sequence[Offer], now: datetime) -> list[engine.Offer]:
    found = running(shop, now)
    # One that does not run is priced too, so that the answer says so.
    return list((found | {row.pk: offer_value(row) for row in named if row.pk not in found}).values())


def _other_uses(buyer: engine.Buyer, offers: Iterable[engine.Offer]) -> dict[str, int]:
    """How often the buyer has used offers that are no coupons, as the shop's own system counts it.

    Uses of coupons are counted by the ledger, across all issues of the offer, when the coupon is checked.

    Raises
    ------
    CouponRefused
        `told_by_ledger` for one that is a coupon.
    """
    coupons = {one.offer_id for one in offers if isinstance(one.mechanic, engine.ShopCoupon)}
    if not coupons.isdisjoint(buyer.used):
        raise CouponRefused("told_by_ledger", field="basket.buyer.used")
    return dict(buyer.used)


def _check_groups(buyer: engine.Buyer) -> None:
    """Groups are the shop's own word for its buyers; who is in a segment of Laoke is not."""
    if any(buyer_lists.segment_number(group) is not None for group in buyer.groups):
        raise CouponRefused("told_by_ledger", field="basket.buyer.groups")


def check_claim(shop: Shop, offer: Offer, customer_id: int) -> None:
    """
    Raises
    ------
    CouponRefused
        `not_for_them` when the customer could not use a coupon of the offer: they are not in its segment, or have
        bought before where it is for first orders.
    """
    value = offer_value(offer)
    standing = buyer_lists.standing_of(shop, customer_id, [value])
    if standing is None:
        return
    found = None
    if buyer_lists.segment_number(value.audience) is not None and value.audience not in standing.within:
        code, params = buyer_lists.why_not(value.audience, standing)
        found = engine.refusal_sentence(engine.Refusal("", code, params), language())
    elif value.audience == engine.FIRST_ORDER and standing.has_bought:
        found = engine.refusal_sentence(engine.Refusal("", "has_bought", {}), language())
    if found is not None:
        raise CouponRefused("not_for_them", why=found)


def _engine_id(offer: Offer) -> str:
    return str(offer.terms["offer_id"])


def _why(quote: engine.Quote, held: Iterable[str]) -> str:
    reasons = [
        engine.refusal_sentence(refusal, language()) for refusal in quote.refused if refusal.offer_id in held
    ]
    return reasons[0] if reasons else ""


def nothing_to_take() -> str:
    """Why a coupon is not used whose share of the order others have already."""
    return engine.refusal_sentence(engine.Refusal("", "nothing_to_take", {}), language())


def language() -> Language:
    """The language that the engine's sentences are told in."""
    return "en" if (get_language() or "").startswith("en") else "zh"


def quote_told(quote: engine.Quote) -> dict[str, Any]:
    """A quote as plain data, with the sentence of each step and of each offer that was not used."""
    told = engine.quote_to_dict(quote)
    for step, row in zip(quote.trace, told["trace"], strict=True):
        row["message"] = engine.step_sentence(step, language())
    for refusal, row in zip(quote.refused, told["refused"], strict=True):
        row["message"] = engine.refusal_sentence(refusal, language())
    return told
