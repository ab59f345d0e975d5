"""What is kept of a set of offers between quotes never answers for another set, another buyer or another moment."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from laoke.promotions.engine import (
    Basket,
    Buyer,
    DiscountStep,
    EngineError,
    Layer,
    Line,
    MemberLevel,
    MemberPrice,
    Offer,
    PercentOff,
    ShopCoupon,
    ThresholdDiscount,
    Window,
    best_quote,
    quote,
)
from laoke.promotions.engine.checking import MOST_KEPT

AT = datetime(2026, 11, 11, 10)
BASKET = Basket((Line("1", "tea", 20_000), Line("2", "pot", 15_000)))
LADDER = Offer("ladder", Layer.SHOP, ThresholdDiscount((DiscountStep(30_000, 4_000),)))
FIFTH_OFF = Offer("cut", Layer.OFFICIAL_CUT, PercentOff(8_000), audience="members")


def payable(offers: list[Offer], basket: Basket = BASKET, at: datetime = AT) -> int:
    return quote(basket, offers, at).payable_cents


def test_an_offer_that_was_changed_under_its_id_has_its_new_price_at_once() -> None:
    changed = replace(LADDER, mechanic=ThresholdDiscount((DiscountStep(30_000, 5_000),)))
    assert [payable([one]) for one in (LADDER, changed, LADDER)] == [31_000, 30_000, 31_000]


def test_more_sets_of_offers_than_are_kept_each_have_their_own_price() -> None:
    steps = range(1, 2 * MOST_KEPT + 2)
    sets = [[replace(LADDER, mechanic=ThresholdDiscount((DiscountStep(30_000, n),)))] for n in steps]
    for _again in range(2):
        assert [payable(one) for one in sets] == [35_000 - n for n in steps]


def test_a_set_priced_for_one_buyer_is_asked_again_for_the_next() -> None:
    offers = [LADDER, FIFTH_OFF]
    member = replace(BASKET, buyer=Buyer(groups=frozenset({"members"})))
    found = [quote(basket, offers, AT) for basket in (BASKET, member, BASKET)]
    assert [one.payable_cents for one in found] == [31_000, 24_000, 31_000]
    assert [one.worst_case_cents for one in found] == [24_000, 24_000, 24_000]
    assert [[refusal.code for refusal in one.refused] for one in found] == [
        ["not_in_audience"],
        [],
        ["not_in_audience"],
    ]


def test_a_window_opens_and_closes_between_two_quotes_of_the_same_offers() -> None:
    offers = [replace(LADDER, window=Window(AT, AT + timedelta(hours=1)))]
    moments = [AT - timedelta(seconds=1), AT, AT + timedelta(minutes=59), AT + timedelta(hours=1)]
    assert [payable(offers, at=at) for at in moments] == [35_000, 31_000, 31_000, 35_000]


def test_the_level_of_each_buyer_counts_and_the_worst_case_is_that_of_the_best_level_or_what_is_paid() -> (
    None
):
    levels = MemberPrice((MemberLevel("gold", 8_000), MemberLevel("silver", 9_000)))
    offers = [Offer("level", Layer.ITEM, levels), LADDER]
    baskets = [
        replace(BASKET, buyer=Buyer(groups=frozenset({group}))) for group in ("silver", "gold", "none")
    ]
    found = [quote(basket, offers, AT) for basket in baskets]
    # At 80 % the ladder's 300 is not reached: 280.00, and 350.00 - 40.00 is dearer than 315.00 - 40.00.
    assert [one.payable_cents for one in found] == [27_500, 28_000, 31_000]
    assert [one.worst_case_cents for one in found] == [27_500, 28_000, 28_000]


def test_more_coupons_than_a_quote_takes_are_refused_although_the_best_of_them_were_found_before() -> None:
    coupons = [Offer(f"c{n}", Layer.COUPON, ShopCoupon(10_000, 100 + n, False)) for n in range(9)]
    assert best_quote(BASKET, coupons, AT).coupon_ids == ("c8",)
    with pytest.raises(EngineError, match="too_many_offers"):
        quote(BASKET, coupons, AT)
