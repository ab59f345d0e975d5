"""The rows behind a move: the lock, the conditional update with its event, and sets of both.

Whoever moves a coupon holds its issue and the issue's offer first (on SQLite the transaction itself is that lock), so
limits and budgets are read and kept by one at a time; the coupon's own update still names the state it leaves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from laoke.promotions.coupons import states
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, CouponEvent, CouponIssue, Offer
from laoke.shops import dirty
from laoke.shops.bulk import is_sqlite, stored_time

MIRROR = "coupon_events"


def locked_issue(pk: int) -> CouponIssue:
    """The issue with its offer, held until the transaction ends."""
    return (
        CouponIssue.objects.select_related("offer", "shop")
        .select_for_update(of=("self", "offer"), no_key=True)
        .get(pk=pk)
    )


def check_running(issue: CouponIssue, now: datetime) -> None:
    """
    Raises
    ------
    CouponRefused
        when nothing of the issue may be given out or used now: it is stopped, or it or its offer is over.
    """
    if issue.stopped_at is not None:
        raise CouponRefused("issue_stopped")
    if issue.offer.archived or issue.offer.ends_at <= now:
        raise CouponRefused("offer_over", name=issue.offer.name)
    if issue.valid_to is not None and issue.valid_to <= now:
        raise CouponRefused("expired")


def take_room(issue: CouponIssue, count: int, kept: int = 0) -> None:
    """Count `count` more coupons as made; `kept` more are promised to others than they are for.

    Raises
    ------
    CouponRefused
        when the issue's total has no room for them.
    """
    room = CouponIssue.objects.filter(pk=issue.pk, made__lte=issue.total_limit - kept - count)
    if not room.update(made=F("made") + count):
        if kept:
            left = max(0, issue.total_limit - issue.made - kept)
            raise CouponRefused("issue_kept", kept=kept, left=left)
        raise CouponRefused("issue_used_up", most=issue.total_limit, left=issue.total_limit - issue.made)


def take_budget(issue: CouponIssue, cents: int) -> None:
    """Take what an order gets off out of the budget.

    Raises
    ------
    CouponRefused
        when less than that is left.
    """
    rows = CouponIssue.objects.filter(pk=issue.pk)
    if issue.budget_cents is not None:
        rows = rows.filter(taken_cents__lte=issue.budget_cents - cents)
    if not rows.update(taken_cents=F("taken_cents") + cents):
        left = (issue.budget_cents or 0) - CouponIssue.objects.values_list("taken_cents", flat=True).get(
            pk=issue.pk
        )
        raise CouponRefused("budget_used_up", left_cents=left, wanted_cents=cents)


def give_budget_back(issue_id: int, cents: int) -> None:
    """What an order no longer takes is there for others again."""
    CouponIssue.objects.filter(pk=issue_id).update(taken_cents=F("taken_cents") - cents)


def move(
    coupon: Coupon,
    after: str,
    *,
    now: datetime,
    by: str,
    event: str = "",
    order_id: str = "",
    cents: int = 0,
    until: datetime | None = None,
) -> None:
    """Move a coupon and write its event. `order_id` and `cents` are those of the event; the coupon keeps them while an
    order has it. `until` ends a reservation.

    Raises
    ------
    RuntimeError
        when the table does not hold the move, or the row left its state meanwhile: a fault of the caller.
    """
    if not states.may_move(coupon.state, after):
        raise RuntimeError(f"no move from {coupon.state} to {after}")
    taken = after in states.TAKEN
    changed: dict[str, Any] = {
        "state": after,
        "customer_id": coupon.customer_id,
        "valid_to": coupon.valid_to,
        "due_at": states.next_due(after, coupon.valid_to, until),
        "order_id": order_id if taken else "",
        "cents": cents if taken else 0,
        "changed_at": now,
    }
    if not Coupon.objects.filter(pk=coupon.pk, state=coupon.state).update(**changed):
        raise RuntimeError(f"coupon {coupon.pk} is no longer {coupon.state}")
    for name, value in changed.items():
        setattr(coupon, name, value)
    CouponEvent.objects.create(
        issue_id=coupon.issue_id, coupon=coupon, kind=event or after, at=now, customer_id=coupon.customer_id,
        order_id=order_id, cents=cents, by=by[:80],
    )  # fmt: skip
    mark_coupons(coupon.shop_id, [coupon.pk] if coupon.customer_id is not None else [])


def mark_coupons(shop_id: int, coupons: Sequence[int]) -> None:
    """The mirror is behind for these coupons. Those of nobody are not mirrored."""
    dirty.mark(shop_id, MIRROR, coupons)


def mark_issue(issue: CouponIssue) -> None:
    """The mirror is behind for every coupon of the issue that somebody could still use."""
    _mark_usable("c.issue_id = %s", issue.pk)


def mark_offer(offer: Offer) -> None:
    """The mirror is behind for every coupon of the offer's issues that somebody could still use."""
    _mark_usable("c.issue_id IN (SELECT i.id FROM promotions_couponissue i WHERE i.offer_id = %s)", offer.pk)


