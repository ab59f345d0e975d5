"""An erased person keeps nothing in any shop of the owner, and erasing waits for whoever moves something of theirs."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from laoke.customers import erasure
from laoke.customers.models import Customer
from laoke.promotions.coupons import moves
from laoke.promotions.offers import add_offer
from laoke.promotions.rewards import lottery_draws, points, referrals
from laoke.promotions.rewards.lottery_models import LotteryDraw
from laoke.promotions.rewards.models import PointsEvent, PointsHold, PointsLot, PointsOwed
from laoke.promotions.rewards.points_scheme import Terms, set_scheme
from laoke.promotions.rewards.referral_models import Invitation, Referral, Share
from laoke.shops.models import Owner, User
from laoke.shops.setup import add_shop
from tests.promotions_rows.coupon_shop import CouponShop
from tests.promotions_rows.lottery_shop import NOTEBOOK, LotteryShop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, RULE, PointsShop, after, in_order

if TYPE_CHECKING:
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db

OFFER = {
    "name": "满 199 减 20", "layer": "coupon", "mechanic": "shop_coupon",
    "terms": {"threshold_cents": 19_900, "face_cents": 2_000},
    "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"}, "limits": {},
}  # fmt: skip
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


def test_who_reserved_points_of_a_person_they_were_merged_with_is_not_named_by_the_hold(
    first: LotteryShop,
) -> None:
    here = first.points
    here.earned(50_000, "B-1", BEN)
    Customer.objects.filter(pk=ANNA).update(person_id=BEN)
    here.reserved(200, "A-1")
    here.redeemed(100, "A-2")
    Customer.objects.filter(pk=ANNA).update(person_id=ANNA)
    assert not PointsEvent.objects.filter(customer_id=ANNA).exists()

    points.forget_person(here.shop, ANNA_GONE, after(1))

    assert not PointsHold.objects.filter(customer_id=ANNA).exists()
    assert dict(PointsHold.objects.values_list("order_id", "state")) == {
        "A-1": "rolled_back",
        "A-2": "redeemed",
    }
    assert here.usable(BEN) == 400
    in_order(here.shop)


def test_a_shop_without_a_rule_for_points_has_none_to_forget(store: Store) -> None:
    assert points.forget_person(store.shop, ANNA_GONE, NOW) == 0


def test_how_a_prize_was_handed_over_goes_with_its_winner(first: LotteryShop) -> None:
    lottery = first.open(prizes=[dataclasses.replace(NOTEBOOK, odds_ppm=1_000_000)])
    clerk = User.objects.create(username="clerk")
    won = [first.drawn(lottery, customer=who) for who in (ANNA, BEN)]
    for one in won:
        lottery_draws.settle(one, note="快递 SF1，安娜收", actor=clerk, now=NOW)

    lottery_draws.forget_person(first.shop, ANNA_GONE, after(1))

    told = LotteryDraw.objects.order_by("number").values_list("customer_id", "state", "reason")
    assert list(told) == [(None, "given", ""), (BEN, "given", "快递 SF1，安娜收")]


def test_another_owners_shops_are_left_alone(first: LotteryShop) -> None:
    first.points.earned(50_000, "A-1")
    stranger = add_shop("别家", now=NOW, owner=Owner.objects.create(name="别家"))
    set_scheme(stranger, Terms(**RULE), by=None, now=NOW)

    assert points.forget_person(stranger, ANNA_GONE, after(1)) == 0
    assert first.points.usable() == 500


def test_erasing_locks_in_the_order_in_which_rewards_are_given(
    first: LotteryShop, second: LotteryShop, store: Store
) -> None:
    """Referral rules, lotteries, rules for points, issues; of each kind the older first (seen where rows lock)."""
    names = list(erasure._forgetters)
    order = [names.index(name) for name in ("referrals", "lotteries", "points", "coupons")]
    assert order == sorted(order)
    if connection.vendor != "postgresql":
        return
    issue = CouponShop(store.shop, add_offer(store.shop, OFFER, by=None, now=NOW)).issue()
    moves.claim_new(issue, ANNA, now=NOW, by="t")
    for here in (second, first):
        terms = referrals.Terms(((1, 1_000),), 15)
        referrals.set_scheme(here.shop, terms, by=None, now=NOW)
        here.drawn(here.open())

    with CaptureQueriesContext(connection) as asked:
        for forget in erasure._forgetters.values():
            forget(first.shop, ANNA_GONE, after(1))

    locks = [one["sql"] for one in asked if "FOR NO KEY UPDATE" in one["sql"]]
    tables = [found[1] for sql in locks if (found := re.search(r'FROM "promotions_(\w+)"', sql))]
    assert tables == ["referralscheme", "lottery", "lottery", "pointsscheme", "couponissue"]
    assert all("ORDER BY" in sql for sql in locks if "scheme" in sql)


def test_a_move_of_a_referral_never_writes_whose_it_is(first: LotteryShop) -> None:
    shop = first.shop
    terms = referrals.Terms(((1, 1_000),), 15)
    referrals.set_scheme(shop, terms, by=None, now=NOW)
    invitation = referrals.invite(shop, ANNA, now=NOW)
    read = referrals.accept(shop, invitation.code, BEN, now=NOW)
    referrals.forget_person(shop, ANNA_GONE, NOW)

    referrals._reward(shop, read, terms, after(15))

    assert Referral.objects.get().referrer_id is None
