"""Points, lotteries and referrals for the shop's own system."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse

from laoke.promotions.coupons import calls
from laoke.promotions.coupons.bodies import Body, Caller, Json
from laoke.promotions.coupons.calls import Act
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.rewards import lottery_calls, points_calls, referral_calls
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops.clock import live_now
from laoke.web.pages.api import coupons
from laoke.web.pages.api.access import (
    LOTTERY_DRAW,
    LOTTERY_READ,
    POINTS_EARN,
    POINTS_READ,
    POINTS_USE,
    REFER,
    REFER_ORDERS,
    answers,
    body_of,
    token_for,
)
from laoke.web.pages.api.answers import not_found, said

MOST_BYTES = 16 * 1024
READS: dict[str, Callable[[Caller, Body], Json]] = {
    "points.quote": points_calls.quote,
    "lotteries.show": lottery_calls.show,
}
ACTS: dict[str, Act] = {**points_calls.ACTS, **lottery_calls.ACTS, **referral_calls.ACTS}
SCOPE_OF = {
    "points.quote": POINTS_READ, "points.earn": POINTS_EARN, "points.refund": POINTS_EARN,
    "points.reserve": POINTS_USE, "points.redeem": POINTS_USE, "points.rollback": POINTS_USE,
    "lotteries.show": LOTTERY_READ, "lotteries.draw": LOTTERY_DRAW,
    "referrals.invite": REFER, "referrals.accept": REFER, "referrals.liked": REFER,
    "referrals.paid": REFER_ORDERS, "referrals.refunded": REFER_ORDERS,
}  # fmt: skip
# Everything else that is refused says that the request cannot be worked with as it is: 422.
STATUSES = {
    "no_points_scheme": 409, "earning_stopped": 409, "order_earned": 409, "order_unknown": 404,
    "refund_above_paid": 409, "points_least": 409, "points_step": 409, "points_share": 409, "points_day": 409,
    "points_short": 409, "order_has_points": 409, "no_points_held": 409, "points_redeemed": 409,
    "no_points_used": 409, "points_hold_over": 409, "lottery_unknown": 404, "lottery_not_open": 409,
    "no_referral_scheme": 409, "referral_stopped": 409, "invitation_unknown": 404, "referral_same_person": 409,
    "referral_household": 409, "referral_already": 409, "referral_not_new": 409, "likes_not_rewarded": 409,
    "share_of_another": 409, "lottery_not_yet": 409, "lottery_over": 409, "lottery_person": 409, "lottery_day": 409,
    "lottery_not_for_them": 409,
}  # fmt: skip


@answers("POST")
def reward(request: HttpRequest, noun: str, act: str) -> HttpResponse:
    """What is asked and done about one noun; what changes something is done once for its key."""
    name = f"{noun}.{act}"
    if name not in SCOPE_OF:
        raise not_found()
    token = token_for(request, SCOPE_OF[name], coupons.MOST_A_MINUTE)
    caller = Caller(token, live_now(token.shop.timezone))
    data = body_of(request, MOST_BYTES)
    try:
        body = coupons.object_of(data)
        if name in READS:
            return said(READS[name](caller, body), 200)
        return _once(request, caller, name, data, body, ACTS)
    except CouponRefused as refusal:
        return _refused(refusal, coupons.STATUSES)
    except RewardRefused as refusal:
        return _refused(refusal, STATUSES)


def _once(
    request: HttpRequest, caller: Caller, name: str, data: bytes, body: Body, acts: Mapping[str, Act]
) -> HttpResponse:
    key = request.headers.get("Idempotency-Key", "")
    told, repeated = calls.once(caller, name, key, data, body, acts=acts)
    answer = said(told, 200)
    if repeated:
        answer["Idempotent-Replay"] = "true"
    return answer


def _refused(refusal: CouponRefused | RewardRefused, statuses: Mapping[str, int]) -> HttpResponse:
    status = statuses.get(refusal.code, coupons.UNPROCESSABLE)
    return said({"code": refusal.code, "message": refusal.message}, status)
