"""What is done with a coupon: claimed, reserved for an order, redeemed, rolled back, blocked, expired.

Each is one transaction that holds the issue, so that limits and budgets stay true whatever runs beside it. A
reservation ends by itself: whoever comes next finds its time run out and lets go of it, worker or not.

    CouponRefused    it cannot be; nothing was done
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, Sum
from django.db.models.expressions import RawSQL

from laoke.customers.erasure import Traces
from laoke.customers.links import customers_of, person_of
from laoke.promotions.coupons import rows, states
from laoke.promotions.coupons.codes import Random, make_codes, read_code
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, CouponIssue
from laoke.promotions.offers import offer_value
from laoke.promotions.rewards import promised
from laoke.shops import audit
from laoke.shops.models import Shop, User

CLOCK = "clock"
"""Who an event is by when nobody did it: its time came."""

ORDER_LOCK = 7_120_040

EXPIRED_AT_ONCE = 1_000
RELEASED_AT_ONCE = 200


def find(shop: Shop, typed: str) -> Coupon:
    """The coupon of a code that somebody typed.

    Raises
    ------
    CouponRefused
        `code_wrong` when no code looks so, `coupon_unknown` when the shop has none of it.
    """
    code = read_code(typed)
    if code is None:
        raise CouponRefused("code_wrong")
    found = (
        Coupon.objects.select_related("issue", "issue__offer", "shop").filter(shop=shop, code=code).first()
    )
    if found is None:
        raise CouponRefused("coupon_unknown")
    return found


def held_by(shop: Shop, customer_id: int) -> list[Coupon]:
    """The coupons that the person of a customer has and no order has used, the first that ends first."""
    person = person_of(shop, customer_id)
    customers = [customer_id] if person is None else customers_of(shop, person)
    found = Coupon.objects.select_related("issue", "issue__offer", "shop").filter(
        shop=shop, customer_id__in=customers, state__in=(states.CLAIMED, states.RESERVED)
    )
    return list(found.order_by("valid_to", "pk"))


def hold_order(shop: Shop, order_id: str) -> None:
    """One after the other: two coupons that are kept for one order must see each other. On SQLite writers wait anyway.

    Held until the transaction ends, and taken before any issue.
    """
    if connection.vendor == "postgresql":
        number = zlib.crc32(f"{shop.pk}\n{order_id}".encode()) - 2**31
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ORDER_LOCK, number])


def kept_for(shop: Shop, order_id: str, now: datetime) -> list[Coupon]:
    """The coupons that an order has, reserved or redeemed, the first that ends first."""
    found = Coupon.objects.select_related("issue", "issue__offer", "shop").filter(
        # The same words as the index has, so that it serves.
        Q(order_id__gt=RawSQL("''", [])),
        Q(state=states.REDEEMED) | Q(state=states.RESERVED, due_at__gt=now),
        shop=shop,
        order_id=order_id,
    )
    return list(found.order_by("valid_to", "pk"))


def state_at(coupon: Coupon, now: datetime) -> str:
    """The state as it is now, also when time has changed it and no row says so yet."""
    state = coupon.state
    if state == states.RESERVED and coupon.due_at is not None and coupon.due_at <= now:
        state = states.free_state(coupon.customer_id)
    if state in (states.ISSUED, states.CLAIMED) and coupon.valid_to is not None and coupon.valid_to <= now:
        return states.EXPIRED
    return state


def claim_new(
    issue: CouponIssue,
    customer_id: int,
    *,
    now: datetime,
    by: str,
    random: Random = secrets.token_bytes,
    is_prize: bool = False,
) -> Coupon:
    """Give a customer a new coupon of the issue; one that is no prize leaves what published lotteries promise.

    Raises
    ------
    CouponRefused
    """
    with transaction.atomic():
        locked = rows.locked_issue(issue.pk)
        rows.check_running(locked, now)
        _check_person_limit(locked, customer_id)
        rows.take_room(locked, 1, 0 if is_prize else promised.owed(locked.pk, now))
        while not rows.insert_codes(locked, None, codes := make_codes(1, random), now):
            pass
        coupon = Coupon.objects.get(shop_id=locked.shop_id, code=codes[0])
        _claim(locked, coupon, customer_id, now, by)
    return coupon


def claim_code(coupon: Coupon, customer_id: int, *, now: datetime, by: str) -> Coupon:
    """Give a customer the coupon of this code, which nobody has yet.

    Raises
    ------
    CouponRefused
    """
    with transaction.atomic():
        issue, held = _hold(coupon, now)
        rows.check_running(issue, now)
        if held.state != states.ISSUED:
            _refuse_unless_free(held)
            raise CouponRefused("not_claimable")
        _check_person_limit(issue, customer_id)
        _claim(issue, held, customer_id, now, by)
    return held


def _claim(issue: CouponIssue, coupon: Coupon, customer_id: int, now: datetime, by: str) -> None:
    coupon.customer_id = customer_id
    coupon.valid_to = states.good_until(issue.valid_to, issue.days_after_claim, now)
    rows.move(coupon, states.CLAIMED, now=now, by=by)


def reserve(
    coupon: Coupon,
    *,
    order_id: str,
    cents: int,
    customer_id: int | None,
    now: datetime,
    by: str,
    hold: timedelta = states.HOLD,
) -> Coupon:
    """Keep a coupon and `cents` of its issue's budget for an order until it is redeemed, rolled back or too late.

    A coupon of nobody becomes the customer's, when one is named.

    Raises
    ------
    CouponRefused
    """
    with transaction.atomic():
        issue, held = _hold(coupon, now)
        check_usable(issue, held, customer_id, now)
        if held.customer_id is None and customer_id is not None:
            _claim(issue, held, customer_id, now, by)
        _release_overdue(issue, now)
        rows.take_budget(issue, cents)
        rows.move(held, states.RESERVED, now=now, by=by, order_id=order_id, cents=cents, until=now + hold)
    return held


def redeem(coupon: Coupon, *, order_id: str, now: datetime, by: str) -> Coupon:
    """The order is paid: what was reserved for it is used.

    Raises
    ------
    CouponRefused
    """
    with transaction.atomic():
        rows.locked_issue(coupon.issue_id)
        held = _again(coupon)
        if held.state != states.RESERVED:
            if held.state in (states.REDEEMED, states.EXPIRED, states.BLOCKED):
                raise _refusal(held)
            raise CouponRefused("not_reserved")
        if held.order_id != order_id:
            raise CouponRefused("other_order", held=held.order_id, order_id=order_id)
        if held.due_at is not None and held.due_at <= now:
            raise CouponRefused("reservation_over", until=_told(held.due_at))
        rows.move(held, states.REDEEMED, now=now, by=by, order_id=order_id, cents=held.cents)
    return held


def roll_back(coupon: Coupon, *, order_id: str, now: datetime, by: str) -> Coupon:
    """The order is off: its coupon is its holder's again for as long as it is good, and the budget has its money back.

    Raises
    ------
    CouponRefused
    """
    with transaction.atomic():
        rows.locked_issue(coupon.issue_id)
        held = _again(coupon)
        if held.state not in states.TAKEN:
            raise CouponRefused("nothing_to_roll_back", order_id=order_id)
        if held.order_id != order_id:
            raise CouponRefused("other_order", held=held.order_id, order_id=order_id)
        _let_go(held, now, by)
    return held


def block(coupon: Coupon, *, actor: User | None, now: datetime) -> Coupon:
    """Make a code worthless that went to the wrong hands.

    Raises
    ------
    CouponRefused
        when an order holds or used it, or it is worthless already.
    """
    with transaction.atomic():
        _issue, held = _hold(coupon, now)
        if not states.may_move(held.state, states.BLOCKED):
            raise CouponRefused("not_blockable", state=held.state)
        rows.move(held, states.BLOCKED, now=now, by=actor.username if actor else "")
        audit.record("coupon.block", shop=held.shop, actor=actor, at=now, subject=str(held.pk))
    return held


def expire_due(now: datetime) -> int:
    """What time has done since the last look: reservations let go, coupons past their end; how many.

    In short transactions, so that pages and orders get their turn in between.
    """
    done = 0
    while due := _due(now):
        by_issue: dict[int, list[int]] = {}
        for pk, issue_id in due:
            by_issue.setdefault(issue_id, []).append(pk)
        for issue_id, coupons in sorted(by_issue.items()):
            with transaction.atomic():
                issue = rows.locked_issue(issue_id)
                done += _release_overdue(issue, now, coupons)
                done += rows.expire(issue, _past_end(coupons, now), now, CLOCK)
    return done


def _due(now: datetime) -> list[tuple[int, int]]:
    found = Coupon.objects.filter(due_at__lte=now).order_by("due_at")
    return list(found.values_list("pk", "issue_id")[:EXPIRED_AT_ONCE])


def _past_end(coupons: Sequence[int], now: datetime) -> list[int]:
    free = Coupon.objects.filter(pk__in=coupons, state__in=(states.ISSUED, states.CLAIMED), due_at__lte=now)
    return list(free.order_by("pk").values_list("pk", flat=True))


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """What an erased person still held is worthless; the ledger keeps its sums and names them no more."""
    done = 0
    held = Coupon.objects.filter(customer_id__in=traces.people)
    for issue_id in sorted(set(held.values_list("issue_id", flat=True))):
        rows.locked_issue(issue_id)
        for coupon in held.filter(issue_id=issue_id).order_by("pk"):
            if coupon.state == states.RESERVED:
                _let_go(coupon, now, "erasure")
            if coupon.state == states.CLAIMED:
                rows.move(coupon, states.BLOCKED, now=now, by="erasure")
            rows.forget_holder(coupon)
            done += 1
    return done


def _hold(coupon: Coupon, now: datetime) -> tuple[CouponIssue, Coupon]:
    """The issue, held, and the coupon as it is now, with what time has done to it."""
    issue = rows.locked_issue(coupon.issue_id)
    held = _again(coupon)
    if held.state == states.RESERVED and held.due_at is not None and held.due_at <= now:
        _let_go(held, now, CLOCK)
    if state_at(held, now) == states.EXPIRED and held.state != states.EXPIRED:
        raise CouponRefused("expired")
    return issue, held


def _again(coupon: Coupon) -> Coupon:
    return Coupon.objects.select_related("shop").get(pk=coupon.pk)


def _let_go(coupon: Coupon, now: datetime, by: str) -> None:
    order_id, cents = coupon.order_id, coupon.cents
    after = states.free_state(coupon.customer_id)
    rows.move(coupon, after, event=states.ROLLED_BACK, now=now, by=by, order_id=order_id, cents=cents)
    rows.give_budget_back(coupon.issue_id, cents)


def _release_overdue(issue: CouponIssue, now: datetime, among: Sequence[int] | None = None) -> int:
    """Let go of reservations whose time ran out, before anybody is told that the budget is used up."""
    late = Coupon.objects.filter(issue=issue, state=states.RESERVED, due_at__lte=now)
    if among is not None:
        late = late.filter(pk__in=among)
    found = list(late.order_by("pk")[:RELEASED_AT_ONCE])
    for coupon in found:
        _let_go(coupon, now, CLOCK)
    return len(found)


def check_usable(issue: CouponIssue, coupon: Coupon, customer_id: int | None, now: datetime) -> None:
    """
    Raises
    ------
    CouponRefused
        when an order of this customer (None = not named) cannot use the coupon now, whatever is in its basket.
    """
    rows.check_running(issue, now)
    if issue.valid_from > now:
        raise CouponRefused("not_yet_valid", at=_told(issue.valid_from))
    _refuse_unless_free(coupon)
    _check_whose(issue, coupon, customer_id)
    if coupon.customer_id is None and customer_id is not None:
        _check_person_limit(issue, customer_id)
    _check_use_limit(issue, customer_id, now)


def budget_left(issue: CouponIssue, now: datetime) -> int | None:
    """Cents of the budget that an order may still take; None = no limit. What reservations hold whose time ran out is
    there again, whether somebody has let go of them yet or not."""
    if issue.budget_cents is None:
        return None
    late = Coupon.objects.filter(issue=issue, state=states.RESERVED, due_at__lte=now)
    return issue.budget_cents - issue.taken_cents + (late.aggregate(cents=Sum("cents"))["cents"] or 0)


def _refuse_unless_free(coupon: Coupon) -> None:
    if coupon.state not in (states.ISSUED, states.CLAIMED):
        raise _refusal(coupon)


def _refusal(coupon: Coupon) -> CouponRefused:
    params = {"order_id": coupon.order_id, "until": _told(coupon.due_at)}
    return CouponRefused(states.refusal_of(coupon.state), **params)


def _check_whose(issue: CouponIssue, coupon: Coupon, customer_id: int | None) -> None:
    """A coupon of somebody is used by the same person alone; one that counts per person needs one."""
    if customer_id is None:
        if (
            coupon.customer_id is not None
            or issue.per_person_limit is not None
            or _use_limit(issue) is not None
        ):
            raise CouponRefused("customer_needed")
        return
    if coupon.customer_id is None or coupon.customer_id == customer_id:
        return
    if person_of(issue.shop, coupon.customer_id) != person_of(issue.shop, customer_id):
        raise CouponRefused("not_theirs")


def _check_person_limit(issue: CouponIssue, customer_id: int) -> None:
    most = issue.per_person_limit
    if (
        most is not None
        and Coupon.objects.filter(issue=issue, customer_id__in=_same_person(issue, customer_id)).count()
        >= most
    ):
        raise CouponRefused("person_limit", most=most)


def _use_limit(issue: CouponIssue) -> int | None:
    return offer_value(issue.offer).limits.per_person


def _check_use_limit(issue: CouponIssue, customer_id: int | None, now: datetime) -> None:
    """The offer's own limit of uses per person, over all of its issues, orders under way included."""
    most = _use_limit(issue)
    if most is None or customer_id is None:
        return
    of_person = Coupon.objects.filter(
        issue__offer_id=issue.offer_id, customer_id__in=_same_person(issue, customer_id)
    )
    # An order that was lost counts only until its time is over.
    used = of_person.filter(Q(state=states.REDEEMED) | Q(state=states.RESERVED, due_at__gt=now))
    if used.count() >= most:
        raise CouponRefused("use_limit", most=most)


def _same_person(issue: CouponIssue, customer_id: int) -> list[int]:
    person = person_of(issue.shop, customer_id)
    return [customer_id] if person is None else customers_of(issue.shop, person)


def _told(moment: datetime | None) -> str:
    return moment.isoformat(sep=" ", timespec="seconds") if moment else ""
