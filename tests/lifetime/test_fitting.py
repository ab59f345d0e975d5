"""Parameters are found again in customers that follow a model; and what is refused, with the numbers that decided."""

from __future__ import annotations

import numpy as np
import pytest

from laoke.lifetime import spend
from laoke.lifetime.customers import Histories, distinct, grouped
from laoke.lifetime.fitting import Fit, OrderModel, fit_orders, fit_spend
from laoke.lifetime.geometric import BetaGeometric
from laoke.lifetime.pareto import ParetoNbd
from laoke.lifetime.refusals import BadHistory, Refusal
from laoke.lifetime.simulation import draw_spend, in_days
from tests.lifetime.drawing import draw_geometric, draw_pareto

BG, MBG, PARETO = BetaGeometric(), BetaGeometric(modified=True), ParetoNbd()
BG_TRUE, PARETO_TRUE, SPEND_TRUE = (0.6, 40.0, 0.9, 2.5), (0.6, 60.0, 0.7, 90.0), (4.0, 4.5, 260.0)


def drawn(model: OrderModel, customers: int, seed: int = 5) -> Histories:
    """Customers who came in over a year and a half, with amounts."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(30, 540, customers)
    if model is PARETO:
        histories, _ = draw_pareto(rng, PARETO_TRUE, age)
    else:
        histories, _ = draw_geometric(rng, BG_TRUE, age, modified=model is MBG)
    return draw_spend(rng, SPEND_TRUE, histories)


@pytest.mark.parametrize("model", [BG, MBG, PARETO], ids=lambda model: model.name)
def test_parameters_are_found_again_within_their_standard_errors(model: OrderModel) -> None:
    """In four shops: each deviation is a standard normal, their mean has half of its spread."""
    truth = np.array(PARETO_TRUE if model is PARETO else BG_TRUE)
    off = []
    for seed in range(4):
        fit = fit_orders(model, drawn(model, 3_000 if model is PARETO else 15_000, seed))
        assert isinstance(fit, Fit)
        off.append((fit.values - truth) / np.array(fit.standard_errors))
        assert (fit.agreeing, fit.starts) == (3, 3)
        assert fit.slope < 1e-8
    assert (np.abs(off) < 4).all(), off
    assert (np.abs(np.mean(off, axis=0)) < 1.75).all(), off


def test_standard_errors_are_the_spread_of_fits_to_many_shops() -> None:
    fits = [fit_orders(BG, drawn(BG, 3_000, seed)) for seed in range(40)]
    found = [fit for fit in fits if isinstance(fit, Fit)]
    assert len(found) == 40
    spread = np.std([np.log(fit.theta) for fit in found], axis=0)
    told = np.mean([np.array(fit.standard_errors) / fit.theta for fit in found], axis=0)
    assert told == pytest.approx(spread, rel=0.4)


def test_amounts_are_found_again_within_their_standard_errors() -> None:
    fit = fit_spend(drawn(BG, 30_000))
    assert isinstance(fit, Fit)
    assert (np.abs(fit.values - np.array(SPEND_TRUE)) < 3.5 * np.array(fit.standard_errors)).all()
    assert (fit.agreeing, fit.starts) == (2, 2)


def test_a_fit_does_not_depend_on_the_unit_of_time_and_money() -> None:
    days = drawn(BG, 5_000)
    weeks = Histories.of(days.frequency, days.recency / 7, days.age / 7, days.spend * 100)
    a, b = fit_orders(BG, days), fit_orders(BG, weeks)
    assert isinstance(a, Fit) and isinstance(b, Fit)
    assert np.array(a.theta) == pytest.approx(np.array(b.theta) * [1, 7, 1, 1], rel=1e-5)
    m, n = fit_spend(days), fit_spend(weeks)
    assert isinstance(m, Fit) and isinstance(n, Fit)
    assert np.array(n.theta) == pytest.approx(np.array(m.theta) * [1, 1, 100], rel=1e-5)


def test_a_fit_from_yesterdays_parameters_is_the_same_and_quicker() -> None:
    days = in_days(drawn(BG, 20_000))
    first = fit_orders(BG, days)
    assert isinstance(first, Fit)
    again = fit_orders(BG, days, begin=np.array(first.theta) * 1.02)
    assert isinstance(again, Fit)
    assert again.theta == pytest.approx(first.theta, rel=1e-6)
    assert again.evaluations <= 4


def test_grouping_changes_no_likelihood_and_thinning_keeps_the_shares() -> None:
    days = in_days(drawn(BG, 20_000))
    groups = grouped(days)
    assert groups.customers == 20_000
    assert groups.weight @ groups.x == days.frequency.sum()
    theta = np.array(BG_TRUE)
    alone = sum(
        BG.likelihood(grouped(days.take(np.array([row]))))(theta)[0] for row in range(0, 20_000, 2_000)
    )
    together = BG.likelihood(grouped(days.take(np.arange(0, 20_000, 2_000))))(theta)[0]
    assert together == pytest.approx(alone, rel=1e-12)
    thin = groups.thinned(1_500)
    assert len(thin) <= 2_100
    share = groups.weight[groups.x == 0].sum() / groups.customers
    assert thin.weight[thin.x == 0].sum() / thin.customers == pytest.approx(share, abs=0.02)


def test_different_values_are_found_with_and_without_a_sort() -> None:
    for values in ([3.0, 1.0, 3.0, 0.0], [3.5, 1.25, 3.5, 0.0], [9e15, 1.0, 9e15, 0.0]):
        different, place = distinct(np.array(values))
        assert different.tolist() == sorted(set(values))
        assert different[place].tolist() == values


def test_too_few_customers_and_too_few_who_came_back_are_refused() -> None:
    days = drawn(BG, 400)
    assert fit_orders(BG, days.take(np.arange(150))) == Refusal(
        "bg_nbd", "too_few_customers", {"found": 150.0, "needed": 200}
    )
    once = Histories.of([0] * 300 + [1] * 12, [0] * 300 + [5] * 12, [90] * 312, [0] * 300 + [20] * 12)
    assert fit_orders(MBG, once) == Refusal("mbg_nbd", "too_few_repeats", {"found": 12.0, "needed": 50})
    assert fit_spend(once) == Refusal("gamma_gamma", "too_few_repeats", {"found": 12, "needed": 50})


def test_amounts_that_go_with_frequency_are_refused() -> None:
    days = drawn(BG, 5_000)
    grown = Histories.of(days.frequency, days.recency, days.age, days.spend * (1.0 + days.frequency))
    x, mean = spend.repeaters(grown)
    refusal = fit_spend(grown)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "value_follows_frequency"
    assert refusal.params == {"correlation": round(float(np.corrcoef(x, mean)[0, 1]), 3), "limit": 0.3}


def test_customers_who_never_leave_put_a_parameter_on_the_border() -> None:
    rng = np.random.default_rng(3)
    age = rng.uniform(200, 540, 4_000)
    loyal, _ = draw_pareto(rng, (3.0, 60.0, 1e-6, 1e6), age)
    refusal = fit_orders(BG, loyal)
    assert isinstance(refusal, Refusal)
    assert refusal.code in ("border", "uncertain")
    assert refusal.params["parameter"] in ("a", "b")


def test_customers_who_all_buy_alike_put_the_spread_of_rates_on_the_border() -> None:
    rng = np.random.default_rng(4)
    alike, _ = draw_geometric(rng, (5_000.0, 250_000.0, 1.0, 3.0), rng.uniform(200, 540, 4_000))
    refusal = fit_orders(BG, alike)
    assert isinstance(refusal, Refusal)
    assert refusal.code in ("border", "uncertain")
    assert refusal.params["parameter"] in ("r", "alpha")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([1, 2], [3, 4], [9]), "columns of one length expected"),
        (([1.5], [3], [9]), "frequency must be a whole number from 0 on: 1 rows are not, the first is row 0 with 1.5"),
        (([-1], [3], [9]), "frequency must be a whole number"),
        (([0, 2], [0, 10], [9, 9]), "recency must lie between 0 and the age: 1 rows are not, the first is row 1"),
        (([2], [0], [9]), "recency must be 0 without repeats and above 0 with them"),
        (([0], [4], [9]), "recency must be 0 without repeats and above 0 with them"),
        (([1], [float("nan")], [9]), "recency must be a finite number"),
        (([1], [3], [9], [-5]), "spend must not be below 0"),
    ],
)  # fmt: skip
def test_histories_that_cannot_be_are_refused(columns: tuple[list[float], ...], said: str) -> None:
    with pytest.raises(BadHistory) as refused:
        Histories.of(*columns)
    assert said in str(refused.value)
