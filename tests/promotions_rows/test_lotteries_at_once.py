"""Fifty at the same moment: no prize is given that is not there, no number is drawn twice, no limit is passed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from laoke.promotions.rewards import fair_draws, lotteries
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw
from laoke.shops.setup import add_shop
from tests.promotions_rows.lottery_shop import END, NOTEBOOK, POINTS, LotteryShop, in_order
from tests.promotions_rows.points_shop import ANNA, BEN, NOW
from tests.promotions_rows.points_shop import in_order as points_in_order
from tests.promotions_rows.test_coupons_at_once import MANY, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(500)]


@pytest.fixture
def here(home: Path) -> LotteryShop:
    return LotteryShop.of(add_shop("书店", now=NOW))


def test_fifty_draws_at_once_give_what_there_is_and_can_all_be_checked(here: LotteryShop) -> None:
    prizes = [
        dataclasses.replace(NOTEBOOK, stock=7, odds_ppm=400_000),
        dataclasses.replace(POINTS, stock=20, odds_ppm=600_000),
    ]
    lottery = here.open(prizes=prizes)

    assert at_once(lambda number: here.drawn(lottery, str(number), (ANNA, BEN)[number % 2])) == {"done": MANY}

    in_order(lottery)
    points_in_order(here.shop)
    assert here.points.usable(ANNA, BEN) == 200
    told = lotteries.published(lotteries.end(lottery, by=None, now=END))
    assert fair_draws.verify(told) == fair_draws.Verdict(MANY, True, ())


def test_one_person_draws_three_times_of_fifty_tries_and_pays_three_times(here: LotteryShop) -> None:
    lottery = here.open(per_person_limit=3, cost_points=10, prizes=[NOTEBOOK])
    here.points.earned(100_000, "E-1")

    assert at_once(lambda number: here.drawn(lottery)) == {"done": 3, "lottery_person": 47}

    assert here.points.usable() == 970
    in_order(lottery)
    points_in_order(here.shop)


def test_the_last_cards_are_drawn_once_each(here: LotteryShop) -> None:
    prizes = [dataclasses.replace(NOTEBOOK, stock=4), dataclasses.replace(POINTS, stock=6)]
    lottery = here.open(kind="scratch", cards=30, prizes=prizes)

    assert at_once(lambda number: here.drawn(lottery, str(number))) == {"done": 30, "lottery_over": 20}

    assert LotteryDraw.objects.filter(prize__isnull=False).count() == 10
    assert Lottery.objects.get(pk=lottery.pk).drawn == 30
    in_order(lottery)


def test_claims_beside_draws_leave_every_coupon_that_is_promised(here: LotteryShop) -> None:
    from laoke.customers.models import Customer
    from laoke.promotions.coupons import moves
    from laoke.promotions.models import CouponIssue
    from laoke.promotions.rewards.lotteries import Prize
    from tests.promotions_rows.coupon_shop import CouponShop

    Customer.objects.all().delete()
    issue = CouponShop.of(here.shop).issue(valid_to=END, total_limit=40)
    lottery = here.open(prizes=[Prize("满 199 减 20", "coupon", 25, odds_ppm=1_000_000, issue=issue)])

    def either(number: int) -> None:
        if number % 2:
            here.drawn(lottery, str(number), (ANNA, BEN)[number % 4 // 2])
        else:
            moves.claim_new(issue, BEN, now=NOW, by="t")

    ends = at_once(either)

    assert LotteryDraw.objects.filter(state="given").count() == 25, ends
    assert ends["done"] == 40 and ends["issue_kept"] + ends["issue_used_up"] == 10
    assert CouponIssue.objects.get().made == 40
    in_order(lottery)
