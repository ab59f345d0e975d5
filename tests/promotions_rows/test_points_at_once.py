"""Fifty at the same moment, each in a thread and with a connection of its own: no balance is overrun or lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from laoke.customers.models import Customer
from laoke.promotions.coupons import calls
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.models import CouponCall
from laoke.promotions.rewards import points, points_calls
from laoke.promotions.rewards.models import PointsEvent, PointsHold
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, PointsShop, in_order
from tests.promotions_rows.test_coupons_at_once import MANY, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(500)]


@pytest.fixture
def here(home: Path) -> PointsShop:
    return PointsShop.of(add_shop("书店", now=NOW))


def test_two_thousand_points_pay_for_twenty_of_fifty_orders(here: PointsShop) -> None:
    for number in range(8):
        here.earned(25_600, f"E-{number}")  # 2,048 points in lots of 256

    assert at_once(lambda number: here.redeemed(100, f"A-{number}")) == {"done": 20, "points_short": 30}

    assert here.usable() == 48
    assert PointsHold.objects.filter(state="redeemed").count() == 20
    in_order(here.shop)


def test_one_order_takes_its_points_once_of_fifty_tries(here: PointsShop) -> None:
    here.earned(1_000_000, "E-1")

    assert at_once(lambda number: here.reserved(100)) == {"done": 1, "order_has_points": 49}
    assert here.usable() == 9_900
    in_order(here.shop)


def test_one_order_earns_once_of_fifty_tries(here: PointsShop) -> None:
    assert at_once(lambda number: here.earned(10_000, "E-1")) == {"done": 1, "order_earned": 49}
    assert here.usable() == 100


def test_uses_roll_backs_and_refunds_beside_each_other_lose_no_point(here: PointsShop) -> None:
    Customer.objects.filter(pk=BEN).update(person_id=ANNA)
    for number in range(MANY):
        here.earned(10_000, f"E-{number}", (ANNA, BEN)[number % 2])

    def work(number: int) -> None:
        here.reserved(100, f"A-{number}", (ANNA, BEN)[number % 2])
        if number % 2:
            here.rolled_back(f"A-{number}")
            here.refunded(5_000, f"E-{number}")
        else:
            points.redeem(here.shop, order_id=f"A-{number}", now=NOW, by="t")

    assert at_once(work) == {"done": MANY}
    # 5,000 earned; 25 orders used 100 each, 25 refunds took 50 back.
    assert here.usable(ANNA, BEN) == 5_000 - 2_500 - 1_250
    in_order(here.shop)


def test_the_same_request_fifty_times_is_done_once_and_answered_alike(here: PointsShop) -> None:
    token, _ = make_token(here.shop, name="商城", scopes=["points:earn"], days=9, by=None, now=NOW)
    caller = Caller(token, NOW)
    body = {"customer": {"customer_id": str(ANNA)}, "order_id": "E-1", "paid_cents": 10_000}
    data, answers = json.dumps(body).encode(), []

    def send(number: int) -> None:
        answers.append(calls.once(caller, "points.earn", "k", data, body, acts=points_calls.ACTS)[0])

    assert at_once(send) == {"done": MANY}
    assert all(answer == answers[0] for answer in answers)
    assert (PointsEvent.objects.count(), CouponCall.objects.count()) == (1, 1)
