"""Reports of the back office against orders: which orders show an offer, the difference by cause, the estimate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from laoke.promotions import engine
from laoke.promotions.columnar import columns_from_lines, columns_from_totals
from laoke.promotions.engine import Layer, Offer, Scope
from laoke.promotions.setup import Cause, OfferOrders, Report, difference_of, sent_estimate
from laoke.promotions.setup.matching import are_few_enough, is_shown_by_orders, match_baskets

AS_OF = datetime(2026, 11, 13)
ENDS = datetime(2026, 11, 12)
STEP = Offer("step", Layer.SHOP, engine.ThresholdDiscount((engine.DiscountStep(30_000, 4_000),)))
COUPON = Offer("coupon", Layer.COUPON, engine.ShopCoupon(20_000, 2_000))
ITEM = Offer("item", Layer.ITEM, engine.PercentOff(9_000), scope=Scope(frozenset({"P1"})))


def matched(totals: list[int], off: list[int], *offers: Offer, **given: Any) -> Any:
    columns = columns_from_totals(totals)
    open_to = {one.offer_id: np.ones(len(totals), dtype=bool) for one in offers} | given.get("open_to", {})
    placed = np.array(given.get("placed", [ENDS] * len(totals)), dtype="datetime64[us]")
    return match_baskets(columns, offers, open_to, np.array(off), given.get("coupon"), placed)


def flags(column: Any) -> list[int]:
    return np.flatnonzero(column).tolist()


def test_a_discount_shows_the_offers_that_alone_come_to_it() -> None:
    found, unexplained = matched([35_000] * 5 + [9_000], [4_000, 6_000, 2_000, 777, 0, 0], STEP, COUPON)

    assert (flags(found["step"].reached), flags(found["step"].shown)) == ([0, 1, 2, 3, 4], [0, 1])
    assert flags(found["coupon"].shown) == [1, 2]
    assert found["coupon"].off_cents.tolist() == [0, 2_000, 2_000, 0, 0, 0]
    assert flags(unexplained) == [3]


def test_two_offers_of_one_amount_cannot_be_told_apart() -> None:
    other = Offer("other", Layer.SHOP, engine.ThresholdDiscount((engine.DiscountStep(20_000, 2_000),)))
    found, unexplained = matched([25_000, 25_000], [2_000, 4_000], other, COUPON)

    assert (flags(found["other"].shown), flags(found["other"].maybe)) == ([1], [0])
    assert (flags(found["coupon"].shown), flags(found["coupon"].maybe)) == ([1], [0])
    assert flags(unexplained) == []


def test_where_orders_tell_of_coupons_an_order_without_one_used_none() -> None:
    other = Offer("other", Layer.SHOP, engine.ThresholdDiscount((engine.DiscountStep(20_000, 2_000),)))
    marked = np.array([True, False])
    found, _ = matched([25_000, 25_000], [2_000, 2_000], other, COUPON, coupon=marked)

    assert (flags(found["coupon"].shown), flags(found["coupon"].maybe)) == ([], [0])
    assert flags(found["other"].shown) == [1]


def test_an_order_from_outside_the_time_of_an_offer_shows_it_not() -> None:
    found, unexplained = matched(
        [35_000, 35_000], [4_000, 4_000], STEP, open_to={"step": np.array([True, False])}
    )

    assert flags(found["step"].shown) == [0]
    assert flags(unexplained) == [1]


def test_a_price_that_is_in_the_unit_price_already_is_not_seen() -> None:
    columns, _ = columns_from_lines(["A", "B"], ["P1", "P1"], [1, 1], [10_000, 9_000], [-1, -1], {})
    found, _ = match_baskets(
        columns,
        [ITEM],
        {"item": np.ones(2, dtype=bool)},
        np.array([1_000, 0]),
        None,
        np.array([ENDS] * 2, dtype="datetime64[us]"),
    )

    assert (flags(found["item"].shown), flags(found["item"].reached)) == ([0], [0, 1])


def at(hour: int) -> datetime:
    return datetime(2026, 11, 11, hour)


def test_the_step_of_an_early_bird_is_that_of_the_orders_time() -> None:
    bird = engine.EarlyBird((engine.EarlyStep(at(10), 7_000), engine.EarlyStep(at(20), 8_000)))
    early = Offer("early", Layer.ITEM, bird)
    found, unexplained = matched(
        [10_000] * 6, [3_000, 2_000, 0, 3_000, 2_000, 3_000], early,
        placed=[at(9), at(10), at(21), at(10), at(20), at(9)],
    )  # fmt: skip

    assert found["early"].shown.tolist() == [True, True, False, False, False, True]
    assert found["early"].reached.tolist() == [True, True, False, True, False, True]
    assert found["early"].off_cents.tolist() == [3_000, 2_000, 0, 0, 0, 3_000]
    assert flags(unexplained) == [3, 4], "30.00 off at the time of 20.00, and 20.00 after the last step"


@pytest.mark.parametrize(
    "mechanic",
    [
        engine.MemberPrice((engine.MemberLevel("金卡", 7_000), engine.MemberLevel("银卡", 8_000))),
        engine.MoreCheaper((engine.BuyersStep(1, 8_000), engine.BuyersStep(100, 7_000))),
    ],
)
def test_each_level_and_step_of_buyers_shows_the_offer(mechanic: Any) -> None:
    varied = Offer("varied", Layer.ITEM, mechanic)
    found, unexplained = matched([10_000] * 4, [3_000, 2_000, 0, 2_500], varied)
    assert found["varied"].shown.tolist() == [True, True, False, False]
    assert found["varied"].off_cents.tolist() == [3_000, 2_000, 0, 0]
    assert flags(unexplained) == [3]

    found, unexplained = matched([40_000, 40_000], [12_000, 10_000], varied, COUPON)
    assert found["varied"].shown.tolist() == [True, True]
    assert found["coupon"].shown.tolist() == [False, True], "8 out of ten, and 20.00 more"
    assert flags(unexplained) == []


def test_too_many_prices_to_tell_apart_are_too_many() -> None:
    levels = tuple(engine.MemberLevel(f"{number}", 5_000 + number) for number in range(20))
    many = [Offer(f"m{number}", Layer.ITEM, engine.MemberPrice(levels)) for number in range(3)]
    assert [are_few_enough(many[:count]) for count in (1, 2, 3)] == [True, True, False]
    assert not are_few_enough([STEP] * 7)
    same = engine.MemberPrice((engine.MemberLevel("a", 7_000), engine.MemberLevel("b", 7_000)))
    assert are_few_enough([Offer("s", Layer.ITEM, same), *[STEP] * 5])


def test_gifts_postage_and_the_platforms_own_are_not_in_the_shops_discount() -> None:
    gift = Offer(
        "gift",
        Layer.GIFT,
        engine.ThresholdGift((engine.GiftStep(100, (engine.GiftChoice("G", "枕巾", 1),)),)),
    )
    cut = Offer("cut", Layer.OFFICIAL_CUT, engine.PercentOff(8_500))
    assert [is_shown_by_orders(one) for one in (STEP, COUPON, ITEM, gift, cut)] == [
        True,
        True,
        True,
        False,
        False,
    ]
    found, _ = matched([35_000], [4_000], STEP, gift, cut)
    assert list(found) == ["step"]


def test_fewer_orders_than_uses_are_accounted_for_the_surest_first() -> None:
    orders = OfferOrders(shown=90, refunded=4, unpaid=3, fake=2, maybe=4, unexplained=7, no_goods=9)
    found = difference_of(Report(AS_OF, 500, 200, 100), orders, AS_OF, ENDS)

    assert found is not None
    assert (found.gap, found.rest, found.facts_end) == (10, 0, None)
    assert found.causes == (
        Cause("unpaid", 3, 3, True),
        Cause("fake", 2, 2, True),
        Cause("maybe", 4, 4, False),
        Cause("unexplained", 7, 1, False),
    )


def test_what_no_cause_accounts_for_is_left() -> None:
    found = difference_of(Report(AS_OF, used=100), OfferOrders(shown=90, unpaid=3), AS_OF, ENDS)
    assert found is not None
    assert (found.gap, found.rest) == (10, 7)
    more = difference_of(Report(AS_OF, used=80), OfferOrders(shown=90, refunded=4, unpaid=3), AS_OF, ENDS)
    assert more is not None
    assert (more.gap, more.causes, more.rest) == (-10, (Cause("refunded", 4, 4, False),), -6)
    even = difference_of(Report(AS_OF, used=90), OfferOrders(shown=90, maybe=5), AS_OF, ENDS)
    assert even is not None
    assert (even.gap, even.causes, even.rest) == (0, (), 0)


def test_a_report_that_does_not_tell_the_uses_has_no_difference() -> None:
    assert difference_of(Report(AS_OF, issued=500, taken=200), OfferOrders(shown=90), AS_OF, ENDS) is None


def test_orders_that_are_not_imported_yet_are_said_to_be_missing() -> None:
    known = datetime(2026, 11, 11, 18)
    found = difference_of(Report(AS_OF, used=100), OfferOrders(shown=90), known, ENDS)
    assert found is not None
    assert found.facts_end == known
    # What comes after the end of the offer cannot be missing.
    later = difference_of(Report(AS_OF, used=100), OfferOrders(shown=90), datetime(2026, 11, 12, 1), ENDS)
    assert later is not None
    assert later.facts_end is None


@pytest.mark.parametrize(
    ("report", "found"),
    [
        (Report(AS_OF, 10, 20, 5), ("taken_above_issued",)),
        (Report(AS_OF, None, 20, 25), ("used_above_taken",)),
        (Report(AS_OF, 10, 10, 10), ()),
    ],
)
def test_numbers_that_contradict_each_other_are_told(report: Report, found: tuple[str, ...]) -> None:
    assert report.contradictions == found


@pytest.mark.parametrize(
    ("used", "known", "sent", "estimate", "low", "high"),
    [
        (100, 80, 20, 25, 20, 40),  # twenty uses nobody saw: none of them theirs, or all
        (80, 80, 20, 20, 20, 20),  # every use is seen: no bounds are left
        (60, 80, 20, 15, 0, 20),  # twenty orders too many: which of them, nobody knows
        (100, 80, 0, 0, 0, 20),
        (3, 2, 1, 2, 1, 2),  # half of three, rounded half up
        (0, 5, 5, 0, 0, 0),
    ],
)
def test_the_estimate_and_its_bounds(
    used: int, known: int, sent: int, estimate: int, low: int, high: int
) -> None:
    found = sent_estimate(Report(AS_OF, used=used), OfferOrders(shown=known, known=known, sent=sent))
    assert found is not None
    assert (found.estimate, found.low, found.high, found.by_report) == (estimate, low, high, True)


def test_without_a_report_only_what_orders_show_is_counted() -> None:
    found = sent_estimate(None, OfferOrders(shown=90, known=80, sent=20))
    assert found is not None
    assert (found.used, found.estimate, found.low, found.high, found.by_report) == (90, 23, 20, 30, False)
    assert sent_estimate(Report(AS_OF, used=9), OfferOrders(shown=3)) is None


def test_the_estimate_never_leaves_its_bounds() -> None:
    for used in range(12):
        for known in range(1, 9):
            for sent in range(known + 1):
                found = sent_estimate(
                    Report(AS_OF, used=used), OfferOrders(known=known, shown=known, sent=sent)
                )
                assert found is not None
                assert 0 <= found.low <= found.estimate <= found.high <= used
