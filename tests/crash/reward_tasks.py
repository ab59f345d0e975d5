"""What a forked child does in the tests of rewards: make a shop, ask something of it, tell what is there."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from laoke.promotions.coupons import calls
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.models import CouponCall
from laoke.promotions.rewards import (
    fair_draws,
    lotteries,
    lottery_calls,
    points,
    points_calls,
    referral_calls,
    referrals,
)
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw
from laoke.promotions.rewards.models import PointsEvent, PointsHold, PointsLot
from laoke.promotions.rewards.referral_models import Invitation, Referral
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops.models import ApiToken, AuditEvent
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.promotions_rows.lottery_shop import POINTS, LotteryShop
from tests.promotions_rows.lottery_shop import in_order as draws_in_order
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, PointsShop, after, in_order

KILLED, REFUSED = 137, 3
WHO, FRIEND = {"customer_id": str(ANNA)}, {"customer_id": str(BEN)}
ACTS = {**points_calls.ACTS, **lottery_calls.ACTS, **referral_calls.ACTS}


def warm_up() -> None:
    from laoke.web.pages.api import views  # noqa: F401 - loaded once, in the parent


def make_shop() -> None:
    here = PointsShop.of(add_shop("书店", now=NOW))
    make_token(here.shop, name="商城", scopes=["points:use"], days=30, by=None, now=NOW)


def open_lottery() -> None:
    """One in which every draw costs ten points and wins ten."""
    here = LotteryShop(PointsShop(ApiToken.objects.select_related("shop").get().shop))
    here.open(cost_points=10, prizes=[dataclasses.replace(POINTS, odds_ppm=1_000_000)])
    here.points.earned(1_000, "E-0")


def take_friends() -> None:
    """Anna has an invitation; a friend is worth a thousand points after fifteen days."""
    shop = ApiToken.objects.select_related("shop").get().shop
    referrals.set_scheme(shop, referrals.Terms(((1, 1_000),), 15), by=None, now=NOW)
    referrals.invite(shop, ANNA, now=NOW)


def check_fairness() -> None:
    """Whoever looks at the end finds every draw as the seed makes it."""
    lottery = Lottery.objects.get()
    draws_in_order(lottery)
    over = lotteries.end(lottery, why="t", by=None, now=NOW)
    assert fair_draws.verify(lotteries.published(over)).is_fair


def ask(act: str, order: str, key: str, die_at: str = "", minutes: float = 0) -> None:
    """One request about an order; die at a step of it."""

    def step(name: str) -> None:
        if name == die_at:
            os._exit(KILLED)

    more: dict[str, dict[str, Any]] = {
        "earn": {"customer": WHO, "paid_cents": 10_000},
        "reserve": {"customer": WHO, "points": 100, "payable_cents": 10_000},
        "refund": {"refunded_cents": 10_000},
        "paid": {"customer": FRIEND, "paid_cents": 10_000},
    }
    noun, _, name = act.rpartition(".")
    body: dict[str, Any] = {"order_id": order} | more.get(name, {})
    if name == "draw":
        body = {"lottery": str(Lottery.objects.get().pk), "customer": WHO, "text": order}
    if name == "accept":
        body = {"code": Invitation.objects.get().code, "customer": FRIEND}
    caller = Caller(ApiToken.objects.select_related("shop").get(), NOW + timedelta(minutes=minutes))
    try:
        calls.once(caller, f"{noun or 'points'}.{name}", key, json.dumps(body).encode(), body, step, ACTS)
    except RewardRefused:
        os._exit(REFUSED)


def tick(minutes: float) -> None:
    """What a worker does from time to time."""
    points.end_due(NOW + timedelta(minutes=minutes))


def reward(days: float) -> None:
    """What a worker does when windows are over."""
    referrals.reward_due(after(days))


def look(path: str) -> None:
    """What people have, holds by state, events by kind, keys and audit rows; lots and events agree."""
    shop = ApiToken.objects.select_related("shop").get().shop
    in_order(shop)
    seen = {
        "left": sum(PointsLot.objects.values_list("left", flat=True)),
        "holds": list(PointsHold.objects.order_by("pk").values_list("state", flat=True)),
        "events": list(PointsEvent.objects.order_by("pk").values_list("kind", "points")),
        "draws": LotteryDraw.objects.count(),
        "referrals": list(Referral.objects.order_by("pk").values_list("state", flat=True)),
        "keys": CouponCall.objects.count(),
        "audited": AuditEvent.objects.filter(detail__has_key="token").count(),
    }
    Path(path).write_text(json.dumps(seen), encoding="utf-8")
