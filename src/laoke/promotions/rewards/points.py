"""What is done with points: earned, given, reserved for an order, redeemed, returned, taken back, ended.

Each is one transaction that holds the shop's scheme, so that balances and daily limits stay true whatever runs beside
it. A reservation ends by itself: whoever comes next finds its time run out and lets go of it, worker or not.

    RewardRefused    it cannot be; nothing was done
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, Sum

from laoke.customers.erasure import Traces
from laoke.promotions.coupons.states import HOLD
from laoke.promotions.rewards import points_rows as rows
from laoke.promotions.rewards.models import (
    PointsEvent,
    PointsHold,
    PointsLot,
    PointsOwed,
    PointsPart,
    PointsScheme,
)
from laoke.promotions.rewards.points_rules import MOST_POINTS, Earning
from laoke.promotions.rewards.points_scheme import burning_of, earning_of, locked_scheme, shops_held
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops import audit
from laoke.shops.models import Shop, User

ENDED_AT_ONCE = 200
ORDER, GIFT, PRIZE, REFERRAL, SHARE = "order", "gift", "prize", "referral", "share"


@dataclass(frozen=True)
class Balance:
    """A person's points: `usable` now, `waiting` for their first day, `reserved` by orders, `owed` from refunds.

    `next_end` is when the first of those that are not reserved end, with `ending` of them; None = none ever.
    """

    usable: int
    waiting: int
    reserved: int
    owed: int
    next_end: datetime | None
    ending: int


def balance_of(shop: Shop, customers: Sequence[int], now: datetime) -> Balance:
    """How a person stands. Reservations whose time ran out count as usable, whether somebody let go of them or not."""
    lots = rows.good_lots(shop, customers, now)
    holds = PointsHold.objects.filter(shop=shop, customer_id__in=customers, state=rows.RESERVED)
    late = PointsPart.objects.filter(
        Q(lot__good_until=None) | Q(lot__good_until__gt=now), hold__in=holds.filter(due_at__lte=now)
    )
    usable = rows.total_left(rows.usable_lots(shop, customers, now))
    first = lots.exclude(good_until=None).first()
    owed = PointsOwed.objects.filter(shop=shop, customer_id__in=customers)
    return Balance(
        usable + int(late.aggregate(n=Sum("points"))["n"] or 0),
        rows.total_left(lots) - usable,
        int(holds.filter(due_at__gt=now).aggregate(n=Sum("points"))["n"] or 0),
        int(owed.aggregate(n=Sum("left"))["n"] or 0),
        first.good_until if first else None,
        rows.total_left(lots.filter(good_until=first.good_until)) if first else 0,
    )


def earn(
    shop: Shop, customer_id: int, *, order_id: str, paid_cents: int, now: datetime, by: str
) -> PointsLot:
    """The points of an order, once.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        scheme = locked_scheme(shop)
        if not scheme.is_earning:
            raise RewardRefused("earning_stopped")
        if PointsLot.objects.filter(shop=shop, source=ORDER, order_id=order_id).exists():
            raise RewardRefused("order_earned", order_id=order_id)
        points = earning_of(scheme).of(paid_cents)
        lot = _add(scheme, customer_id, ORDER, points, now, order_id=order_id, paid_cents=paid_cents)
        rows.note_event(lot, rows.EARNED, points, now=now, by=by)
        rows.settle_owed(shop, rows.same_person(shop, customer_id), now)
    return lot


def give(
    shop: Shop, customer_id: int, points: int, *, source: str, note: str, now: datetime, by: str
) -> PointsLot:
    """Points without an order: a present, a prize, a reward. Usable at once.

    Raises
    ------
    RewardRefused
    """
    if not 1 <= points <= MOST_POINTS:
        raise RewardRefused("points_wrong", most=MOST_POINTS)
    with transaction.atomic():
        scheme = locked_scheme(shop)
        lot = _add(scheme, customer_id, source, points, now)
        rows.note_event(lot, rows.GIVEN, points, now=now, by=by, note=note)
        rows.settle_owed(shop, rows.same_person(shop, customer_id), now)
    return lot