def _mark_usable(which: str, pk: int) -> None:
    """By one statement, however many they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_dirty (shop_id, mirror, key, revision) "
            "SELECT c.shop_id, %s, CAST(c.id AS TEXT), 1 FROM promotions_coupon c "
            f"WHERE {which} AND c.customer_id IS NOT NULL AND c.state IN (%s, %s) "
            "ON CONFLICT (shop_id, mirror, key) DO UPDATE SET revision = shops_dirty.revision + 1",
            [MIRROR, pk, states.CLAIMED, states.RESERVED],
        )


def forget_holder(coupon: Coupon) -> None:
    """The coupon and its events are nobody's from here on."""
    Coupon.objects.filter(pk=coupon.pk).update(customer_id=None)
    CouponEvent.objects.filter(coupon=coupon).update(customer_id=None)
    mark_coupons(coupon.shop_id, [coupon.pk])


def insert_codes(issue: CouponIssue, batch_id: int | None, codes: Sequence[str], now: datetime) -> int:
    """Codes as coupons of nobody, each with its event, by two statements; how many were new to the shop."""
    ends: Any = stored_time(issue.valid_to) if issue.valid_to else None
    made_at: Any = stored_time(now)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO promotions_coupon (shop_id, issue_id, batch_id, code, state, valid_to, due_at, order_id, "
            f"cents, changed_at) SELECT %s, %s, %s, p.value, %s, {_time()}, {_time()}, '', 0, {_time()} "
            f"FROM {_table('text')} WHERE true ON CONFLICT (shop_id, code) DO NOTHING RETURNING id",
            [
                issue.shop_id, issue.pk, batch_id, states.ISSUED, ends, ends, made_at, _listed(codes),
            ],
        )  # fmt: skip
        made = [row[0] for row in cursor.fetchall()]
        _insert_events(cursor, made, states.ISSUED, now, "")
    return len(made)


def expire(issue: CouponIssue, coupons: Sequence[int], now: datetime, by: str) -> int:
    """Coupons whose end has come, as a set: update and events by two statements; how many still stood so."""
    at: Any = stored_time(now)
    with connection.cursor() as cursor:
        cursor.execute(
            # By id alone: with the issue beside it SQLite would walk through all coupons of the issue.
            "UPDATE promotions_coupon SET state = %s, due_at = NULL, changed_at = %s "
            f"WHERE id IN (SELECT value FROM {_table('bigint')}) AND state IN (%s, %s) RETURNING id, customer_id",
            [states.EXPIRED, at, _listed(coupons), states.ISSUED, states.CLAIMED],
        )
        gone = cursor.fetchall()
        _insert_events(cursor, [row[0] for row in gone], states.EXPIRED, now, by)
    mark_coupons(issue.shop_id, [pk for pk, customer in gone if customer is not None])
    return len(gone)


def _insert_events(cursor: Any, coupons: Sequence[int], kind: str, now: datetime, by: str) -> None:
    cursor.execute(
        'INSERT INTO promotions_couponevent (issue_id, coupon_id, kind, at, customer_id, order_id, cents, "by") '
        f"SELECT c.issue_id, c.id, %s, {_time()}, c.customer_id, '', 0, %s FROM promotions_coupon c "
        f"WHERE c.id IN (SELECT value FROM {_table('bigint')})",
        [kind, stored_time(now), by, _listed(coupons)],
    )


def _time() -> str:
    """PostgreSQL wants to be told what a parameter in a SELECT is; SQLite keeps times as text."""
    return "%s" if is_sqlite() else "%s::timestamp"


def _table(kind: str) -> str:
    """A list that travels as one parameter, as a table `p(value)`."""
    return "json_each(%s) p" if is_sqlite() else f"unnest(%s::{kind}[]) AS p(value)"


def _listed(values: Sequence[Any]) -> Any:
    return json.dumps(list(values)) if is_sqlite() else list(values)
