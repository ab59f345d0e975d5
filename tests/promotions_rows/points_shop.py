"""A shop with points: one for each yuan, a hundred take off a yuan, good for 30 days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from laoke.customers.models import Customer
from laoke.promotions.rewards import points
from laoke.promotions.rewards.models import PointsEvent, PointsHold, PointsLot, PointsPart
from laoke.promotions.rewards.points_scheme import Terms, set_scheme
from laoke.shops.models import Shop

NOW = datetime(2026, 11, 9, 10, 0)
ANNA, BEN = 101, 102
RULE = {
    "earn_points": 1, "earn_cents": 100, "burn_points": 100, "burn_cents": 100, "least_points": 100, "good_days": 30,
}  # fmt: skip


@dataclass
class PointsShop:
    """One shop with its rule; Anna and Ben are its customers."""

    shop: Shop

    @classmethod
    def of(cls, shop: Shop, **terms: Any) -> PointsShop:
        for number in (ANNA, BEN):
            Customer.objects.create(id=number, owner=shop.owner, person_id=number, created_at=NOW)
        set_scheme(shop, Terms(**RULE | terms), by=None, now=NOW)
        return cls(shop)

    def earned(self, paid_cents: int, order: str, customer: int = ANNA, now: datetime = NOW) -> PointsLot:
        return points.earn(self.shop, customer, order_id=order, paid_cents=paid_cents, now=now, by="t")

    def reserved(
        self,
        wanted: int,
        order: str = "A-1",
        customer: int = ANNA,
        now: datetime = NOW,
        payable: int = 1_000_000,
    ) -> PointsHold:
        return points.reserve(
            self.shop, customer, order_id=order, points=wanted, payable_cents=payable, now=now, by="t"
        )

    def redeemed(
        self, wanted: int, order: str = "A-1", customer: int = ANNA, now: datetime = NOW
    ) -> PointsHold:
        self.reserved(wanted, order, customer, now)
        return points.redeem(self.shop, order_id=order, now=now, by="t")

    def refunded(self, cents: int, order: str, now: datetime = NOW) -> PointsLot:
        return points.take_back(self.shop, order_id=order, refunded_cents=cents, now=now, by="t")

    def rolled_back(self, order: str = "A-1", now: datetime = NOW) -> PointsHold:
        return points.roll_back(self.shop, order_id=order, now=now, by="t")

    def balance(self, *customers: int, now: datetime = NOW) -> points.Balance:
        return points.balance_of(self.shop, customers or [ANNA], now)

    def usable(self, *customers: int, now: datetime = NOW) -> int:
        return self.balance(*customers, now=now).usable


def after(days: float = 0, minutes: float = 0) -> datetime:
    return NOW + timedelta(days=days, minutes=minutes)


def told(customer: int = ANNA) -> list[tuple[str, int, str]]:
    """What happened to a customer's points: kind, change, order."""
    rows = PointsEvent.objects.filter(customer_id=customer).order_by("pk")
    return list(rows.values_list("kind", "points", "order_id"))


def in_order(shop: Shop) -> None:
    """Each lot holds what its events add up to, and what orders hold came out of lots; nothing is below zero."""
    for lot in PointsLot.objects.filter(shop=shop):
        events = PointsEvent.objects.filter(lot=lot).aggregate(n=Sum("points"))["n"] or 0
        assert lot.left == events >= 0
    for hold in PointsHold.objects.filter(shop=shop):
        assert PointsPart.objects.filter(hold=hold).aggregate(n=Sum("points"))["n"] == hold.points
