"""What the shop's own system asks: quote, claim, reserve, redeem, roll back; the same key and body never twice.

The key's row, the move, its event and its audit row stand in one transaction: killed before its end nothing was done,
after it the same request gets the same answer. Only what was done uses a key up; a refused request may come again.
Every answer that names a customer does it as `customer_id`, by which erasing finds it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from laoke.customers.erasure import Traces
from laoke.promotions import engine
from laoke.promotions.coupons import moves, pricing
from laoke.promotions.coupons.bodies import (
    Body,
    Caller,
    Json,
    customer_of,
    moment_told,
    only,
    order_id_of,
    text_of,
)
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, CouponCall, CouponIssue
from laoke.promotions.offers import OfferRefused
from laoke.shops import audit
from laoke.shops.models import Shop

KEPT = timedelta(days=30)
MOST_COMPARED = 100
"""Coupons of which one request may want the best; more are no longer looked up for a checkout that waits."""
_KEY = re.compile(r"[\x21-\x7e]{1,100}", re.ASCII)


def quote(caller: Caller, body: Body) -> Json:
    """The price of a basket with its reasons; nothing is changed, no customer is made.

    Raises
    ------
    CouponRefused, OfferRefused
    """
    only(body, "basket", "code", "codes", "held", "customer")
    basket = _basket(body)
    customer_id = customer_of(caller, body, make=False)
    if (coupons := _compared(caller, body, customer_id)) is not None:
        return _quote_best(caller, basket, coupons, customer_id)
    if "code" not in body:
        priced = pricing.price(caller.shop, basket, None, customer_id, caller.now)
        return pricing.quote_told(priced.quote) | {"coupon": None}
    coupon = moves.find(caller.shop, text_of(body, "code"))
    priced = pricing.price(caller.shop, basket, coupon, customer_id, caller.now)
    told = {
        "code": shown_code(coupon.code),
        "state": moves.state_at(coupon, caller.now),
        "usable": priced.refused is None,
        "discount_cents": priced.discount_cents,
        "refused": _refusal(priced.refused),
    }
    return pricing.quote_told(priced.quote) | {"coupon": told}


def _compared(caller: Caller, body: Body, customer_id: int | None) -> list[Coupon] | None:
    """The coupons of which the best are wanted: those of `codes`, or all that the customer holds; None = neither."""
    if len([name for name in ("code", "codes", "held") if name in body]) > 1:
        raise CouponRefused("coupons_named_twice", fields="code, codes, held")
    if "codes" in body:
        return _coupons(caller, body, "codes")
    if "held" not in body:
        return None
    if body["held"] is not True:
        raise CouponRefused("body_shape", field="held", expected="true")
    if "customer" not in body:
        raise CouponRefused("field_missing", field="customer")
    found = [] if customer_id is None else moves.held_by(caller.shop, customer_id)
    return _not_too_many(found)


def _coupons(caller: Caller, body: Body, name: str) -> list[Coupon]:
    codes = body[name]
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise CouponRefused("body_shape", field=name, expected='["…"]')
    found = {coupon.pk: coupon for code in _not_too_many(codes) if (coupon := moves.find(caller.shop, code))}
    return list(found.values())


def _not_too_many(found: list[Any]) -> list[Any]:
    if len(found) > MOST_COMPARED:
        raise CouponRefused("coupons_too_many", most=MOST_COMPARED, found=len(found))
    return found


def _quote_best(
    caller: Caller, basket: engine.Basket, coupons: list[Coupon], customer_id: int | None
) -> Json:
    best = pricing.price_best(caller.shop, basket, coupons, customer_id, caller.now)
    told = [
        {
            "code": shown_code(coupon.code),
            "state": moves.state_at(coupon, caller.now),
            "used": coupon.pk in best.used,
            "discount_cents": best.used.get(coupon.pk, 0),
            "refused": _refusal(best.refused.get(coupon.pk)),
        }
        for coupon in sorted(coupons, key=lambda one: one.code)
    ]
    return pricing.quote_told(best.quote) | {"coupon": None, "coupons": told}


def claim(caller: Caller, body: Body) -> Json:
    """A coupon for a customer: a new one of `issue`, or the one of `code` that nobody has yet."""
    only(body, "issue", "code", "customer")
    customer_id = customer_of(caller, body, make=True)
    if customer_id is None:
        raise CouponRefused("field_missing", field="customer")
    if "code" in body:
        found = moves.find(caller.shop, text_of(body, "code"))
        pricing.check_claim(caller.shop, found.issue.offer, customer_id)
        coupon = moves.claim_code(found, customer_id, now=caller.now, by=caller.name)
    else:
        issue = _issue(caller, body)
        pricing.check_claim(caller.shop, issue.offer, customer_id)
        coupon = moves.claim_new(issue, customer_id, now=caller.now, by=caller.name)
    return _noted(caller, "coupon.claim", coupon)


def reserve(caller: Caller, body: Body) -> Json:
    """Keep a coupon for an order. What it takes off is computed here, from the basket, the coupons that the order keeps
    already and those that it will use besides (`beside`), and not believed."""
    only(body, "code", "order_id", "customer", "basket", "beside")
    order_id, basket = order_id_of(body), _basket(body)
    moves.hold_order(caller.shop, order_id)
    coupon = moves.find(caller.shop, text_of(body, "code"))
    beside = _coupons(caller, body, "beside") if "beside" in body else []
    customer_id = customer_of(caller, body, make=True)
    cents, payable_cents = _worth(caller, coupon, beside, basket, customer_id, order_id)
    kept = moves.reserve(
        coupon, order_id=order_id, cents=cents, customer_id=customer_id, now=caller.now, by=caller.name,
    )  # fmt: skip
    more = {"reserved_until": moment_told(kept.due_at), "payable_cents": payable_cents}
    return _noted(caller, "coupon.reserve", kept) | more


def _worth(
    caller: Caller,
    coupon: Coupon,
    beside: list[Coupon],
    basket: engine.Basket,
    customer_id: int | None,
    order_id: str,
) -> tuple[int, int]:
    """What the coupon takes off the order, and what the order pays, in cents; refused when it takes nothing.

    All coupons of an order together take off no more than they do in the quote.
    """
    kept = [one for one in moves.kept_for(caller.shop, order_id, caller.now) if one.pk != coupon.pk]
    has = {one.pk for one in kept} | {coupon.pk}
    others = [one for one in beside if one.pk not in has]
    if not kept and not others:
        priced = pricing.price(caller.shop, basket, coupon, customer_id, caller.now)
        if priced.refused is not None:
            raise priced.refused
        return priced.discount_cents, priced.quote.payable_cents
    best = pricing.price_best(caller.shop, basket, [coupon, *others], customer_id, caller.now, kept)
    if coupon.pk not in best.used:
        raise best.refused[coupon.pk]
    # What is kept was worked out without this one: what it takes too much now, this one takes less.
    over = sum(one.cents - best.used.get(one.pk, 0) for one in kept)
    cents = best.used[coupon.pk] - max(0, over)
    if cents <= 0:
        raise CouponRefused("coupon_not_used", why=pricing.nothing_to_take())
    return cents, best.quote.payable_cents


def redeem(caller: Caller, body: Body) -> Json:
    """The order is paid."""
    only(body, "code", "order_id")
    coupon = moves.find(caller.shop, text_of(body, "code"))
    return _noted(
        caller,
        "coupon.redeem",
        moves.redeem(coupon, order_id=order_id_of(body), now=caller.now, by=caller.name),
    )


def roll_back(caller: Caller, body: Body) -> Json:
    """The order is off, before or after it was paid."""
    only(body, "code", "order_id")
    coupon = moves.find(caller.shop, text_of(body, "code"))
    return _noted(
        caller,
        "coupon.roll_back",
        moves.roll_back(coupon, order_id=order_id_of(body), now=caller.now, by=caller.name),
    )


Act = Callable[[Caller, Body], Json]
ACTS: dict[str, Act] = {"claim": claim, "reserve": reserve, "redeem": redeem, "rollback": roll_back}


def once(
    caller: Caller,
    act: str,
    key: str,
    data: bytes,
    body: Body,
    step: Callable[[str], None] = lambda name: None,
    acts: Mapping[str, Act] = ACTS,
) -> tuple[Json, bool]:
    """Do an act of `acts`, or give the answer that the same key and bytes had before; whether it was given before.

    `step` is called after each step (tests kill there).

    Raises
    ------
    CouponRefused, OfferRefused
        when it cannot be done; nothing was, and the key is as good as new.
    """
    if not _KEY.fullmatch(key):
        raise CouponRefused("key_wrong" if key else "key_missing")
    sha = hashlib.sha256(act.encode() + b"\0" + data).hexdigest()
    if (known := _known(caller.shop, key, sha)) is not None:
        return known, True
    step("checked")
    try:
        with transaction.atomic():
            # First: whoever comes second with the key waits here for the first one's end.
            call = CouponCall.objects.create(
                shop=caller.shop, key=key, body_sha256=sha, created_at=caller.now
            )
            step("noted")
            call.answer = acts[act](caller, body)
            step("moved")
            call.save(update_fields=["answer"])
            step("answered")
    except IntegrityError:
        known = _known(caller.shop, key, sha)
        if known is None:
            raise
        return known, True
    step("done")
    return _alike(call.answer), False


def _known(shop: Shop, key: str, sha: str) -> Json | None:
    found = CouponCall.objects.filter(shop=shop, key=key).first()
    if found is None:
        return None
    if found.body_sha256 != sha:
        raise CouponRefused("key_used", when=moment_told(found.created_at))
    if not found.answer:
        raise CouponRefused("customer_erased")
    return _alike(found.answer)


def _alike(answer: Json) -> Json:
    """PostgreSQL keeps an object's names in an order of its own: the same answer is the same bytes each time."""
    return {
        name: _alike(value) if isinstance(value, dict) else value for name, value in sorted(answer.items())
    }


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """Empty the kept answers that name an erased person, in every shop of the owner; how many. The key stays, so that
    what was done is not done again: the same request is told that the customer is erased."""
    del now  # as every forgetter is called
    named = [str(number) for number in traces.people]
    return CouponCall.objects.filter(
        shop__in=list(Shop.objects.filter(owner_id=shop.owner_id)), answer__customer_id__in=named
    ).update(answer={})


