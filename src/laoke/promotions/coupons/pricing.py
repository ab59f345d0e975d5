"""What a basket costs with the shop's running offers and one named coupon, by the engine and with its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from laoke.money.formatting import Language
from laoke.promotions import engine
from laoke.promotions.coupons import moves
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, Offer
from laoke.promotions.offers import offer_values
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
    """
    refused = None if coupon is None else _refusal_of(coupon, customer_id, now)
    held = frozenset({_engine_id(coupon.issue.offer)} if coupon is not None and refused is None else ())
    # Uses are counted by the ledger, across all issues of the offer, when the coupon is checked.
    buyer = replace(basket.buyer, held_coupons=held, used={})
    found = engine.quote(replace(basket, buyer=buyer), offer_values(_running(shop, coupon, now)), now)
    if coupon is None or refused is not None:
        return Priced(found, 0, refused)
    cents = sum(use.discount_cents for use in found.consumed if use.offer_id in held)
    if not cents:
        return Priced(found, 0, CouponRefused("coupon_not_used", why=_why(found, held)))
    left = moves.budget_left(coupon.issue, now)
    if left is not None and cents > left:
        refused = CouponRefused("budget_used_up", left_cents=left, wanted_cents=cents)
    return Priced(found, cents, refused)


def _refusal_of(coupon: Coupon, customer_id: int | None, now: datetime) -> CouponRefused | None:
    coupon.state = moves.state_at(coupon, now)
    try:
        moves.check_usable(coupon.issue, coupon, customer_id, now)
    except CouponRefused as refusal:
        return refusal
    return None


def _running(shop: Shop, coupon: Coupon | None, now: datetime) -> list[Offer]:
    found = list(
        Offer.objects.filter(shop=shop, archived=False, starts_at__lte=now, ends_at__gt=now).order_by("pk")
    )
    # One that does not run is priced too, so that the answer says so.
    if coupon is not None and coupon.issue.offer_id not in {offer.pk for offer in found}:
        found.append(coupon.issue.offer)
    return found


def _engine_id(offer: Offer) -> str:
    return str(offer.terms["offer_id"])


def _why(quote: engine.Quote, held: Iterable[str]) -> str:
    reasons = [
        engine.refusal_sentence(refusal, language()) for refusal in quote.refused if refusal.offer_id in held
    ]
    return reasons[0] if reasons else ""


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
