"""What the shop's own system asks about points: quote, earn, refund, reserve, redeem, roll back.

Run by `coupons.calls.once`: the same key and body are done once, with the move and its audit row in one transaction.
"""

from __future__ import annotations

from typing import Any

from laoke.money import MAX_CENTS
from laoke.promotions.coupons.bodies import (
    Body,
    Caller,
    Json,
    customer_of,
    moment_told,
    only,
    order_id_of,
    whole_of,
)
from laoke.promotions.coupons.calls import Act
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.rewards import points as moves
from laoke.promotions.rewards.models import PointsHold, PointsScheme
from laoke.promotions.rewards.points_rows import same_person
from laoke.promotions.rewards.points_rules import MOST_POINTS
from laoke.promotions.rewards.points_scheme import burning_of
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops import audit


def quote(caller: Caller, body: Body) -> Json:
    """A customer's points, and how many of them an order of `payable_cents` may use; nothing is changed.

    Raises
    ------
    CouponRefused, RewardRefused
    """
    only(body, "customer", "payable_cents")
    customer_id = customer_of(caller, body, make=False)
    payable = whole_of(body, "payable_cents", MAX_CENTS) if "payable_cents" in body else None
    scheme = PointsScheme.objects.select_related("shop").filter(shop=caller.shop).first()
    if scheme is None:
        raise RewardRefused("no_points_scheme")
    customers = [] if customer_id is None else same_person(caller.shop, customer_id)
    found = moves.balance_of(caller.shop, customers, caller.now)
    told = _balance(found)
    if payable is not None:
        burning = burning_of(scheme)
        most = burning.most(found.usable, payable, moves.left_today(scheme, customers, caller.now))
        told |= {"most_points": most, "most_cents": burning.worth(most)}
    return told


def earn(caller: Caller, body: Body) -> Json:
    """The points of a paid order, once for each order."""
    only(body, "customer", "order_id", "paid_cents")
    order_id, paid = order_id_of(body), whole_of(body, "paid_cents", MAX_CENTS)
    customer_id = _someone(caller, body)
    lot = moves.earn(
        caller.shop, customer_id, order_id=order_id, paid_cents=paid, now=caller.now, by=caller.name
    )
    return _noted(
        caller, "points.earn", customer_id, order_id, points=lot.points,
        usable_from=moment_told(lot.usable_from), good_until=moment_told(lot.good_until) or None,
    )  # fmt: skip


def refund(caller: Caller, body: Body) -> Json:
    """An order is refunded, whole or in part: its points go back in proportion."""
    only(body, "order_id", "refunded_cents")
    order_id, cents = order_id_of(body), whole_of(body, "refunded_cents", MAX_CENTS, 1)
    lot = moves.take_back(
        caller.shop, order_id=order_id, refunded_cents=cents, now=caller.now, by=caller.name
    )
    return _noted(
        caller, "points.refund", lot.customer_id, order_id, points=lot.points - lot.taken_back,
        taken_back=lot.taken_back,
    )  # fmt: skip


def reserve(caller: Caller, body: Body) -> Json:
    """Keep points for an order; what they take off is computed by the shop's rule."""
    only(body, "customer", "order_id", "points", "payable_cents")
    order_id = order_id_of(body)
    wanted, payable = whole_of(body, "points", MOST_POINTS, 1), whole_of(body, "payable_cents", MAX_CENTS)
    customer_id = _someone(caller, body)
    held = moves.reserve(
        caller.shop, customer_id, order_id=order_id, points=wanted, payable_cents=payable, now=caller.now,
        by=caller.name,
    )  # fmt: skip
    more = {"reserved_until": moment_told(held.due_at), "payable_cents": payable - held.cents}
    return _held(caller, "points.reserve", held) | more


def redeem(caller: Caller, body: Body) -> Json:
    """The order is paid."""
    only(body, "order_id")
    return _held(
        caller,
        "points.redeem",
        moves.redeem(caller.shop, order_id=order_id_of(body), now=caller.now, by=caller.name),
    )


def roll_back(caller: Caller, body: Body) -> Json:
    """The order is off, before or after it was paid."""
    only(body, "order_id")
    return _held(
        caller,
        "points.roll_back",
        moves.roll_back(caller.shop, order_id=order_id_of(body), now=caller.now, by=caller.name),
    )


ACTS: dict[str, Act] = {
    "points.earn": earn,
    "points.refund": refund,
    "points.reserve": reserve,
    "points.redeem": redeem,
    "points.rollback": roll_back,
}


def _someone(caller: Caller, body: Body) -> int:
    found = customer_of(caller, body, make=True)
    if found is None:
        raise CouponRefused("field_missing", field="customer")
    return found


def _held(caller: Caller, act: str, held: PointsHold) -> Json:
    told = {"state": held.state, "discount_cents": held.cents}
    return _noted(caller, act, held.customer_id, held.order_id, points=held.points, **told)


def _noted(
    caller: Caller, act: str, customer_id: int | None, order_id: str, *, points: int, **more: Any
) -> Json:
    """The answer about points that moved, with the balance after it; and the audit row."""
    audit.record(
        act, shop=caller.shop, actor=None, at=caller.now, subject=order_id, count=points, token=caller.token.prefix
    )  # fmt: skip
    whose = None if customer_id is None else str(customer_id)
    customers = [] if customer_id is None else same_person(caller.shop, customer_id)
    balance = _balance(moves.balance_of(caller.shop, customers, caller.now))
    return {"order_id": order_id, "customer_id": whose, "points": points, "balance": balance} | more


def _balance(found: moves.Balance) -> Json:
    return {
        "usable": found.usable,
        "waiting": found.waiting,
        "reserved": found.reserved,
        "owed": found.owed,
        "next_end": moment_told(found.next_end) or None,
        "ending": found.ending,
    }
