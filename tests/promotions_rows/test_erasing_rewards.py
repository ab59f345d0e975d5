"""An erased person keeps nothing in any shop of the owner, and erasing waits for whoever moves something of theirs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from laoke.customers import erasure
from laoke.promotions.rewards import lottery_draws, points, referrals
from laoke.promotions.rewards.lottery_models import LotteryDraw
from laoke.promotions.rewards.models import PointsEvent, PointsHold, PointsLot, PointsOwed
from laoke.promotions.rewards.points_scheme import Terms, set_scheme
from laoke.promotions.rewards.referral_models import Invitation, Referral, Share
from laoke.shops.models import Owner
from laoke.shops.setup import add_shop
from tests.promotions_rows.lottery_shop import NOTEBOOK, LotteryShop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, RULE, PointsShop, after, in_order

if TYPE_CHECKING:
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db

ANNA_GONE = erasure.Traces((ANNA,), frozenset(), frozenset())


@pytest.fixture
def first(store: Store) -> LotteryShop:
    return LotteryShop.of(store.shop)


@pytest.fixture
def second(first: LotteryShop) -> LotteryShop:
    """Another shop of the same owner, in which Anna is known too."""
    shop = add_shop("二店", now=NOW, owner=first.shop.owner)
    set_scheme(shop, Terms(**RULE), by=None, now=NOW)
    return LotteryShop(PointsShop(shop))


def test_points_of_another_shop_of_the_owner_are_nobodys(first: LotteryShop, second: LotteryShop) -> None:
    there = second.points
    there.earned(50_000, "A-1")
    there.redeemed(300, "A-2")
    there.refunded(50_000, "A-1")
    there.earned(90_000, "A-3")
    there.reserved(100, "A-4")
    there.earned(10_000, "B-1", BEN)

    assert points.forget_person(first.shop, ANNA_GONE, after(1)) > 0

    for model in (PointsLot, PointsHold, PointsOwed, PointsEvent):
        assert not model.objects.filter(customer_id=ANNA).exists()
    assert PointsHold.objects.get(order_id="A-4").state == "rolled_back"
    assert PointsLot.objects.get(order_id="A-3").left == 0
    assert there.usable(BEN) == 100
    in_order(there.shop)


def test_draws_of_another_shop_of_the_owner_name_nobody(first: LotteryShop, second: LotteryShop) -> None:
    lottery = second.open(prizes=[dataclasses.replace(NOTEBOOK, odds_ppm=1_000_000)])
    second.drawn(lottery)

    assert lottery_draws.forget_person(first.shop, ANNA_GONE, after(1)) == 1

    assert list(LotteryDraw.objects.values_list("customer_id", "state")) == [(None, "forgone")]


def test_referrals_of_another_shop_of_the_owner_name_nobody(first: LotteryShop, second: LotteryShop) -> None:
    shop = second.shop
    terms = referrals.Terms(((1, 1_000),), 15, like_points=1, most_likes_a_day=10)
    referrals.set_scheme(shop, terms, by=None, now=NOW)
    invitation = referrals.invite(shop, ANNA, now=NOW)
    referrals.accept(shop, invitation.code, BEN, now=NOW)
    referrals.liked(shop, ANNA, "S-1", 2, now=NOW, by="t")

    assert referrals.forget_person(first.shop, ANNA_GONE, after(1)) == 3

    one = Referral.objects.get()
    assert (one.referrer_id, one.friend_id, one.state, one.reason) == (None, BEN, "void", "erased")
    assert Invitation.objects.get().customer_id is None
    assert Share.objects.get().customer_id is None


def test_another_owners_shops_are_left_alone(first: LotteryShop) -> None:
    first.points.earned(50_000, "A-1")
    stranger = add_shop("别家", now=NOW, owner=Owner.objects.create(name="别家"))
    set_scheme(stranger, Terms(**RULE), by=None, now=NOW)

    assert points.forget_person(stranger, ANNA_GONE, after(1)) == 0
    assert first.points.usable() == 500
