"""What a forked child does in the tests of points: make a shop, ask something of its points, tell what is there."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from laoke.promotions.coupons import calls
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.models import CouponCall
from laoke.promotions.rewards import points, points_calls
from laoke.promotions.rewards.models import PointsEvent, PointsHold, PointsLot
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops.models import ApiToken, AuditEvent
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.promotions_rows.points_shop import ANNA, NOW, PointsShop, in_order

KILLED, REFUSED = 137, 3
WHO = {"customer_id": str(ANNA)}


def warm_up() -> None:
    from laoke.web.pages.api import views  # noqa: F401 - loaded once, in the parent


def make_shop() -> None:
    here = PointsShop.of(add_shop("书店", now=NOW))
    make_token(here.shop, name="商城", scopes=["points:use"], days=30, by=None, now=NOW)


def ask(act: str, order: str, key: str, die_at: str = "", minutes: float = 0) -> None:
    """One request about an order; die at a step of it."""

    def step(name: str) -> None:
        if name == die_at:
            os._exit(KILLED)

    more: dict[str, dict[str, Any]] = {
        "earn": {"customer": WHO, "paid_cents": 10_000},
        "reserve": {"customer": WHO, "points": 100, "payable_cents": 10_000},
        "refund": {"refunded_cents": 10_000},
    }
    body = {"order_id": order} | more.get(act, {})
    caller = Caller(ApiToken.objects.select_related("shop").get(), NOW + timedelta(minutes=minutes))
    try:
        calls.once(caller, f"points.{act}", key, json.dumps(body).encode(), body, step, points_calls.ACTS)
    except RewardRefused:
        os._exit(REFUSED)


def tick(minutes: float) -> None:
    """What a worker does from time to time."""
    points.end_due(NOW + timedelta(minutes=minutes))


def look(path: str) -> None:
    """What people have, holds by state, events by kind, keys and audit rows; lots and events agree."""
    shop = ApiToken.objects.select_related("shop").get().shop
    in_order(shop)
    seen = {
        "left": sum(PointsLot.objects.values_list("left", flat=True)),
        "holds": list(PointsHold.objects.order_by("pk").values_list("state", flat=True)),
        "events": list(PointsEvent.objects.order_by("pk").values_list("kind", "points")),
        "keys": CouponCall.objects.count(),
        "audited": AuditEvent.objects.filter(act__startswith="points.").exclude(act="points.rule").count(),
    }
    Path(path).write_text(json.dumps(seen), encoding="utf-8")
