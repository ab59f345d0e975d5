"""Kept answers to the shop's own system: those that name an erased person go, and their keys still block."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from laoke.customers import erasure
from laoke.promotions.coupons import calls
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import CouponCall
from laoke.promotions.rewards import lottery_calls, points_calls, referral_calls, referrals
from laoke.promotions.rewards.models import PointsEvent
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.promotions_rows.lottery_shop import LotteryShop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW

if TYPE_CHECKING:
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db

ACTS = {**calls.ACTS, **points_calls.ACTS, **lottery_calls.ACTS, **referral_calls.ACTS}
Send = Callable[..., tuple[dict[str, Any], bool]]


@pytest.fixture
def here(store: Store) -> LotteryShop:
    return LotteryShop.of(store.shop)


@pytest.fixture
def send(here: LotteryShop) -> Send:
    token, _ = make_token(here.shop, name="商城", scopes=["points:earn"], days=9, by=None, now=NOW)

    def sent(act: str, key: str, **body: Any) -> tuple[dict[str, Any], bool]:
        return calls.once(Caller(token, NOW), act, key, json.dumps(body).encode(), body, acts=ACTS)

    return sent


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(CouponRefused) as caught:
        work()
    return caught.value.code


def test_answers_that_name_an_erased_person_go_and_nothing_is_done_twice(
    here: LotteryShop, send: Send
) -> None:
    referrals.set_scheme(here.shop, referrals.Terms(((1, 1_000),), 15), by=None, now=NOW)
    anna, lottery = {"customer_id": str(ANNA)}, here.open()
    requests: dict[str, dict[str, Any]] = {
        "points.earn": {"customer": anna, "order_id": "E-1", "paid_cents": 90_000},
        "points.reserve": {"customer": anna, "order_id": "E-2", "points": 100, "payable_cents": 10_000},
        "points.redeem": {"order_id": "E-2"},
        "points.refund": {"order_id": "E-1", "refunded_cents": 100},
        "lotteries.draw": {"lottery": str(lottery.pk), "customer": anna, "text": "芝麻开门"},
        "referrals.invite": {"customer": anna},
    }
    for act, body in requests.items():
        send(act, act, **body)
    bens = {"customer": {"customer_id": str(BEN)}, "order_id": "E-3", "paid_cents": 90_000}
    first, _ = send("points.earn", "ben", **bens)
    events, another = PointsEvent.objects.count(), add_shop("二店", now=NOW, owner=here.shop.owner)

    gone = erasure.Traces((ANNA,), frozenset(), frozenset())
    assert calls.forget_person(another, gone, NOW) == len(requests)

    assert str(ANNA) not in json.dumps(list(CouponCall.objects.values_list("answer", flat=True)))
    for act, body in requests.items():
        assert refused(lambda act=act, body=body: send(act, act, **body)) == "customer_erased"  # type: ignore[misc]
    assert refused(lambda: send("points.redeem", "points.redeem", order_id="E-9")) == "key_used"
    assert PointsEvent.objects.count() == events
    assert send("points.earn", "ben", **bens) == (first, True)
