"""What a forked child does in the tests of coupons: make a shop, ask something of a coupon, tell what is there."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from laoke.promotions.coupons import calls, moves
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, CouponCall, CouponEvent, CouponIssue
from laoke.shops.models import ApiToken, AuditEvent
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.promotions_rows.coupon_shop import ANNA, FACE, NOW, CouponShop

KILLED, REFUSED = 137, 3
BASKET = {"lines": [{"line_id": "1", "product_id": "P1", "unit_price_cents": 12_000, "quantity": 2}]}


def warm_up() -> None:
    from laoke.web.pages.api import views  # noqa: F401 - loaded once, in the parent


def make_shop(coupons: int) -> None:
    """A shop with one issue whose budget is good for one use, and coupons of Anna's."""
    here = CouponShop.of(add_shop("书店", now=NOW))
    make_token(here.shop, name="ERP", scopes=["coupons:use"], days=30, by=None, now=NOW)
    issue = here.issue(budget_cents=FACE)
    for _ in range(coupons):
        here.claimed(issue)


def ask(act: str, number: int, key: str, die_at: str = "", minutes: float = 0) -> None:
    """One request about the coupon of that place; die at a step of it."""

    def step(name: str) -> None:
        if name == die_at:
            os._exit(KILLED)

    coupon = Coupon.objects.order_by("pk")[number]
    body: dict[str, Any] = {"code": coupon.code, "order_id": f"A-{number}"}
    if act == "reserve":
        body |= {"customer": {"customer_id": str(ANNA)}, "basket": BASKET}
    token = ApiToken.objects.select_related("shop").get()
    caller = Caller(token, NOW + timedelta(minutes=minutes))
    try:
        calls.once(caller, act, key, json.dumps(body).encode(), body, step)
    except CouponRefused:
        os._exit(REFUSED)


def tick(minutes: float) -> None:
    """What a worker does from time to time."""
    moves.expire_due(NOW + timedelta(minutes=minutes))


def look(path: str) -> None:
    """States, events by kind, keys, audit rows, and the budget that is taken."""
    seen = {
        "states": list(Coupon.objects.order_by("pk").values_list("state", flat=True)),
        "taken": CouponIssue.objects.get().taken_cents,
        "events": {
            kind: CouponEvent.objects.filter(kind=kind).count()
            for kind in ("reserved", "redeemed", "rolled_back")
        },
        "keys": CouponCall.objects.count(),
        "audited": AuditEvent.objects.filter(act__in=("coupon.reserve", "coupon.redeem")).count(),
    }
    Path(path).write_text(json.dumps(seen), encoding="utf-8")
