"""What the shop's own system tells about referrals: invitations, friends who come, their orders, likes."""

from __future__ import annotations

from laoke.money import MAX_CENTS
from laoke.promotions.coupons.bodies import (
    Body,
    Caller,
    Json,
    customer_of,
    label_of,
    moment_told,
    only,
    order_id_of,
    text_of,
    whole_of,
)
from laoke.promotions.coupons.calls import Act
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.rewards import referrals
from laoke.promotions.rewards.referral_models import Referral
from laoke.shops import audit


def invite(caller: Caller, body: Body) -> Json:
    """The code by which a customer invites friends; a person has one."""
    only(body, "customer")
    invitation = referrals.invite(caller.shop, _someone(caller, body), now=caller.now)
    _note(caller, "referral.invite", str(invitation.pk))
    return {"code": shown_code(invitation.code), "customer_id": str(invitation.customer_id)}


def accept(caller: Caller, body: Body) -> Json:
    """A friend comes by an invitation."""
    only(body, "code", "customer")
    code = text_of(body, "code")
    found = referrals.accept(caller.shop, code, _someone(caller, body), now=caller.now)
    return _told(caller, "referral.accept", found)


def paid(caller: Caller, body: Body) -> Json:
    """A customer has paid. Tell every order: whether one counts is decided here."""
    only(body, "customer", "order_id", "paid_cents")
    order_id, cents = order_id_of(body), whole_of(body, "paid_cents", MAX_CENTS)
    found = referrals.paid(
        caller.shop, _someone(caller, body), order_id=order_id, paid_cents=cents, now=caller.now
    )
    return _told(caller, "referral.paid", found)


def refunded(caller: Caller, body: Body) -> Json:
    """An order was refunded, whole or in part."""
    only(body, "order_id")
    found = referrals.refunded(caller.shop, order_id=order_id_of(body), now=caller.now)
    return _told(caller, "referral.refunded", found)


def liked(caller: Caller, body: Body) -> Json:
    """How many likes something shared has now; the new ones are rewarded."""
    only(body, "customer", "share_id", "likes")
    share_id = label_of(body, "share_id")
    likes = whole_of(body, "likes", referrals.MOST_LIKES)
    customer_id = _someone(caller, body)
    share, given = referrals.liked(caller.shop, customer_id, share_id, likes, now=caller.now, by=caller.name)
    _note(caller, "referral.liked", str(share.pk), given)
    return {"share_id": share_id, "likes": share.likes, "rewarded": share.rewarded, "points": given}


ACTS: dict[str, Act] = {
    "referrals.invite": invite,
    "referrals.accept": accept,
    "referrals.paid": paid,
    "referrals.refunded": refunded,
    "referrals.liked": liked,
}


def _someone(caller: Caller, body: Body) -> int:
    found = customer_of(caller, body, make=True)
    if found is None:
        raise CouponRefused("field_missing", field="customer")
    return found


def _told(caller: Caller, act: str, found: Referral | None) -> Json:
    """What is under way now; the other person of it is not told."""
    if found is None:
        return {"referral": None}
    _note(caller, act, str(found.pk))
    return {"referral": str(found.pk), "state": found.state, "due_at": moment_told(found.due_at) or None}


def _note(caller: Caller, act: str, subject: str, count: int = 0) -> None:
    audit.record(
        act, shop=caller.shop, actor=None, at=caller.now, subject=subject, count=count, token=caller.token.prefix
    )  # fmt: skip