def forget_calls(now: datetime) -> int:
    """Delete keys and answers after 30 days; how many went. The events stay."""
    return CouponCall.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _noted(caller: Caller, act: str, coupon: Coupon) -> Json:
    """The answer about a coupon that was moved, and its audit row."""
    audit.record(
        act, shop=caller.shop, actor=None, at=caller.now, subject=str(coupon.pk), token=caller.token.prefix,
        cents=coupon.cents,
    )  # fmt: skip
    return {
        "code": shown_code(coupon.code),
        "issue": str(coupon.issue_id),
        "state": coupon.state,
        "order_id": coupon.order_id or None,
        "discount_cents": coupon.cents,
        "customer_id": None if coupon.customer_id is None else str(coupon.customer_id),
        "valid_to": moment_told(coupon.valid_to) or None,
    }


def _refusal(refusal: CouponRefused | None) -> Json | None:
    return None if refusal is None else {"code": refusal.code, "message": refusal.message}


def _issue(caller: Caller, body: Body) -> CouponIssue:
    text = text_of(body, "issue")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    found = CouponIssue.objects.select_related("offer").filter(shop=caller.shop, pk=number).first()
    if found is None:
        raise CouponRefused("issue_unknown")
    return found


def _basket(body: Body) -> engine.Basket:
    """The basket in the engine's own form. Who the buyer is to the shop its system says; which coupons they hold and
    have used and in which segments they are the ledger knows."""
    if "basket" not in body:
        raise CouponRefused("field_missing", field="basket")
    try:
        basket = engine.basket_from_dict(body["basket"])
    except engine.EngineError as error:
        raise OfferRefused.of(error) from None
    if basket.buyer.held_coupons:
        raise CouponRefused("told_by_ledger", field="basket.buyer.held_coupons")
    return basket
