"""Fifty at the same moment: a friend comes once, a reward is given once, likes stay within their day."""

from __future__ import annotations

from pathlib import Path

import pytest

from laoke.customers.models import Customer
from laoke.promotions.rewards import points, referrals
from laoke.promotions.rewards.referral_models import Invitation, Referral
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, PointsShop, after, in_order
from tests.promotions_rows.test_coupons_at_once import MANY, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(500)]


@pytest.fixture
def shop(home: Path) -> Shop:
    made = add_shop("书店", now=NOW)
    PointsShop.of(made)
    rule = referrals.Terms(((1, 1_000),), 15, most_rewards=3, like_points=1, most_likes_a_day=20)
    referrals.set_scheme(made, rule, by=None, now=NOW)
    return made


def usable(shop: Shop, customer: int, day: int = 0) -> int:
    return points.balance_of(shop, [customer], after(day)).usable


def test_a_friend_comes_once_of_fifty_tries_and_an_inviter_has_one_code(shop: Shop) -> None:
    assert at_once(lambda number: referrals.invite(shop, ANNA, now=NOW)) == {"done": MANY}
    code = Invitation.objects.get().code

    assert at_once(lambda number: referrals.accept(shop, code, BEN, now=NOW)) == {
        "done": 1, "referral_already": 49,
    }  # fmt: skip
    assert Referral.objects.count() == 1


def test_workers_beside_each_other_reward_within_the_limit(shop: Shop) -> None:
    code = referrals.invite(shop, ANNA, now=NOW).code
    for friend in range(201, 211):
        Customer.objects.create(id=friend, owner=shop.owner, person_id=friend, created_at=NOW)
        referrals.accept(shop, code, friend, now=NOW)
        referrals.paid(shop, friend, order_id=f"O-{friend}", paid_cents=100, now=NOW)

    assert at_once(lambda number: referrals.reward_due(after(15)), 8) == {"done": 8}

    assert usable(shop, ANNA, 15) == 3_000
    assert Referral.objects.filter(state="rewarded").count() == 3
    assert Referral.objects.filter(state="void", reason="limit").count() == 7
    in_order(shop)


def test_likes_of_fifty_shares_stay_within_the_day(shop: Shop) -> None:
    ends = at_once(lambda number: referrals.liked(shop, ANNA, f"S-{number}", 3, now=NOW, by="t"))

    assert (ends, usable(shop, ANNA)) == ({"done": MANY}, 20)
    in_order(shop)
