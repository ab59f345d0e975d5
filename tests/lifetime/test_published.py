"""Every published figure of the models on CDNOW, to the digits given (shared/data/PUBLISHED.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from laoke.lifetime import rates, spend
from laoke.lifetime.customers import Histories, Ints, grouped
from laoke.lifetime.fitting import Fit, fit_orders, fit_spend
from laoke.lifetime.geometric import BetaGeometric
from laoke.lifetime.holdout import Validation, validate
from laoke.lifetime.pareto import ParetoNbd
from tests.lifetime.cdnow import HOLDOUT_WEEKS, calibration, summary

BG, PARETO = BetaGeometric(), ParetoNbd()
BG_FINE = np.array([0.2425945, 4.4136019, 0.7929199, 2.4258881])
PARETO_FINE = np.array([0.55315, 10.57633, 0.60625, 11.67150])


@pytest.fixture(scope="module")
def sample(shared: Path) -> tuple[Histories, Ints, float]:
    return calibration(shared)


@pytest.fixture(scope="module")
def held_out(sample: tuple[Histories, Ints, float]) -> Validation:
    return validate(sample[0], sample[1], HOLDOUT_WEEKS)


def fitted(model: BetaGeometric | ParetoNbd, histories: Histories) -> Fit:
    fit = fit_orders(model, histories)
    assert isinstance(fit, Fit)
    return fit


def test_the_raw_purchases_give_the_published_counts(sample: tuple[Histories, Ints, float]) -> None:
    histories, later, _ = sample
    assert len(histories) == 2_357
    assert histories.frequency.sum() == 2_457
    assert (histories.frequency > 0).sum() == 946
    assert later.sum() == 1_882


def test_bg_nbd_from_the_raw_dates_has_the_finer_published_parameters(
    sample: tuple[Histories, Ints, float],
) -> None:
    fit = fitted(BG, sample[0])
    assert fit.theta == pytest.approx(BG_FINE, rel=1e-5)
    assert round(fit.loglik, 3) == -9582.429
    assert (fit.starts, fit.agreeing) == (3, 3)


def test_bg_nbd_from_the_rounded_summary_agrees_to_three_digits(shared: Path) -> None:
    fit = fitted(BG, summary(shared))
    assert fit.theta == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=5e-4)
    assert fit.loglik == pytest.approx(-9582.429, abs=0.01)


def test_pareto_nbd_has_the_published_parameters_from_both(
    shared: Path, sample: tuple[Histories, Ints, float]
) -> None:
    fit = fitted(PARETO, sample[0])
    assert fit.theta[:3] == pytest.approx((0.5533, 10.578, 0.6062), abs=5e-4)
    assert fit.theta[3] == pytest.approx(11.669, abs=2e-3)
    assert round(fit.loglik, 3) == -9594.976
    rounded = fitted(PARETO, summary(shared))
    assert rounded.theta == pytest.approx((0.553, 10.578, 0.606, 11.669), rel=1e-3)
    assert rounded.loglik == pytest.approx(-9594.976, abs=0.01)


def test_gamma_gamma_has_the_published_parameters_and_likelihood(shared: Path) -> None:
    histories = summary(shared)
    fit = fit_spend(histories)
    assert isinstance(fit, Fit)
    assert fit.customers == 946
    assert [round(v, 2) for v in fit.theta] == [6.25, 3.74, 15.45]
    # The note prints gamma 15.44; both digits lie on a ridge on which the likelihood stays the same.
    value, _, _ = spend.likelihood(*spend.repeaters(histories))(np.array([6.25, 3.74, 15.44]))
    assert round(fit.loglik, 2) == round(value, 2) == -4055.92


def test_gamma_gamma_expects_the_published_spend_of_the_first_ten_customers(shared: Path) -> None:
    first = summary(shared).take(np.arange(10))
    told = spend.expected_spend(np.array([6.25, 3.74, 15.44]), first.frequency, first.spend)
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert told == pytest.approx(published, abs=0.1)


def test_bg_nbd_expects_the_published_purchases_of_a_new_customer() -> None:
    told = BG.orders_of_new(BG_FINE, np.array([0.1429, 1, 3, 31.8571, 32]))
    assert np.round(told, 4).tolist() == [0.0078, 0.0532, 0.1506, 1.0405, 1.0437]


def test_the_published_figure_for_78_weeks_is_that_of_a_series_cut_after_150_terms() -> None:
    """Published 1.8576; the function itself is 1.8580. 150 terms of the usual series give the former."""
    told = float(BG.orders_of_new(BG_FINE, np.array(78.0)))
    assert told == pytest.approx(1.8580, abs=5e-5)
    r, alpha, a, b = BG_FINE
    z, n = 78 / (alpha + 78), np.arange(151.0)
    terms = (r + n) * (b + n) / (a + b - 1 + n) / (n + 1) * z
    series = 1.0 + float(np.cumprod(terms[:-1]).sum())
    cut = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + 78)) ** r * series)
    assert cut == pytest.approx(1.8576, abs=5e-5)


def test_bg_nbd_gives_the_published_conditional_expectation() -> None:
    one = Histories.of([2], [30.43], [38.86])
    told = BG.alive(BG_FINE, one) * BG.orders_if_alive(BG_FINE, one.frequency, one.age, 39.0)
    assert round(float(told[0]), 3) == 1.226


def test_bg_nbd_gives_the_published_chance_of_ten_purchases_in_two_weeks() -> None:
    chances = BG.counts_if_alive(np.array([0.243, 4.414, 0.793, 2.426]), np.zeros(1), np.zeros(1), 2.0, 10)
    assert float(chances[0, 10]) == pytest.approx(1.07869e-07, rel=5e-6)


def pareto_expects(theta: list[float], x: int, t_x: float, age: float, until: float) -> float:
    parameters, one = np.array(theta), Histories.of([x], [t_x], [age])
    told = PARETO.alive(parameters, one) * PARETO.orders_if_alive(parameters, one.frequency, one.age, until)
    return float(told[0])


def test_pareto_nbd_gives_the_published_conditional_expectations() -> None:
    assert round(pareto_expects(list(PARETO_FINE), 26, 30.86, 31, 52), 2) == 25.46
    large = [0.55, 10.58, 0.61, 11.67]
    assert round(pareto_expects(large, 132, 200, 200, 10), 4) == 6.2061
    assert round(pareto_expects(large, 133, 200, 200, 10), 4) == 6.2529


def test_pareto_nbd_stays_finite_where_the_published_form_overflows() -> None:
    many = Histories.of(
        (221, 254, 161, 204), (103.42857, 97.14286, 94.71429, 98.57143), (103.57143, 97.28571, 98, 99.42857)
    )
    alive = PARETO.alive(np.array([0.5143, 2.8845, 0.2856, 14.1087]), many)
    assert np.isfinite(alive).all()
    assert ((alive > 0.7) & (alive < 1)).all()


def test_the_hold_out_has_the_published_totals_correlations_and_errors(held_out: Validation) -> None:
    bg, _, pareto = (trial.score for trial in held_out.trials)
    assert bg is not None and pareto is not None
    assert bg.actual == pareto.actual == 1_882
    assert (round(bg.forecast), round(bg.correlation, 3), round(bg.mean_absolute_error, 3)) == (
        1653,
        0.626,
        0.785,
    )
    assert round(pareto.forecast) in (1665, 1666)
    assert (round(pareto.correlation, 3), round(pareto.mean_absolute_error, 3)) == (0.630, 0.755)
    assert round(held_out.own_rate.mean_absolute_error, 3) == 1.024


def test_on_cdnow_every_model_tells_more_than_the_own_rate(held_out: Validation) -> None:
    assert [model.name for model in held_out.usable] == ["mbg_nbd", "bg_nbd", "pareto_nbd"]
    for trial in held_out.trials:
        assert trial.score is not None
        assert trial.score.score > held_out.own_rate.score
        assert 0.9 <= (trial.score.inside or 0) <= 0.97


def test_the_own_rate_is_purchases_so_far_by_time_so_far() -> None:
    histories = Histories.of([0, 3, 0], [0, 5, 0], [10, 10, 0])
    assert rates.own_rate(histories, 20.0).tolist() == [0.0, 6.0, 0.0]


def test_equal_histories_of_cdnow_are_counted_once(shared: Path) -> None:
    groups = grouped(summary(shared))
    assert (len(groups), groups.customers) == (1_016, 2_357.0)