def present(shop: Shop, customer_id: int, points: int, *, why: str, actor: User, now: datetime) -> PointsLot:
    """Points that a colleague gives by hand, with the reason.

    Raises
    ------
    RewardRefused
    """
    if not why.strip():
        raise RewardRefused("reason_missing")
    with transaction.atomic():
        lot = give(shop, customer_id, points, source=GIFT, note=why.strip(), now=now, by=actor.username)
        audit.record("points.give", shop=shop, actor=actor, at=now, subject=str(customer_id), count=points)
    return lot


def spend(shop: Shop, customer_id: int, wanted: int, *, note: str, now: datetime, by: str) -> None:
    """Points that pay for something that is no order, a draw say; all of them or nothing.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        locked_scheme(shop)
        customers = rows.same_person(shop, customer_id)
        _release_overdue(shop, Q(customer_id__in=customers), now)
        lots = rows.usable_lots(shop, customers, now)
        if (have := rows.total_left(lots)) < wanted:
            raise RewardRefused("points_short", have=have, wanted=wanted)
        rows.take_out(lots, wanted, rows.USED, now=now, by=by, note=note)


def _add(
    scheme: PointsScheme, customer_id: int, source: str, points: int, now: datetime, *, order_id: str = "",
    paid_cents: int = 0,
) -> PointsLot:  # fmt: skip
    waits = scheme.wait_days if source == ORDER else 0
    return PointsLot.objects.create(
        shop_id=scheme.shop_id, customer_id=customer_id, source=source, order_id=order_id, points=points, left=points,
        paid_cents=paid_cents, earn_points=scheme.earn_points, earn_cents=scheme.earn_cents, at=now,
        usable_from=now + timedelta(days=waits),
        good_until=None if scheme.good_days is None else now + timedelta(days=scheme.good_days),
    )  # fmt: skip


def take_back(shop: Shop, *, order_id: str, refunded_cents: int, now: datetime, by: str) -> PointsLot:
    """A refund of an order takes its share of the points back: those of the order first, then others of the person in
    their order. What has been used already is owed, and the next points settle it: a balance is never negative.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        locked_scheme(shop)
        lot = PointsLot.objects.filter(shop=shop, source=ORDER, order_id=order_id).first()
        if lot is None:
            raise RewardRefused("order_unknown", order_id=order_id)
        refunded = lot.refunded_cents + refunded_cents
        if refunded > lot.paid_cents:
            raise RewardRefused("refund_above_paid", paid_cents=lot.paid_cents)
        kept = Earning(lot.earn_points, lot.earn_cents).of(lot.paid_cents - refunded)
        due = lot.points - kept - lot.taken_back
        PointsLot.objects.filter(pk=lot.pk).update(refunded_cents=refunded, taken_back=F("taken_back") + due)
        if lot.customer_id is not None:
            _collect(shop, lot, due, now, by)
        lot.refresh_from_db()
    return lot


def _collect(shop: Shop, lot: PointsLot, due: int, now: datetime, by: str) -> None:
    assert lot.customer_id is not None  # the caller has looked
    customers = rows.same_person(shop, lot.customer_id)
    due = min(due, _never_expired(shop, lot, customers))
    own = PointsLot.objects.filter(pk=lot.pk, left__gt=0)
    due -= _sum(rows.take_out(own, due, rows.TAKEN_BACK, now=now, by=by))
    others = rows.good_lots(shop, customers, now)
    due -= _sum(rows.take_out(others, due, rows.TAKEN_BACK, now=now, by=by, order_id=lot.order_id))
    if due:
        PointsOwed.objects.create(
            shop=shop, customer_id=lot.customer_id, order_id=lot.order_id, points=due, left=due, at=now
        )


