"""The search over pairs of threshold and amount: by hand, and against a rival that looks at order by order."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.money import divide_half_up
from laoke.promotions.deepening import Assumed, Depth
from laoke.promotions.depth.pairs import (
    PairGrid,
    firm_pairs,
    followed_bp,
    pair_grid,
    round_amounts,
    round_thresholds,
)
from laoke.promotions.depth.thresholds import FillUp, step_figures
from laoke.promotions.depth.values import order_values

TEN = FillUp(off_cents=1_000, rate_bp=4_000)
FIVE_ORDERS = np.array([25_000, 25_000, 28_000, 29_000, 31_000])


def grid_of(values: list[int], thresholds: list[int], amounts: list[int], fill: FillUp) -> PairGrid:
    return pair_grid(order_values(np.array(values), thresholds), thresholds, amounts, fill)


def test_a_pair_at_the_assumed_amount_says_what_its_step_says() -> None:
    values = order_values(FIVE_ORDERS, [30_000])
    [[pair]] = pair_grid(values, [30_000], [1_000], TEN).rows
    step = step_figures(values, 30_000, TEN)

    assert pair is not None
    assert (pair.over, pair.near, pair.gap_cents, pair.share_bp) == (1, 4, 13_000, 2_000)
    assert (pair.change_cents, pair.low_cents, pair.high_cents) == (-760, -880, -640)
    assert (step.change_cents, step.low_cents, step.high_cents) == (-760, -880, -640)
    assert (pair.brought_cents, pair.cost_cents) == (240, 1_000), "a fifth of 52 − 40, and 10 for the one"


def test_half_the_amount_moves_half_as_many() -> None:
    # 5 off: a tenth of the four fills up: (52 − 20) / 10 = 3.20, and the one who is over gets 5.
    [[pair]] = grid_of(FIVE_ORDERS.tolist(), [30_000], [500], TEN).rows

    assert pair is not None
    assert (pair.share_bp, pair.brought_cents, pair.cost_cents, pair.change_cents) == (1_000, 320, 500, -180)


@pytest.mark.parametrize(
    ("follow", "off", "share"),
    [
        (10_000, 500, 1_000),
        (10_000, 3_000, 6_000),
        (10_000, 9_000, 10_000),
        (5_000, 500, 1_500),
        (0, 500, 2_000),
        (0, 9_000, 2_000),
    ],
)
def test_the_share_follows_the_amount_as_far_as_is_stated_and_never_beyond_all(
    follow: int, off: int, share: int
) -> None:
    assert followed_bp(2_000, off, 1_000, follow) == share


def test_the_best_pair_is_none_where_every_pair_costs_more_than_it_brings() -> None:
    found = grid_of([30_000] * 4, [20_000, 30_000], [1_000, 2_000], TEN)
    assert len(found.pairs) == 4
    assert (found.best, found.beside) == (None, [])


def test_the_best_pair_stands_alone_where_no_other_band_reaches_it() -> None:
    # Ten at 290: at 300 they lack 10 each, which leaves less than is taken off; at 400 they lack 110, which leaves 66.
    fill = FillUp(1_000, 6_000, reach_bp=3_000, low_bp=4_000, likely_bp=5_000, high_bp=6_000)
    found = grid_of([29_000] * 10, [30_000, 40_000], [1_000], fill)

    assert found.best is not None
    assert (found.best.threshold_cents, found.best.change_cents) == (40_000, 28_000)
    assert (found.best.low_cents, found.best.high_cents) == (22_400, 33_600)
    assert found.beside == []


def test_pairs_whose_bands_overlap_are_not_told_from_the_best() -> None:
    fill = FillUp(1_000, 6_000, reach_bp=3_000, low_bp=1_000, likely_bp=5_000, high_bp=9_000)
    found = grid_of([29_000] * 10, [30_000, 40_000, 41_000], [1_000], fill)

    assert found.best is not None and found.best.threshold_cents == 41_000
    assert [one.threshold_cents for one in found.beside] == [40_000], "at 300 a pair only loses"


def test_of_equal_pairs_the_smallest_amount_is_the_best() -> None:
    # Nobody is over and all fill up anyway, so what is taken off is only lost.
    fill = FillUp(1_000, 6_000, reach_bp=3_000, low_bp=10_000, likely_bp=10_000, high_bp=10_000)
    values = order_values(np.array([29_000] * 10), [40_000])
    found = pair_grid(values, [40_000], [500, 1_000, 2_000], fill, follow_bp=0)
    assert found.best is not None
    assert (found.best.off_cents, found.best.change_cents) == (500, 10 * (6_600 - 500))


def test_a_pair_that_takes_off_more_than_half_or_less_than_a_hundredth_is_left_out() -> None:
    found = grid_of(FIVE_ORDERS.tolist(), [10_000, 30_000], [100, 299, 5_000, 5_001, 15_001], TEN)
    assert [[pair is not None for pair in row] for row in found.rows] == [
        [True, False],
        [True, False],
        [True, True],
        [False, True],
        [False, False],
    ]


def test_thresholds_and_amounts_are_round_and_few() -> None:
    values = order_values(np.arange(0, 100_000, 700), [29_900])
    thresholds = round_thresholds(values)

    assert thresholds == [10_000, 20_000, 29_900, *range(30_000, 90_001, 10_000)]
    assert round_amounts(thresholds, 2_500) == [
        *(100 * yuan for yuan in (2, 3, 5, 8, 10, 20)), 2_500, *(100 * yuan for yuan in (30, 50, 80, 100, 200, 300)),
    ]  # fmt: skip


def test_no_orders_have_only_the_thresholds_of_the_plan_and_nothing_to_earn() -> None:
    values = order_values(np.zeros(0, dtype=np.int64), [30_000])
    assert round_thresholds(values)[-1] == 30_000
    found = pair_grid(values, [30_000], [1_000], TEN)
    assert [one.change_cents for one in found.pairs] == [0]
    assert found.best is None
    assert round_amounts([], 1_000) == []


def test_nine_assumptions_show_how_firm_the_best_pair_is() -> None:
    values = order_values(np.array([29_000] * 10), [30_000, 35_000])
    found = firm_pairs(values, [30_000, 35_000], [500, 1_000], FillUp(1_000, 6_000))

    assert [(one.follow_bp, one.share_bp) for one in found] == [
        (follow, share) for follow in (0, 5_000, 10_000) for share in (1_000, 2_000, 3_000)
    ]
    assert [one.best.off_cents if one.best else None for one in found] == [500] * 3 + [1_000] * 6


def test_sums_of_a_large_shop_stay_exact_beyond_64_bits() -> None:
    values = order_values(np.array([2_900_000, 3_000_000]), [3_000_000])
    many = type(values)(
        values.width_cents, values.thresholds, values.edges,
        tuple(count * 10**8 for count in values.counts), tuple(cents * 10**8 for cents in values.cents),
    )  # fmt: skip
    fill = FillUp(100_000, 9_999, fee_bp=1)
    [[pair]] = pair_grid(many, [3_000_000], [100_000], fill).rows
    step = step_figures(many, 3_000_000, fill)
    assert pair is not None
    assert (pair.change_cents, pair.low_cents, pair.high_cents) == (
        step.change_cents,
        step.low_cents,
        step.high_cents,
    )


def test_the_grid_of_a_backtest_takes_only_amounts_that_the_sellers_tool_takes() -> None:
    values = order_values(np.array([2_000_000] * 100))
    facts = {
        "values": values.told(), "off_cents": 2_550, "net": {"goods_rate_bp": 4_000}, "terms": {"fee_bp": 0},
    }  # fmt: skip
    grid = Depth(facts, Assumed()).pairs
    assert grid is not None
    assert 2_550 in grid.amounts, "what the operator asked about stays"
    assert max(grid.amounts) == 100_000, "a coupon takes 1 to 1000 whole yuan"
    assert Depth({**facts, "net": {"goods_rate_bp": None}}, Assumed()).pairs is None


@given(
    st.lists(st.integers(0, 60_000), min_size=1, max_size=40),
    st.lists(st.integers(1_000, 60_000), min_size=1, max_size=4, unique=True).map(sorted),
    st.lists(st.integers(1, 30_000), min_size=1, max_size=4, unique=True).map(sorted),
    st.integers(1, 5_000), st.integers(1, 9_999), st.integers(0, 2_000), st.integers(0, 9_000), st.integers(0, 10_000),
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000)).map(sorted),
)  # fmt: skip
@settings(deadline=None)
def test_every_pair_earns_what_a_slow_rival_counts(
    orders: list[int], thresholds: list[int], amounts: list[int],
    own: int, rate: int, fee: int, reach: int, follow: int, shares: list[int],
) -> None:  # fmt: skip
    values = order_values(np.array(orders), thresholds)
    fill = FillUp(own, rate, fee, reach, *shares)
    found = pair_grid(values, thresholds, amounts, fill, follow)

    def earned(step: int, off: int, share: int) -> Fraction:
        border = min(edge for edge in values.edges if edge >= Fraction(step * (10_000 - reach), 10_000))
        stated = Fraction(share) * (10_000 - follow + Fraction(follow * off, own)) / 10_000
        moved = min(10_000, divide_half_up(stated.numerator, stated.denominator))
        given_up = Fraction(off * (10_000 - fee), 10_000)
        total = Fraction(0)
        for order in orders:
            if order >= step:
                total -= given_up
            elif order >= border:
                total += Fraction(moved, 10_000) * (Fraction((step - order) * rate, 10_000) - given_up)
        return total

    for off, row in zip(amounts, found.rows, strict=True):
        for step, pair in zip(thresholds, row, strict=True):
            assert (pair is not None) == (Fraction(1, 100) <= Fraction(off, step) <= Fraction(1, 2))
            if pair is None:
                continue
            ends = [earned(step, off, shares[0]), earned(step, off, shares[2])]
            assert abs(pair.change_cents - earned(step, off, shares[1])) <= Fraction(1, 2)
            assert abs(pair.low_cents - min(ends)) <= Fraction(1, 2)
            assert abs(pair.high_cents - max(ends)) <= Fraction(1, 2)
    if found.best is not None:
        assert found.best.change_cents == max(one.change_cents for one in found.pairs)
        apart = [one for one in found.pairs if one not in found.beside and one != found.best]
        assert all(one.high_cents < found.best.low_cents for one in apart)
