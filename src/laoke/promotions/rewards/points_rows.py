"""The rows behind a move of points: which lots a person has, taking out of them, putting back, settling what is owed.

Whoever calls these holds the shop's scheme. Each update still names what it leaves, so that a fault ends in an error
and never in a balance below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet, Sum

from laoke.customers.links import customers_of, person_of
from laoke.promotions.rewards.models import PointsEvent, PointsHold, PointsLot, PointsOwed
from laoke.promotions.rewards.points_rules import take
from laoke.shops import dirty
from laoke.shops.models import Shop

MIRROR = "points_events"
RESERVED, REDEEMED, ROLLED_BACK = "reserved", "redeemed", "rolled_back"
EARNED, GIVEN, USED, RETURNED, EXPIRED, TAKEN_BACK, SETTLED, FORGOTTEN = (
    "earned", "given", "used", "returned", "expired", "taken_back", "settled", "forgotten",
)  # fmt: skip
KINDS = (EARNED, GIVEN, USED, RETURNED, EXPIRED, TAKEN_BACK, SETTLED, FORGOTTEN)
CLOCK = "clock"


def same_person(shop: Shop, customer_id: int) -> list[int]:
    """All customers that are the same person now."""
    person = person_of(shop, customer_id)
    return [customer_id] if person is None else customers_of(shop, person)


def good_lots(shop: Shop, customers: Sequence[int], now: datetime) -> QuerySet[PointsLot]:
    """Lots with something left that has not ended, in the order in which they are used: what ends first goes first,
    and of two with the same end, or none, the older one."""
    alive = Q(good_until=None) | Q(good_until__gt=now)
    lots = PointsLot.objects.filter(alive, shop=shop, customer_id__in=customers, left__gt=0)
    return lots.order_by(F("good_until").asc(nulls_last=True), "at", "pk")


def usable_lots(shop: Shop, customers: Sequence[int], now: datetime) -> QuerySet[PointsLot]:
    """Those of them that may be used already."""
    return good_lots(shop, customers, now).filter(usable_from__lte=now)


def total_left(lots: QuerySet[PointsLot]) -> int:
    return int(lots.order_by().aggregate(n=Sum("left"))["n"] or 0)


def take_out(
    lots: QuerySet[PointsLot],
    points: int,
    kind: str,
    *,
    now: datetime,
    by: str,
    order_id: str = "",
    note: str = "",
) -> list[tuple[int, int]]:
    """Take up to `points` out of lots in their order, each with its event; which lot gave how many.

    Raises
    ------
    RuntimeError
        when a lot no longer holds what was read: the caller did not hold the scheme.
    """
    rows = {lot.pk: lot for lot in lots}
    taken = take([(lot.pk, lot.left) for lot in rows.values()], points)
    for pk, part in taken:
        if not PointsLot.objects.filter(pk=pk, left__gte=part).update(left=F("left") - part):
            raise RuntimeError(f"lot {pk} no longer holds {part} points")
        note_event(rows[pk], kind, -part, now=now, by=by, order_id=order_id, note=note)
    return taken


def note_event(
    lot: PointsLot, kind: str, points: int, *, now: datetime, by: str, order_id: str = "", note: str = ""
) -> None:
    """Write what happened to a lot."""
    PointsEvent.objects.create(
        shop_id=lot.shop_id, customer_id=lot.customer_id, kind=kind, points=points, lot=lot,
        order_id=order_id or lot.order_id, at=now, by=by[:80], note=note[:200],
    )  # fmt: skip
    mark_customers(lot.shop_id, [lot.customer_id])


def mark_customers(shop_id: int, customers: Iterable[int | None]) -> None:
    """The mirror is behind for the points of these customers. Those of nobody are not mirrored."""
    dirty.mark(shop_id, MIRROR, [one for one in customers if one is not None])


def settle_owed(shop: Shop, customers: Sequence[int], now: datetime) -> None:
    """Pay what refunds left owing out of what the person has, waiting points included."""
    for owed in PointsOwed.objects.filter(shop=shop, customer_id__in=customers, left__gt=0).order_by("pk"):
        lots = good_lots(shop, customers, now)
        taken = take_out(lots, owed.left, SETTLED, now=now, by=CLOCK, order_id=owed.order_id)
        paid = sum(part for _lot, part in taken)
        PointsOwed.objects.filter(pk=owed.pk).update(left=F("left") - paid)
        if paid < owed.left:
            return


def let_go(shop: Shop, hold: PointsHold, now: datetime, by: str) -> None:
    """Give the points of a hold back to the lots they came from, with the ends that those have."""
    left = PointsHold.objects.filter(pk=hold.pk, state=hold.state)
    if not left.update(state=ROLLED_BACK, due_at=None):
        raise RuntimeError(f"hold {hold.pk} is no longer {hold.state}")
    hold.state, hold.due_at = ROLLED_BACK, None
    for part in hold.parts.select_related("lot").order_by("pk"):
        PointsLot.objects.filter(pk=part.lot_id).update(left=F("left") + part.points)
        note_event(part.lot, RETURNED, part.points, now=now, by=by, order_id=hold.order_id)
    if hold.customer_id is not None:
        settle_owed(shop, same_person(shop, hold.customer_id), now)
