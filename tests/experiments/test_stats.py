"""Differences, needs and verdicts, held against scipy and statsmodels and against simulated rounds."""

import numpy as np
import pytest
from scipy import stats as reference
from statsmodels.stats.power import NormalIndPower

from laoke.experiments.simulation import Trial, simulate
from laoke.experiments.stats import (
    EMPTY,
    MIN_NONZERO,
    ArmStats,
    Difference,
    NeededPeople,
    NotEnough,
    Verdict,
    compare,
    judge,
    needed_n,
    smallest_effect,
    srm_check,
)


def baskets(rng, n, rate=0.1, sigma=0.6, typical=9.2):
    """Cents per person: most people buy nothing, the others a log-normal basket."""
    values = np.zeros(n)
    bought = rng.random(n) < rate
    values[bought] = np.round(np.exp(rng.normal(typical, sigma, bought.sum())))
    return values


def binary(n, ones):
    return ArmStats(n, ones, ones, ones)


def test_statistics_of_values_and_their_sum():
    arm = ArmStats.of([0, 0, 100, 300])
    assert arm == ArmStats(4, 400, 100_000, 2)
    assert (arm.mean, arm.variance) == (100.0, 20_000.0)
    assert arm + EMPTY == arm
    assert ArmStats.of([1, 2]) + ArmStats.of([0, 7]) == ArmStats.of([1, 2, 0, 7])


def test_whole_numbers_stay_exact_however_large():
    huge = 10**15
    arm = ArmStats.of([huge, huge + 2])
    assert arm.variance == 2.0


def test_where_the_control_arm_varies_more_the_interval_is_welchs():
    rng = np.random.default_rng(11)
    treated, control = baskets(rng, 3000, sigma=0.4), baskets(rng, 400, rate=0.3, sigma=1.0)
    found = compare(ArmStats.of(treated), ArmStats.of(control))
    expected = reference.ttest_ind(treated, control, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert isinstance(found, Difference)
    assert found.low == pytest.approx(interval.low, rel=1e-9)
    assert found.high == pytest.approx(interval.high, rel=1e-9)
    assert found.degrees == pytest.approx(expected.df, rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6)


def test_where_the_control_arm_varies_less_the_error_is_pooled():
    rng = np.random.default_rng(12)
    treated, control = baskets(rng, 3000, sigma=1.0), baskets(rng, 400, sigma=0.3)
    found = compare(ArmStats.of(treated), ArmStats.of(control))
    expected = reference.ttest_ind(treated, control, equal_var=True)
    interval = expected.confidence_interval(0.95)
    assert isinstance(found, Difference)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6)


def test_a_known_cost_moves_the_estimate_and_not_the_width():
    treated, control = binary(9000, 900), binary(1000, 80)
    free, paid = compare(treated, control), compare(treated, control, cost=90)
    assert isinstance(free, Difference) and isinstance(paid, Difference)
    assert free.estimate == pytest.approx(0.02)
    assert paid.estimate == pytest.approx(0.01)
    assert paid.high - paid.low == pytest.approx(free.high - free.low)


def test_the_whole_arms_gain_is_the_difference_times_its_people():
    found = compare(binary(9000, 900), binary(1000, 80))
    assert isinstance(found, Difference)
    assert found.incremental.estimate == pytest.approx(180)
    assert found.incremental.low == pytest.approx(found.low * 9000)
    assert found.incremental.high == pytest.approx(found.high * 9000)


@pytest.mark.parametrize(
    ("treated", "control", "expected"),
    [
        (binary(100, 50), EMPTY, NotEnough("no_control", 0, 2)),
        (EMPTY, binary(100, 50), NotEnough("no_treated", 0, 2)),
        (binary(100, 50), binary(1, 1), NotEnough("too_few_people", 1, 2)),
        (binary(100, 0), binary(100, 0), NotEnough("no_variation", 200, None)),
        (binary(100, 100), binary(50, 50), NotEnough("no_variation", 150, None)),
        # 99 of 1,000 buy, so ten buyers may be expected among 102 people
        (binary(900, 99), binary(100, 0), NotEnough("too_few_outcomes", 100, 102)),
        # 9 of 100 in the control arm where a tenth buys: by its own rate 112 people
        (binary(900, 400), binary(100, 9), NotEnough("too_few_outcomes", 100, 112)),
    ],
)
def test_without_enough_data_there_is_a_reason_instead_of_zero(treated, control, expected):
    assert compare(treated, control) == expected


def test_ten_outcomes_in_each_arm_are_enough_to_say_something():
    assert isinstance(compare(binary(900, 99), binary(100, MIN_NONZERO)), Difference)


@pytest.mark.parametrize(("sd", "effect", "share"), [(1.0, 0.1, 0.5), (300.0, 12.0, 0.1), (5.0, -0.2, 0.3)])
def test_needed_people_agree_with_statsmodels(sd, effect, share):
    found = needed_n(sd, effect, share)
    control = NormalIndPower().solve_power(
        abs(effect) / sd, alpha=0.05, power=0.8, ratio=(1 - share) / share, alternative="two-sided"
    )
    assert abs(found.control - control) <= 1
    assert found.total == found.control + found.treated


def test_the_textbook_case_of_needed_people():
    # 2 * (1.959964 + 0.841621)**2 / 0.1**2 = 1569.8 per arm
    assert needed_n(1.0, 0.1, 0.5) == NeededPeople(3140, 1570, 1570)