def _never_expired(shop: Shop, lot: PointsLot, customers: Sequence[int]) -> int:
    """How many points of an order can still be asked back: those that ended unused did nobody any good."""
    events = PointsEvent.objects.filter(shop=shop, customer_id__in=customers)
    ended = events.filter(lot=lot, kind=rows.EXPIRED)
    taken = events.filter(kind=rows.TAKEN_BACK, order_id=lot.order_id)
    gone = ended.aggregate(n=Sum("points"))["n"] or 0, taken.aggregate(n=Sum("points"))["n"] or 0
    owed = PointsOwed.objects.filter(shop=shop, customer_id__in=customers, order_id=lot.order_id)
    return lot.points + sum(gone) - int(owed.aggregate(n=Sum("points"))["n"] or 0)


def _sum(taken: Sequence[tuple[int, int]]) -> int:
    return sum(part for _lot, part in taken)


def reserve(
    shop: Shop, customer_id: int, *, order_id: str, points: int, payable_cents: int, now: datetime, by: str,
    hold: timedelta = HOLD,
) -> PointsHold:  # fmt: skip
    """Keep points for an order until it is redeemed, rolled back or too late; they take off its `cents`.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        scheme = locked_scheme(shop)
        customers = rows.same_person(shop, customer_id)
        _release_overdue(shop, Q(customer_id__in=customers) | Q(order_id=order_id), now)
        if PointsHold.objects.filter(
            shop=shop, order_id=order_id, state__in=(rows.RESERVED, rows.REDEEMED)
        ).exists():
            raise RewardRefused("order_has_points", order_id=order_id)
        _check_use(scheme, customers, points, payable_cents, now)
        kept = PointsHold.objects.create(
            shop=shop, customer_id=customer_id, order_id=order_id, points=points,
            cents=burning_of(scheme).worth(points), state=rows.RESERVED, at=now, due_at=now + hold,
        )  # fmt: skip
        lots = rows.usable_lots(shop, customers, now)
        taken = rows.take_out(lots, points, rows.USED, now=now, by=by, order_id=order_id)
        PointsPart.objects.bulk_create(PointsPart(hold=kept, lot_id=pk, points=part) for pk, part in taken)
    return kept


def _check_use(
    scheme: PointsScheme, customers: Sequence[int], points: int, payable_cents: int, now: datetime
) -> None:
    burning = burning_of(scheme)
    if points < burning.least:
        raise RewardRefused("points_least", least=burning.least)
    if points % burning.points:
        raise RewardRefused("points_step", step=burning.points)
    have = rows.total_left(rows.usable_lots(scheme.shop, customers, now))
    if points > have:
        raise RewardRefused("points_short", have=have, wanted=points)
    left = left_today(scheme, customers, now)
    if left is not None and points > left:
        raise RewardRefused("points_day", most=scheme.most_a_day, left=left)
    most = burning.most(points, payable_cents)
    if points > most:
        raise RewardRefused("points_share", most=most)


def left_today(scheme: PointsScheme, customers: Sequence[int], now: datetime) -> int | None:
    """What the person may still use on this day; None = no limit. Orders that were rolled back do not count, nor do
    those that were lost and whose time is over."""
    if scheme.most_a_day is None:
        return None
    begun = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = PointsHold.objects.filter(shop_id=scheme.shop_id, customer_id__in=customers, at__gte=begun)
    counted = today.filter(Q(state=rows.REDEEMED) | Q(state=rows.RESERVED, due_at__gt=now))
    return max(0, scheme.most_a_day - int(counted.aggregate(n=Sum("points"))["n"] or 0))


def redeem(shop: Shop, *, order_id: str, now: datetime, by: str) -> PointsHold:
    """The order is paid: what was reserved for it is used.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        locked_scheme(shop)
        held = _newest(shop, order_id)
        if held is None or held.state == rows.ROLLED_BACK:
            raise RewardRefused("no_points_held", order_id=order_id)
        if held.state == rows.REDEEMED:
            raise RewardRefused("points_redeemed", order_id=order_id)
        if held.due_at is not None and held.due_at <= now:
            raise RewardRefused("points_hold_over", until=held.due_at.isoformat(sep=" ", timespec="seconds"))
        held.state, held.due_at = rows.REDEEMED, None
        held.save(update_fields=["state", "due_at"])
        rows.mark_customers(shop.pk, held.parts.values_list("lot__customer_id", flat=True))
    return held


