"""Thousands of rounds whose truth is known, through Laoke's own draw and its own analysis.

How often the interval leaves zero out where nothing happened, how often it holds the truth, how often as many people
as the plan asks for find the effect. What may happen by chance is the band of a binomial count.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats as reference

from laoke.experiments.assignment import HELD_OUT, Holdout, arm_indexes, salt_of
from laoke.experiments.stats import (
    METRICS,
    Difference,
    Metric,
    NotEnough,
    compare,
    judge,
    needed_n,
    srm_check,
)
from tests.experiments.simulated_shop import Shop, Tally, run, simulate, statistics

FEW, MANY = 300, 4_000
# An event of one in ten thousand fails the test: with fixed seeds it either never does or shows something.
RARE = 1e-4
Recorder = Callable[[str, object], None]

SHOPS = {
    "half of 8,000 held out": Shop(8_000, 5_000),
    "500 of 5,000 held out": Shop(5_000, 1_000),
    "500 of 5,000 held out, heavy tail": Shop(5_000, 1_000, sigma=1.2),
    "200 of 2,000 held out": Shop(2_000, 1_000),
    "200 of 2,000 held out, heavy tail": Shop(2_000, 1_000, sigma=1.2),
    "half of 400 held out, heavy tail": Shop(400, 5_000, sigma=1.2),
    "1,000 of 20,000 held out, 2 % buy, heavy tail": Shop(20_000, 500, buying=0.02, sigma=1.2),
    "4,500 of 5,000 held out, heavy tail": Shop(5_000, 9_000, sigma=1.2),
}


def least(count: int, share: float) -> int:
    return int(reference.binom.ppf(RARE, count, share))


def most(count: int, share: float) -> int:
    return int(reference.binom.isf(RARE, count, share))


def check_nothing(name: str, rounds: int) -> dict[Metric, Tally]:
    """No message did anything: alarms are as rare as promised."""
    found = simulate(SHOPS[name], rounds, seed=1)
    for tally in found.values():
        assert tally.answered >= 0.9 * rounds
        assert tally.excluded_zero <= most(tally.answered, 0.05)
        assert tally.above_zero <= most(tally.answered, 0.025)
        if name.startswith("half of 8,000"):
            # Even arms: here the interval must not be wider than it says either.
            assert tally.excluded_zero >= least(tally.answered, 0.05)
    return found


def check_effect(name: str, rounds: int) -> dict[Metric, Tally]:
    """A lift of 30 %, paid for with coupons: the interval holds what it truly brings."""
    plain = SHOPS[name]
    shop = Shop(
        plain.people, plain.held_out_bp, buying=plain.buying, sigma=plain.sigma, lift=0.3, coupon=1_000
    )
    found = simulate(shop, rounds, seed=2)
    for tally in found.values():
        assert tally.answered >= 0.9 * rounds
        assert tally.covered >= least(tally.answered, 0.95)
    return found


@pytest.mark.parametrize("name", list(SHOPS)[:5])
def test_where_nothing_happened_few_rounds_say_otherwise(name: str) -> None:
    check_nothing(name, FEW)


@pytest.mark.parametrize("name", list(SHOPS)[:5])
def test_intervals_hold_the_truth_of_orders_revenue_and_profit(name: str) -> None:
    check_effect(name, FEW)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SHOPS)
def test_thousands_of_rounds_without_effect(name: str, record_property: Recorder) -> None:
    tell(check_nothing(name, MANY), record_property)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SHOPS)
def test_thousands_of_rounds_with_an_effect(name: str, record_property: Recorder) -> None:
    tell(check_effect(name, MANY), record_property)


def tell(found: dict[Metric, Tally], record: Recorder) -> None:
    record("rounds", MANY)
    for metric, tally in found.items():
        record(f"{metric}: answered", tally.answered)
        record(f"{metric}: intervals without zero", round(tally.alarms, 4))
        record(f"{metric}: said to help", round(tally.helps, 4))
        record(f"{metric}: intervals with the truth", round(tally.coverage, 4))


# --- The check of sizes


def uneven(draws: int) -> int:
    ids = np.arange(1, 3_001, dtype=np.int64)
    count = 0
    for number in range(draws):
        shares = Holdout("round", salt_of("round", 1, number), 1_000).shares()
        held = int(
            (arm_indexes(ids, salt_of("round", 1, number), shares) == list(shares).index(HELD_OUT)).sum()
        )
        count += not srm_check({HELD_OUT: held, "treated": len(ids) - held}, shares).even
    return count


def test_hardly_any_honest_draw_is_called_uneven() -> None:
    assert uneven(2_000) <= most(2_000, 0.001)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_one_honest_draw_in_a_thousand_is_called_uneven(record_property: Recorder) -> None:
    count = uneven(30_000)
    record_property("draws", 30_000)
    record_property("called uneven", count)
    assert least(30_000, 0.001) <= count <= most(30_000, 0.001)


def test_a_loss_of_a_tenth_of_one_arm_is_seen() -> None:
    lost = srm_check({HELD_OUT: 2_000, "treated": 16_200}, {HELD_OUT: 10, "treated": 90})
    assert not lost.even


# --- The people a plan asks for

PLANS = [(5_000, "orders"), (1_000, "orders"), (5_000, "revenue"), (1_000, "revenue")]


def found_by_plan(held_out_bp: int, metric: Metric, rounds: int) -> tuple[int, Tally]:
    """A plan from last year's figures for a lift of a fifth, and how often it shows."""
    quiet = run(Shop(200_000, held_out_bp), 7, np.random.default_rng(7)).arms[metric]
    everyone = quiet[0] + quiet[1]
    effect = Shop(1, held_out_bp, lift=0.2).truth(metric)
    need = needed_n(everyone.variance**0.5, effect, held_out_bp / 10_000, mean=everyone.mean)
    return need.total, simulate(Shop(need.total, held_out_bp, lift=0.2), rounds, seed=3)[metric]


