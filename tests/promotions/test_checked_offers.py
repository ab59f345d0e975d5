"""Offers are checked and sorted once for as many baskets as are priced with the same ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from laoke.promotions import engine
from laoke.promotions.engine import checking
from laoke.promotions.engine.errors import EngineError

AT = datetime(2026, 11, 11, 0, 30)
FIFTH = engine.Offer("a", engine.Layer.ITEM, engine.PercentOff(8_000))
LADDER = engine.Offer("b", engine.Layer.SHOP, engine.ThresholdDiscount((engine.DiscountStep(10_000, 1_000),)))
BASKET = engine.Basket((engine.Line("1", "p1", 20_000),))


def coupons(many: int) -> list[engine.Offer]:
    mechanic = engine.ShopCoupon(10_000, 500, must_hold=False)
    return [engine.Offer(f"c{n:02}", engine.Layer.COUPON, mechanic) for n in range(many)]


def test_the_same_offers_are_checked_once_and_others_anew() -> None:
    first = checking.checked([LADDER, FIFTH])
    assert first.ordered == (FIFTH, LADDER) and first.one_price
    assert checking.checked((LADDER, FIFTH)) is first
    assert checking.checked([FIFTH, LADDER]) is not first
    assert checking.checked([LADDER]).ordered == (LADDER,)
    dearer = replace(FIFTH, mechanic=engine.PercentOff(9_000))
    assert checking.checked([LADDER, dearer]).ordered == (dearer, LADDER)


def test_a_price_follows_the_offers_of_its_own_question() -> None:
    offers = [FIFTH]
    assert engine.quote(BASKET, offers, AT).payable_cents == 16_000
    offers.append(LADDER)
    assert engine.quote(BASKET, offers, AT).payable_cents == 15_000
    offers[0] = replace(FIFTH, mechanic=engine.PercentOff(9_000))
    assert engine.quote(BASKET, offers, AT).payable_cents == 17_000
    assert engine.quote(BASKET, iter(offers), AT).payable_cents == 17_000


def test_what_one_question_allows_is_refused_by_the_next() -> None:
    many = coupons(9)
    assert engine.best_quote(BASKET, many, AT).quote.payable_cents == 19_500
    with pytest.raises(EngineError) as refused:
        engine.quote(BASKET, many, AT)
    assert (refused.value.code, refused.value.params) == (
        "too_many_offers", {"layer": "coupon", "found": 9, "most": 8},
    )  # fmt: skip
    with pytest.raises(EngineError):
        engine.quote(BASKET, [FIFTH, FIFTH], AT)


@pytest.mark.parametrize("lowest_first", [True, False])
def test_the_worst_case_has_the_lowest_price_although_another_one_is_open(lowest_first: bool) -> None:
    """What offers cover is remembered between both, what they cost is not."""
    levels = [engine.MemberLevel("gold", pay_bp=7_000), engine.MemberLevel("silver", pay_bp=9_000)]
    member = engine.Offer(
        "m", engine.Layer.ITEM, engine.MemberPrice(tuple(levels if lowest_first else levels[::-1]))
    )
    basket = replace(BASKET, buyer=engine.Buyer(groups=frozenset({"silver"})))
    found = engine.quote(basket, [member, LADDER], AT)
    assert (found.payable_cents, found.worst_case_cents) == (17_000, 13_000)
    closed = replace(LADDER, audience="nobody")
    found = engine.quote(BASKET, [FIFTH, closed], AT)
    assert (found.payable_cents, found.worst_case_cents) == (16_000, 15_000)
    assert found.worst_case_cents == engine.exposure(BASKET, [FIFTH, closed]).goods_cents
