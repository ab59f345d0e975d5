"""A shop with one coupon offer: 满 199 减 20, in November 2026."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from laoke.customers.models import Customer
from laoke.promotions.coupons import issues, moves
from laoke.promotions.models import Coupon, CouponEvent, CouponIssue, Offer
from laoke.promotions.offers import add_offer
from laoke.shops.models import Shop

NOW = datetime(2026, 11, 9, 10, 0)
END = datetime(2026, 11, 20)
ANNA, BEN = 101, 102
FACE = 2_000


@dataclass
class CouponShop:
    """One shop with one offer and issues of it; Anna and Ben are its customers."""

    shop: Shop
    offer: Offer

    @classmethod
    def of(cls, shop: Shop, **limits: Any) -> CouponShop:
        offer = {
            "name": "满 199 减 20", "layer": "coupon", "mechanic": "shop_coupon",
            "terms": {"threshold_cents": 19_900, "face_cents": FACE},
            "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"}, "limits": limits,
        }  # fmt: skip
        for number in (ANNA, BEN):
            Customer.objects.create(id=number, owner=shop.owner, person_id=number, created_at=NOW)
        return cls(shop, add_offer(shop, offer, by=None, now=NOW))

    def issue(self, **terms: Any) -> CouponIssue:
        wanted = {"name": "双11 券", "total_limit": 100, "valid_from": NOW, "valid_to": END} | terms
        return issues.add_issue(self.offer, issues.Terms(**wanted), by=None, now=NOW)

    def codes(self, issue: CouponIssue, count: int, seed: int = 1) -> list[Coupon]:
        batch = issues.order_codes(issue, count, by=None, now=NOW)
        issues.make_batch(batch, now=NOW, random=random.Random(seed).randbytes)
        return list(Coupon.objects.filter(batch=batch).order_by("pk"))

    def claimed(self, issue: CouponIssue, customer: int = ANNA, now: datetime = NOW) -> Coupon:
        return moves.claim_new(issue, customer, now=now, by="t")

    def reserved(
        self, coupon: Coupon, customer: int | None = ANNA, order: str = "A-1", **more: Any
    ) -> Coupon:
        given = {"cents": FACE, "now": NOW, "by": "t"} | more
        return moves.reserve(coupon, order_id=order, customer_id=customer, **given)


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def told(coupon: Coupon) -> list[tuple[str, int | None, str, int]]:
    """The events of a coupon: kind, customer, order, cents."""
    rows = CouponEvent.objects.filter(coupon=coupon).order_by("pk")
    return list(rows.values_list("kind", "customer_id", "order_id", "cents"))


def in_order(issue: CouponIssue) -> None:
    """What the issue keeps beside its coupons is what they add up to, and each coupon is where its events led."""
    fresh = CouponIssue.objects.get(pk=issue.pk)
    coupons = list(Coupon.objects.filter(issue=issue))
    assert fresh.taken_cents == sum(coupon.cents for coupon in coupons)
    assert fresh.budget_cents is None or fresh.taken_cents <= fresh.budget_cents
    assert len(coupons) <= fresh.made <= fresh.total_limit
    for coupon in coupons:
        state = ""
        for kind, customer, _order, _cents in told(coupon):
            state = kind if kind != "rolled_back" else ("issued" if customer is None else "claimed")
        assert coupon.state == state