@pytest.mark.parametrize(("held_out_bp", "metric"), PLANS)
def test_the_people_a_plan_asks_for_find_the_effect_in_four_of_five_rounds(
    held_out_bp: int, metric: Metric
) -> None:
    _, tally = found_by_plan(held_out_bp, metric, 200)
    assert least(200, 0.80) <= tally.above_zero <= most(200, 0.85)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("held_out_bp", "metric"), PLANS)
def test_a_thousand_plans(held_out_bp: int, metric: Metric, record_property: Recorder) -> None:
    people, tally = found_by_plan(held_out_bp, metric, 1_000)
    for name, value in {"rounds": 1_000, "people": people, "found": tally.above_zero}.items():
        record_property(name, value)
    assert least(1_000, 0.80) <= tally.above_zero <= most(1_000, 0.85)


def test_what_a_small_round_says_it_would_need_is_enough() -> None:
    effect = Shop(1, 5_000, lift=0.2).truth("orders")
    judged = judge(*run(Shop(3_000, 5_000), 5, np.random.default_rng(5)).arms["orders"], plausible=effect)
    assert isinstance(judged.missing, NotEnough) and judged.missing.need is not None
    grown = Shop(judged.missing.need * 2, 5_000, lift=0.2)
    assert simulate(grown, 200, seed=4)["orders"].above_zero >= least(200, 0.80)


# --- By assignment, not by sending


def test_comparing_the_reached_finds_what_is_not_there() -> None:
    """Who can be reached buys more anyway: by assignment nothing, 'sent against held out' nearly always."""
    rng = np.random.default_rng(3)
    rounds, by_assignment, by_sending = 300, 0, 0
    for number in range(rounds):
        ids = np.arange(1, 10_001, dtype=np.int64) + number * 10_000
        reachable = rng.random(len(ids)) < 0.6
        bought = (rng.random(len(ids)) < np.where(reachable, 0.14, 0.06)).astype(float)
        shares = {HELD_OUT: 1, "treated": 1}
        treated = arm_indexes(ids, salt_of("round", 2, number), shares) == 1
        control = statistics(bought[~treated])
        assigned = compare(statistics(bought[treated]), control)
        sent = compare(statistics(bought[treated & reachable]), control)
        assert isinstance(assigned, Difference) and isinstance(sent, Difference)
        by_assignment += assigned.low > 0 or assigned.high < 0
        by_sending += sent.low > 0
    assert by_assignment <= most(rounds, 0.05)
    assert by_sending >= 0.95 * rounds


def test_every_metric_is_simulated() -> None:
    assert set(simulate(Shop(400, 5_000), 5, seed=9)) == set(METRICS)