@pytest.mark.parametrize(
    ("sd", "effect", "share", "words"),
    [
        (0.0, 1.0, 0.5, "sd must be above zero"),
        (1.0, 0.0, 0.5, "effect must be finite"),
        (1.0, float("nan"), 0.5, "effect must be finite"),
        (1.0, 1.0, 0.0, "control_share lies between"),
        (1.0, 1.0, 1.0, "control_share lies between"),
    ],
)
def test_plans_without_a_finite_answer_are_refused(sd, effect, share, words):
    with pytest.raises(ValueError, match=words):
        needed_n(sd, effect, share)


def test_the_sample_ratio_check_agrees_with_scipy():
    found = srm_check({"held_out": 940, "treated": 9060}, {"held_out": 10, "treated": 90})
    assert found.p_value == pytest.approx(reference.chisquare([940, 9060], [1000, 9000]).pvalue)
    assert found.even and found.expected == {"held_out": 1000.0, "treated": 9000.0}


def test_arms_far_from_their_shares_are_uneven():
    assert not srm_check({"held_out": 800, "treated": 9200}, {"held_out": 10, "treated": 90}).even
    assert not srm_check({"held_out": 1, "treated": 99}, {"held_out": 0, "treated": 100}).even
    assert srm_check({"held_out": 0, "treated": 100}, {"held_out": 0, "treated": 100}).even


def test_a_ratio_of_other_arms_is_refused():
    with pytest.raises(ValueError, match="arms found"):
        srm_check({"a": 1}, {"a": 1, "b": 1})


def test_the_verdicts():
    even = srm_check({"held_out": 10_000, "treated": 90_000}, {"held_out": 1, "treated": 9})
    uneven = srm_check({"held_out": 8_000, "treated": 92_000}, {"held_out": 1, "treated": 9})
    better, worse, same = binary(90_000, 9_900), binary(90_000, 8_000), binary(90_000, 9_010)
    control = binary(10_000, 1_000)
    assert judge(better, control, srm=even).verdict is Verdict.HELPS
    assert judge(worse, control, srm=even).verdict is Verdict.HURTS
    assert judge(same, control, srm=even).verdict is Verdict.UNCLEAR
    assert judge(better, control, srm=uneven).verdict is Verdict.UNEVEN
    assert judge(better, EMPTY).verdict is Verdict.NO_CONTROL
    assert judge(better, binary(50, 0)).verdict is Verdict.NOT_ENOUGH


def test_a_small_round_says_how_many_people_it_would_need():
    treated, control = binary(900, 95), binary(100, 10)
    found = judge(treated, control, plausible=0.02)
    assert found.verdict is Verdict.NOT_ENOUGH and found.difference is not None
    assert found.missing is not None and found.missing.code == "too_small_for_effect"
    assert found.missing.have == 100
    need = found.missing.need
    assert need is not None
    grown = need / 100
    large = [
        ArmStats(round(a.n * grown), a.total * grown, a.squares * grown, round(a.nonzero * grown))
        for a in (treated, control)
    ]
    assert smallest_effect(*large) == pytest.approx(0.02, rel=0.01)


def test_a_high_cost_turns_a_gain_into_a_loss():
    treated, control = binary(90_000, 9_900), binary(10_000, 1_000)
    assert judge(treated, control, cost=2_700).verdict is Verdict.HURTS


@pytest.mark.parametrize(("treated", "control"), [(1500, 1500), (2700, 300)])
def test_a_round_without_effect_raises_a_false_alarm_in_at_most_a_twentieth(treated, control):
    outcome = simulate(np.random.default_rng(2018), Trial(treated, control, buying=0.1), rounds=800)
    # 800 rounds: two standard errors of 5 % are 1.5 points
    assert 0.005 <= outcome.false_alarms <= 0.065
    assert outcome.answered == 800


@pytest.mark.parametrize("lift", [0.0, 0.3])
def test_intervals_cover_the_truth(lift):
    outcome = simulate(np.random.default_rng(7), Trial(2700, 300, buying=0.1, lift=lift), rounds=800)
    assert 0.935 <= outcome.covered <= 0.999


def test_a_strong_effect_is_found_by_a_round_of_the_needed_size():
    sd = 0.3  # of one order or none at 10 %
    need = needed_n(sd, 0.03, 0.2)
    trial = Trial(need.treated, need.control, buying=0.1, lift=0.3, basket_sigma=0.0)
    outcome = simulate(np.random.default_rng(5), trial, rounds=600)
    assert 0.72 <= outcome.false_alarms + outcome.found <= 0.88


def test_comparing_only_the_reached_is_what_assignment_protects_from():
    """Those who could be reached buy more anyway: with no effect at all, 'sent against held out' finds one."""
    rng = np.random.default_rng(3)
    reachable = rng.random(40_000) < 0.6
    bought = (rng.random(40_000) < np.where(reachable, 0.14, 0.06)).astype(int)
    treated = rng.random(40_000) < 0.9
    control = ArmStats.of(bought[~treated].tolist())
    by_assignment = judge(ArmStats.of(bought[treated].tolist()), control, plausible=0.02)
    by_sending = judge(ArmStats.of(bought[treated & reachable].tolist()), control, plausible=0.02)
    assert by_assignment.verdict is Verdict.UNCLEAR
    assert by_sending.verdict is Verdict.HELPS