def roll_back(shop: Shop, *, order_id: str, now: datetime, by: str) -> PointsHold:
    """The order is off, before or after it was paid: its points go back, with the ends that they had.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        locked_scheme(shop)
        held = _newest(shop, order_id)
        if held is None or held.state == rows.ROLLED_BACK:
            raise RewardRefused("no_points_used", order_id=order_id)
        rows.let_go(shop, held, now, by)
    return held


def _newest(shop: Shop, order_id: str) -> PointsHold | None:
    return PointsHold.objects.filter(shop=shop, order_id=order_id).order_by("-pk").first()


def _release_overdue(shop: Shop, among: Q, now: datetime) -> int:
    late = PointsHold.objects.filter(among, shop=shop, state=rows.RESERVED, due_at__lte=now)
    found = list(late.order_by("pk")[:ENDED_AT_ONCE])
    for hold in found:
        rows.let_go(shop, hold, now, rows.CLOCK)
    return len(found)


def end_due(now: datetime) -> int:
    """What time has done since the last look: reservations let go, points past their end; how many. In short
    transactions, so that orders get their turn in between."""
    done = 0
    for scheme in PointsScheme.objects.select_related("shop").order_by("pk"):
        while some := _end_some(scheme.shop, now):
            done += some
    return done


def _end_some(shop: Shop, now: datetime) -> int:
    with transaction.atomic():
        locked_scheme(shop)
        released = _release_overdue(shop, Q(), now)
        over = PointsLot.objects.filter(shop=shop, left__gt=0, good_until__lte=now).order_by(
            "good_until", "pk"
        )
        lots = list(over[:ENDED_AT_ONCE])
        PointsEvent.objects.bulk_create(
            PointsEvent(
                shop=shop, customer_id=lot.customer_id, kind=rows.EXPIRED, points=-lot.left, lot=lot,
                order_id=lot.order_id, at=now, by=rows.CLOCK,
            )
            for lot in lots
        )  # fmt: skip
        PointsLot.objects.filter(pk__in=[lot.pk for lot in lots]).update(left=0)
        rows.mark_customers(shop.pk, [lot.customer_id for lot in lots])
    return released + len(lots)


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """What an erased person still had is nobody's, in every shop of the owner; the ledger keeps its sums and names them
    no more."""
    # Looked for in each table: who was merged for a time holds points out of lots that name the other one.
    shops = shops_held(shop.owner_id)
    mine = {"shop__in": shops, "customer_id__in": traces.people}
    holds = PointsHold.objects.filter(**mine, state=rows.RESERVED).select_related("shop")
    for hold in holds.order_by("pk"):
        rows.let_go(hold.shop, hold, now, "erasure")
    lots = PointsLot.objects.filter(**mine, left__gt=0).order_by("pk")
    most = rows.total_left(lots)
    rows.take_out(lots, most, rows.FORGOTTEN, now=now, by="erasure")
    for shop_id in shops:
        named = PointsLot.objects.filter(shop_id=shop_id, customer_id__in=traces.people)
        rows.mark_customers(shop_id, named.values_list("customer_id", flat=True))
    PointsOwed.objects.filter(**mine).delete()
    PointsLot.objects.filter(**mine).update(customer_id=None)
    PointsHold.objects.filter(**mine).update(customer_id=None)
    return PointsEvent.objects.filter(**mine).update(customer_id=None, note="")
