"""What a backtest says beyond its sums: worked out by hand, and against a slow rival that looks at order by order."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.promotions.columnar import columns_from_lines, columns_from_totals, price_baskets
from laoke.promotions.depth.benefit import UNKNOWN, by_history, members
from laoke.promotions.depth.break_even import BreakEven, NoBreakEven, break_even
from laoke.promotions.depth.combinations import MOST_COMBINATIONS, Combination, combinations
from laoke.promotions.depth.net import CostTerms, losing_orders, net_after, net_figures
from laoke.promotions.depth.orders import PricedOrders, priced_orders
from laoke.promotions.depth.thresholds import FillUp, best_of, sensitivity, step_figures, steps_of
from laoke.promotions.depth.values import OrderValues, order_values, thresholds_of
from laoke.promotions.engine import (
    DiscountStep,
    Layer,
    Offer,
    PercentOff,
    ShopCoupon,
    ThresholdDiscount,
)

TEN = FillUp(off_cents=1_000, rate_bp=4_000)
FIVE_ORDERS = np.array([25_000, 25_000, 28_000, 29_000, 31_000])


def orders_of(rows: list[tuple[int, int, int, int, int, tuple[bool, ...]]]) -> PricedOrders:
    """Orders from (listed, paid, after, cost or −1, given, which of the offers acted)."""
    listed, paid, after, cost, beside = (np.array([row[at] for row in rows], np.int64) for at in range(5))
    used = np.array([row[5] for row in rows], dtype=np.bool_).reshape(len(rows), -1).T
    return PricedOrders(
        tuple(f"o{n}" for n in range(len(used))),
        np.array([f"N{n:04}" for n in range(len(rows))], dtype=object),
        listed, listed, paid, after, np.where(cost < 0, 0, cost), cost >= 0, beside, used,
    )  # fmt: skip


# Break-even


def test_orders_must_grow_by_what_the_offers_take_from_each() -> None:
    # 200 orders left 1,000.00 without offers and leave 813.00 with them, 4.065 each: 187.00 / 4.065 = 46.002 orders.
    assert break_even(200, 100_000, 81_300) == BreakEven(lift_bp=2_301, extra_orders=47)
    assert break_even(100, 50_000, 40_000) == BreakEven(lift_bp=2_500, extra_orders=25)


def test_offers_that_leave_no_less_need_no_more_orders() -> None:
    assert break_even(10, 5_000, 5_000) == BreakEven(0, 0)
    assert break_even(10, -5_000, 5_000) == BreakEven(0, 0)


def test_nothing_is_said_where_no_cost_is_known_or_where_more_orders_lose_more() -> None:
    assert break_even(0, 0, 0) == NoBreakEven("cost_unknown")
    assert break_even(10, 5_000, 0) == NoBreakEven("no_margin")
    assert break_even(10, 5_000, -1) == NoBreakEven("no_margin")


@given(st.integers(1, 10_000), st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_the_extra_orders_are_enough_and_one_fewer_is_not(orders: int, before: int, after: int) -> None:
    found = break_even(orders, before, after)
    assert isinstance(found, BreakEven)

    def left(extra: int) -> Fraction:
        return Fraction(after, orders) * (orders + extra)

    assert left(found.extra_orders) >= before
    assert not found.extra_orders or left(found.extra_orders - 1) < before
    assert Fraction(found.lift_bp - 1, 10_000) < max(Fraction(0), Fraction(before, after) - 1) <= Fraction(
        found.lift_bp, 10_000
    ) or (found.lift_bp == 0 and before <= after)


# Order values


def test_orders_stand_in_steps_of_a_width_that_people_read() -> None:
    found = order_values(np.array([0, 99, 100, 250, 999]), [150])

    assert (found.width_cents, found.edges[:4], found.edges[-1]) == (100, (0, 100, 150, 200), 1_000)
    assert found.counts[:4] == (2, 1, 0, 1)
    assert found.cents[:4] == (99, 100, 0, 250)
    assert found.between(100, 300) == (2, 350)
    assert (found.from_on(150), found.middle_cents) == (2, 100)
    assert OrderValues.read(found.told()) == found


def test_what_only_two_of_a_hundred_exceed_stands_in_the_last_part() -> None:
    found = order_values(np.array([10_000] * 98 + [9_000_000] * 2))

    assert (found.width_cents, found.edges[-1], found.counts[-1]) == (100, 10_000, 100)


def test_no_orders_have_no_middle() -> None:
    found = order_values(np.zeros(0, dtype=np.int64), [30_000])
    assert (found.edges, found.counts, found.middle_cents) == ((0, 30_000), (0, 0), None)


def test_a_step_stands_where_people_put_one_and_its_border_is_ten_times_finer() -> None:
    found = order_values(np.arange(0, 400_000, 700), [19_900])
    assert (found.width_cents, found.edges[1:3]) == (5_000, (500, 1_000))
    assert found.steps[:5] == [5_000, 10_000, 15_000, 19_900, 20_000]
    assert found.between(15_920, 19_900) == found.between(16_000, 19_900)


def test_a_threshold_beyond_most_orders_has_fine_borders_too() -> None:
    found = order_values(np.array([10_000] * 50), [18_000, 90_000])
    assert found.edges[-2:] == (20_000, 90_000)
    assert found.between(9_000, 18_000) == (50, 500_000)


@given(st.lists(st.integers(0, 300_000), max_size=60), st.lists(st.integers(1, 400_000), max_size=4))
@settings(deadline=None)
def test_every_part_holds_what_a_slow_rival_counts(values: list[int], thresholds: list[int]) -> None:
    found = order_values(np.array(values, dtype=np.int64), thresholds)

    for low, high, count, cents in zip(
        found.edges, [*found.edges[1:], 10**9], found.counts, found.cents, strict=True
    ):
        inside = [value for value in values if low <= value < high]
        assert (count, cents) == (len(inside), sum(inside))
    assert set(thresholds) <= set(found.edges)
    assert sum(edge % found.width_cents == 0 for edge in found.edges) <= 101 + len(thresholds)


def test_the_thresholds_of_a_plan_are_those_in_money() -> None:
    ladder = Offer(
        "a", Layer.SHOP, ThresholdDiscount((DiscountStep(30_000, 3_000), DiscountStep(60_000, 8_000)))
    )
    coupon = Offer("b", Layer.COUPON, ShopCoupon(19_900, 2_000))
    free = Offer("c", Layer.COUPON, ShopCoupon(0, 500))
    rate = Offer("d", Layer.ITEM, PercentOff(9_000))
    assert thresholds_of([ladder, coupon, free, rate]) == [19_900, 30_000, 60_000]


# Steps


def test_a_step_costs_what_it_takes_off_and_brings_what_is_bought_on() -> None:
    # From 300 on 10 off, near is from 240 on: 250, 250, 280 and 290 lack 130 together, which leaves 52 at 40 %; 40 of
    # that is taken off again. One order is there anyway. If all four fill up: 52 − 40 − 10 = 2; a fifth of them: −7.60.
    found = step_figures(order_values(FIVE_ORDERS), 30_000, TEN)

    assert (found.over, found.near, found.gap_cents) == (1, 4, 13_000)
    assert found.change_cents == -1_000 + 1_200 * 20 // 100
    assert (found.low_cents, found.high_cents) == (-1_000 + 120, -1_000 + 360)
    assert found.needed_bp == 8_334


def test_the_platforms_share_is_not_paid_on_what_is_taken_off() -> None:
    found = step_figures(order_values(np.array([30_000] * 4)), 30_000, FillUp(1_000, 4_000, fee_bp=500))
    assert (found.change_cents, found.needed_bp) == (-4 * 950, None)


def test_no_share_suffices_where_filling_up_itself_loses() -> None:
    # Nobody is over 300. One is near, lacks 10, and leaves 4 of them: 10 are taken off.
    found = step_figures(order_values(np.array([29_000]), [30_000]), 30_000, TEN)
    assert (found.over, found.near, found.needed_bp) == (0, 1, None)
    nobody = step_figures(order_values(np.array([1_000]), [30_000]), 30_000, TEN)
    assert (nobody.over, nobody.near, nobody.needed_bp) == (0, 0, 0)


def test_without_a_step_that_earns_anything_there_is_no_best_one() -> None:
    steps = steps_of(order_values(np.array([30_000] * 4)), TEN)
    assert all(one.threshold_cents > 1_000 for one in steps)
    assert best_of(steps) is None
    assert best_of([]) is None


def test_the_best_step_is_the_lowest_of_equals() -> None:
    # All ten stand at 290 and leave 60 % of what they buy on: at 300 that is 6 against 10 off, at 350 it is 36 − 10.
    fill = FillUp(1_000, 6_000, reach_bp=3_000, low_bp=5_000, likely_bp=10_000, high_bp=10_000)
    steps = steps_of(order_values(np.array([29_000] * 10), [30_000, 35_000, 40_000, 41_000, 50_000]), fill)
    best = best_of(steps)
    assert best is not None
    assert (best.threshold_cents, best.change_cents) == (41_000, 10 * (7_200 - 1_000))
    assert (best.low_cents, best.high_cents) == (31_000, 62_000)


def test_nine_assumptions_show_how_firm_the_best_step_is() -> None:
    found = sensitivity(order_values(np.array([29_000] * 10), [30_000, 35_000]), FillUp(1_000, 6_000))
    assert [(one.reach_bp, one.share_bp) for one in found] == [
        (reach, share) for reach in (1_000, 2_000, 3_000) for share in (1_000, 2_000, 3_000)
    ]
    assert found[0].best is None or found[0].best.threshold_cents <= 32_222
    assert found[-1].best is not None


@given(
    st.lists(st.integers(0, 60_000), min_size=1, max_size=40),
    st.integers(1, 5_000), st.integers(1, 9_999), st.integers(0, 2_000), st.integers(0, 9_000),
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000)).map(sorted),
)  # fmt: skip
@settings(deadline=None)
def test_a_step_earns_what_a_slow_rival_counts(
    values: list[int], off: int, rate: int, fee: int, reach: int, shares: list[int]
) -> None:
    found = order_values(np.array(values), [20_000])
    fill = FillUp(off, rate, fee, reach, *shares)
    for step in [*steps_of(found, fill)[::7], step_figures(found, 20_000, fill)]:
        t = step.threshold_cents
        border = min(edge for edge in found.edges if edge >= Fraction(t * (10_000 - reach), 10_000))
        near = [value for value in values if border <= value < t]
        over = [value for value in values if value >= t]
        each = Fraction(off * (10_000 - fee), 10_000)

        def change(share: int, near: Any = near, over: Any = over, t: int = t, each: Any = each) -> Fraction:
            lifted = sum((Fraction((t - value) * rate, 10_000) - each for value in near), Fraction(0))
            return Fraction(share, 10_000) * lifted - each * len(over)

        assert (step.over, step.near, step.gap_cents) == (len(over), len(near), sum(t - v for v in near))
        assert abs(step.change_cents - change(shares[1])) <= Fraction(1, 2)
        assert abs(step.low_cents - min(change(shares[0]), change(shares[2]))) <= Fraction(1, 2)
        assert abs(step.high_cents - max(change(shares[0]), change(shares[2]))) <= Fraction(1, 2)
        if step.needed_bp is None:
            assert change(10_000) < 0
        else:
            assert change(step.needed_bp) >= 0
            assert step.needed_bp == 0 or change(step.needed_bp - 1) < 0


# What is left of each order


def test_fee_and_postage_are_taken_off_every_order_whose_cost_is_known() -> None:
    # Fee 5 %, postage 6.00. 100.00 paid 90.00, now 80.00, cost 60.00, gift 5.00: 80 − 4 − 60 − 5 − 6 = 5.00.
    orders = orders_of([(10_000, 9_000, 8_000, 6_000, 500, (True,)), (10_000, 10_000, 9_000, -1, 0, (True,))])
    terms = CostTerms(fee_bp=500, postage_cents=600)

    assert net_after(orders, terms).tolist() == [500, 0]
    found = net_figures(orders, terms)
    assert (found.orders, found.listed_cents, found.postage_cents, found.after_fee_cents) == (
        1,
        10_000,
        600,
        400,
    )
    assert (found.listed_net_cents, found.paid_net_cents, found.after_net_cents) == (2_900, 1_950, 500)
    assert found.goods_rate_bp == 3_500, (
        "100.00 − 60.00 − 5.00 of goods; a fuller parcel pays no second postage"
    )
    assert (found.losing_paid, found.losing_after, found.loss_after_cents) == (0, 0, 0)


def test_a_yuan_bought_on_leaves_what_it_leaves_after_offers_on_single_items() -> None:
    # 300.00 at a cost of 180.00 are sold at 210.00: 30.00 of 210.00 are left, 19.50 with a fee of 5 %.
    lines, numbers = columns_from_lines(["a", "b"], ["p", "p"], [1, 1], [30_000] * 2, [18_000] * 2, {})
    priced = price_baskets(lines, [Offer("o", Layer.ITEM, PercentOff(7_000))])
    orders = priced_orders(lines, priced, np.array([30_000] * 2), numbers)

    assert net_figures(orders, CostTerms()).goods_rate_bp == 1_429
    assert net_figures(orders, CostTerms(fee_bp=500, postage_cents=800)).goods_rate_bp == 929


@pytest.mark.parametrize("terms", [(-1, 0), (10_000, 0), (0, -1), (0, 10**9 + 1)])
def test_a_fee_of_everything_and_a_postage_beyond_reason_are_refused(terms: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        CostTerms(*terms)


def test_the_worst_orders_come_first_with_what_they_are_made_of() -> None:
    orders = orders_of(
        [
            (10_000, 10_000, 8_000, 8_100, 0, (True, False)),
            (10_000, 10_000, 8_000, 9_000, 100, (True, True)),
            (10_000, 10_000, 8_000, 8_100, 0, (False, False)),
            (10_000, 10_000, 8_000, 2_000, 0, (True, False)),
        ]
    )
    found = losing_orders(orders, CostTerms(), 2)

    assert [(one.order_id, one.net_cents, one.offer_ids) for one in found] == [
        ("N0001", -1_100, ("o0", "o1")),
        ("N0000", -100, ("o0",)),
    ]
    assert (found[0].listed_cents, found[0].after_cents, found[0].cost_cents, found[0].beside_cents) == (
        10_000, 8_000, 9_000, 100,
    )  # fmt: skip
    assert losing_orders(orders, CostTerms(), 9)[-1].order_id == "N0002"


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 50_000), st.integers(0, 50_000), st.integers(0, 100), st.integers(-1, 40_000),
        st.integers(0, 900), st.tuples(st.booleans(), st.booleans(), st.booleans()),
    ),
    max_size=30,
)  # fmt: skip


def drawn(rows: list[tuple[int, int, int, int, int, tuple[bool, ...]]]) -> PricedOrders:
    """Orders that pay a share of their price where an offer acted, and all of it elsewhere."""
    return orders_of(
        [
            (listed, paid, listed * percent // 100 if any(used) else listed, cost, beside, used)
            for listed, paid, percent, cost, beside, used in rows
        ]
        or [(0, 0, 0, -1, 0, (False, False, False))]
    )


@given(ORDERS, st.integers(0, 2_000), st.integers(0, 1_500))
@settings(deadline=None)
def test_the_sums_are_those_of_order_by_order(rows: Any, fee: int, postage: int) -> None:
    orders = drawn(rows)
    terms = CostTerms(fee, postage)

    def net(price: int, at: int, beside: int) -> int:
        share = (price * fee * 2 + 10_000) // 20_000
        return price - share - int(orders.cost[at]) - beside - postage

    known = [at for at in range(orders.count) if orders.cost_known[at]]
    after = {at: net(int(orders.after[at]), at, int(orders.given[at])) for at in known}
    paid = {at: net(int(orders.paid[at]), at, 0) for at in known}
    found = net_figures(orders, terms)
    assert found.after_net_cents == sum(after.values())
    assert found.paid_net_cents == sum(paid.values())
    assert found.listed_net_cents == sum(net(int(orders.listed[at]), at, 0) for at in known)
    assert (found.losing_after, found.loss_after_cents) == (
        sum(one < 0 for one in after.values()),
        -sum(one for one in after.values() if one < 0),
    )
    worst = sorted((one, f"N{at:04}") for at, one in after.items() if one < 0)
    assert [(one.net_cents, one.order_id) for one in losing_orders(orders, terms, 5)] == worst[:5]


# Combinations


def test_offers_that_meet_are_told_together_with_how_far_they_go() -> None:
    orders = orders_of(
        [
            (10_000, 0, 9_000, -1, 0, (True, False)),
            (10_000, 0, 4_999, -1, 0, (True, True)),
            (10_000, 0, 5_000, -1, 0, (True, True)),
            (10_000, 0, 10_000, -1, 0, (False, False)),
        ]
    )
    both, first = combinations(orders)

    assert (both.offer_ids, both.orders, both.discount_cents, both.listed_cents) == (
        ("o0", "o1"), 2, 10_001, 20_000,
    )  # fmt: skip
    assert (both.highest_bp, both.beyond(50), both.beyond(49)) == (5_001, (1, 5_001), (2, 10_001))
    assert (first.offer_ids, first.beyond(9), first.beyond(10)) == (("o0",), (1, 1_000), (0, 0))
    assert Combination.read(both.told()) == both


def test_nothing_acted_on_nothing() -> None:
    assert combinations(orders_of([(100, 100, 100, -1, 0, (False,))])) == []


def test_the_rarer_ones_beyond_sixty_stand_together() -> None:
    rows = [
        (10_000, 0, 9_000 - n, -1, 0, tuple(bool(n >> bit & 1) for bit in range(7))) for n in range(1, 100)
    ]
    found = combinations(orders_of(rows))

    assert (len(found), found[-1].offer_ids, found[-1].orders) == (MOST_COMBINATIONS + 1, (), 39)
    assert sum(one.discount_cents for one in found) == sum(1_000 + n for n in range(1, 100))


def test_fifty_offers_are_told_apart() -> None:
    rows = [(10_000, 0, 9_000, -1, 0, tuple(at == n for at in range(50))) for n in range(50)]
    assert sorted(one.offer_ids[0] for one in combinations(orders_of(rows))) == sorted(
        f"o{n}" for n in range(50)
    )


@given(ORDERS, st.integers(0, 100))
@settings(deadline=None)
def test_combinations_are_what_a_slow_rival_collects(rows: Any, percent: int) -> None:
    orders = drawn(rows)
    rival: dict[tuple[str, ...], list[int]] = {}
    for at in range(orders.count):
        names = tuple(name for row, name in enumerate(orders.offer_ids) if orders.used[row, at])
        if names:
            rival.setdefault(names, []).append(at)
    found = {one.offer_ids: one for one in combinations(orders)}

    assert set(found) == set(rival)
    for names, places in rival.items():
        off, listed = orders.discount[places], orders.listed[places]
        beyond = [cents for cents, price in zip(off, listed, strict=True) if cents * 100 > percent * price]
        assert found[names].discount_cents == off.sum()
        assert found[names].beyond(percent) == (len(beyond), sum(beyond))


# Who gains


def test_what_is_given_is_told_by_how_often_the_buyer_had_bought() -> None:
    orders = orders_of(
        [(10_000, 0, 9_000, 5_000, 0, (True,))] * 3 + [(10_000, 0, 10_000, -1, 0, (False,))] * 3
    )
    found = by_history(orders, np.array([0, 1, 4, 5, UNKNOWN, 0]), net_after(orders, CostTerms()))

    assert [(one.key, one.orders, one.helped, one.discount_cents, one.net_cents) for one in found] == [
        ("first", 2, 1, 1_000, 4_000),
        ("second", 1, 1, 1_000, 4_000),
        ("third_to_fifth", 1, 1, 1_000, 4_000),
        ("later", 1, 0, 0, None),
        ("unknown", 1, 0, 0, None),
    ]
    assert members(np.array([7, -1, 9]), np.array([9, 7])).tolist() == [True, False, True]


# From priced baskets


def test_priced_baskets_become_orders_with_and_without_lines() -> None:
    rate = Offer("a", Layer.ITEM, PercentOff(9_000))
    ladder = Offer("b", Layer.SHOP, ThresholdDiscount((DiscountStep(15_000, 1_000),)))
    lines, numbers = columns_from_lines(
        ["x", "x", "y"], ["p", "q", "p"], [1, 2, 1], [10_000, 5_000, 10_000], [4_000, -1, 4_000], {}
    )
    totals = columns_from_totals([20_000])
    first = priced_orders(lines, price_baskets(lines, [rate, ladder]), np.array([20_000, 9_000]), numbers)
    second = priced_orders(totals, price_baskets(totals, [rate, ladder]), np.array([1]), np.array(["z"]))
    found = first.joined(second)

    assert found.order_ids.tolist() == ["x", "y", "z"]
    assert found.value.tolist() == [18_000, 9_000, 18_000]
    assert found.after.tolist() == [17_000, 9_000, 17_000]
    assert found.discount.tolist() == [3_000, 1_000, 3_000]
    assert (found.cost.tolist(), found.cost_known.tolist()) == ([0, 4_000, 0], [False, True, False])
    assert found.used.tolist() == [[True, True, True], [True, False, True]]
    with pytest.raises(ValueError, match="different offers"):
        first.joined(priced_orders(totals, price_baskets(totals, [rate]), np.array([1]), np.array(["z"])))
