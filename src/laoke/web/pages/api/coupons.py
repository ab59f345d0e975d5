"""Coupons for the shop's own system: quote a basket, claim, reserve, redeem, roll back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from laoke.intake.sent.bodies import Doubled, read_json
from laoke.promotions.coupons import calls
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.offers import OfferRefused
from laoke.shops.clock import live_now
from laoke.web.pages.api.access import CLAIM, QUOTE, USE, answers, body_of, token_for
from laoke.web.pages.api.answers import not_found, said

MOST_BYTES = 256 * 1024
# A checkout asks for every buyer who looks into the basket, a batch of facts comes now and then.
MOST_A_MINUTE = 12_000
SCOPE_OF = {"claim": CLAIM, "reserve": USE, "redeem": USE, "rollback": USE}
# Everything else that is refused says that the request cannot be worked with as it is: 422.
STATUSES = {
    "key_missing": 400, "key_wrong": 400, "body_shape": 400, "field_missing": 400, "field_unknown": 400,
    "name_twice": 400, "coupons_named_twice": 400, "code_wrong": 404, "coupon_unknown": 404, "issue_unknown": 404,
    "customer_unknown": 404,
    "reserved": 409, "redeemed": 409, "expired": 409, "blocked": 409, "not_claimable": 409, "not_reserved": 409,
    "reservation_over": 409, "nothing_to_roll_back": 409, "other_order": 409, "not_yet_valid": 409,
    "issue_stopped": 409, "issue_used_up": 409, "issue_kept": 409, "person_limit": 409, "use_limit": 409,
    "budget_used_up": 409,
    "customer_erased": 409, "not_theirs": 409, "not_for_them": 409, "offer_over": 409,
}  # fmt: skip
UNPROCESSABLE = 422


@answers("POST")
def quote(request: HttpRequest) -> HttpResponse:
    """The price of a basket with its reasons; nothing is changed by asking."""
    token = token_for(request, QUOTE, MOST_A_MINUTE)
    caller = Caller(token, live_now(token.shop.timezone))
    data = body_of(request, MOST_BYTES)
    return _answered(lambda: said(calls.quote(caller, object_of(data)), 200))


@answers("POST")
def act(request: HttpRequest, act: str) -> HttpResponse:
    """Claim, reserve, redeem or roll back; sent again with its key it gets the same answer."""
    if act not in SCOPE_OF:
        raise not_found()
    token = token_for(request, SCOPE_OF[act], MOST_A_MINUTE)
    caller = Caller(token, live_now(token.shop.timezone))
    data = body_of(request, MOST_BYTES)
    key = request.headers.get("Idempotency-Key", "")

    def done() -> HttpResponse:
        told, repeated = calls.once(caller, act, key, data, object_of(data))
        answer = said(told, 200)
        if repeated:
            answer["Idempotent-Replay"] = "true"
        return answer

    return _answered(done)


def _answered(work: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return work()
    except CouponRefused as refusal:
        status = STATUSES.get(refusal.code, UNPROCESSABLE)
        return said({"code": refusal.code, "message": refusal.message}, status)
    except OfferRefused as refusal:
        told = {"code": refusal.code, "field": refusal.field, "message": refusal.message}
        return said(told, UNPROCESSABLE)


def object_of(data: bytes) -> dict[str, Any]:
    """The object that a body is.

    Raises
    ------
    BodyRefused, CouponRefused
    """
    found = read_json(data)
    if not isinstance(found, dict):
        raise CouponRefused("body_shape", field="", expected="{…}")
    if twice := _twice(found):
        raise CouponRefused("name_twice", name=twice)
    return found


def _twice(value: Any) -> str:
    """The first name that stands twice in one object, anywhere; '' = none."""
    if isinstance(value, Doubled):
        return value.twice[:80].encode("utf-8", "replace").decode("utf-8")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for part in parts if (found := _twice(part))), "")
