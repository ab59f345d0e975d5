"""Predictions of customers whose future is known because it was drawn; intervals; the hold-out; simple rates."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from laoke.lifetime import rates
from laoke.lifetime.choosing import Past, value_customers
from laoke.lifetime.customers import Floats, Histories, Ints
from laoke.lifetime.fitting import Fit, OrderModel, fit_orders, fit_spend
from laoke.lifetime.geometric import BetaGeometric
from laoke.lifetime.holdout import MODELS, validate
from laoke.lifetime.intervals import intervals
from laoke.lifetime.newton import Likelihood
from laoke.lifetime.pareto import ParetoNbd
from laoke.lifetime.prediction import Pairs, expected
from laoke.lifetime.simulation import draw_spend
from tests.lifetime.drawing import draw_geometric, draw_pareto

BG, PARETO = BetaGeometric(), ParetoNbd()
TRUE = {
    "bg_nbd": (0.6, 40.0, 0.9, 2.5),
    "mbg_nbd": (0.6, 40.0, 0.9, 2.5),
    "pareto_nbd": (0.6, 60.0, 0.7, 90.0),
}
SPEND = (4.0, 4.5, 260.0)


def exactly(model: OrderModel) -> Fit:
    """The truth, as if it had been fitted."""
    theta = TRUE[model.name]
    return Fit(model.name, model.parameters, theta, ((0.0,) * 4,) * 4, 0.0, 0, 0, 1, 1, 1, 0.0)


AMOUNTS = Fit("gamma_gamma", ("p", "q", "gamma"), SPEND, ((0.0,) * 3,) * 3, 0.0, 0, 0, 1, 1, 1, 0.0)


def drawn(model: OrderModel, customers: int, later: float) -> tuple[Histories, Ints]:
    rng = np.random.default_rng(11)
    age = rng.uniform(30, 540, customers)
    if model.name == "pareto_nbd":
        histories, after = draw_pareto(rng, TRUE[model.name], age, later)
    else:
        modified = model.name == "mbg_nbd"
        histories, after = draw_geometric(rng, TRUE[model.name], age, later, modified=modified)
    return draw_spend(rng, SPEND, histories), after


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_what_is_expected_is_what_comes_on_average_by_any_history(model: OrderModel) -> None:
    histories, after = drawn(model, 60_000, 180.0)
    told = expected(model, exactly(model), None, histories, [180.0]).orders[:, 0]
    quiet = histories.age - histories.recency
    for rows in (
        histories.frequency == 0, histories.frequency == 1, histories.frequency >= 5,
        (histories.frequency >= 2) & (quiet < 40), (histories.frequency >= 2) & (quiet > 200),
    ):  # fmt: skip
        error = after[rows].std() / np.sqrt(rows.sum())
        assert abs(told[rows].mean() - after[rows].mean()) < 4 * error


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_intervals_hold_what_comes_about_as_often_as_they_say(model: OrderModel) -> None:
    histories, after = drawn(model, 10_000, 365.0)
    bounds = intervals(model, exactly(model), None, histories, [365.0])
    low, high = bounds.orders_low[:, 0], bounds.orders_high[:, 0]
    assert (low <= high).all()
    assert ((after >= low) & (after <= high)).mean() > 0.9
    # Not wider than needed: each side is cut where it can be.
    assert (after > high).mean() < 0.051
    assert (after >= high).mean() > 0.05


def future_spend(histories: Histories, rows: Ints, draws: int) -> Floats:
    """Spend in a year of some customers, drawn many times from what is known of them (BG/NBD)."""
    rng = np.random.default_rng(2)
    (r, alpha, a, b), (p, q, gamma) = TRUE["bg_nbd"], SPEND
    result = np.zeros((len(rows), draws))
    alive = BG.alive(np.array(TRUE["bg_nbd"]), histories.take(rows))
    for place, row in enumerate(rows):
        x, age = histories.frequency[row], histories.age[row]
        here = rng.random(draws) < alive[place]
        rate = rng.gamma(r + x, 1 / (alpha + age), draws)
        leaves = rng.beta(a, b + x, draws)
        bought = rng.poisson(rate * 365.0)
        bought = np.minimum(bought, rng.geometric(leaves)) * here
        scale = rng.gamma(q + p * x, 1 / (gamma + x * histories.spend[row]), draws)
        result[place] = np.where(bought > 0, rng.gamma(p * np.maximum(bought, 1)) / scale, 0.0)
    return result


def test_intervals_of_spend_are_the_quantiles_of_drawn_futures() -> None:
    histories, _ = drawn(BG, 4_000, 0.0)
    rows = np.concatenate([np.flatnonzero(histories.frequency == x)[:4] for x in (0, 1, 3, 8)])
    drawn_spend = future_spend(histories, rows, 40_000)
    told = expected(BG, exactly(BG), AMOUNTS, histories.take(rows), [365.0])
    bounds = intervals(BG, exactly(BG), AMOUNTS, histories.take(rows), [365.0])
    assert told.spend is not None and bounds.spend_high is not None and bounds.spend_low is not None
    assert told.spend[:, 0] == pytest.approx(drawn_spend.mean(axis=1), rel=0.06)
    assert bounds.spend_high[:, 0] == pytest.approx(np.quantile(drawn_spend, 0.95, axis=1), rel=0.04, abs=1.0)
    assert bounds.spend_low[:, 0] == pytest.approx(np.quantile(drawn_spend, 0.05, axis=1), rel=0.06, abs=1.0)
    # Money comes with purchases only.
    assert ((bounds.spend_high == 0) == (bounds.orders_high == 0)).all()


def test_equal_histories_are_predicted_once_and_alike() -> None:
    histories = Histories.of([2, 0, 2, 2], [10, 0, 10, 30], [40, 40, 40, 41])
    pairs = Pairs.among(histories)
    assert pairs.x.tolist() == [0.0, 2.0, 2.0]
    assert pairs.age[pairs.of].tolist() == histories.age.tolist()
    told = expected(BG, exactly(BG), None, histories, [30.0, 90.0])
    assert told.orders[0].tolist() == told.orders[2].tolist()
    assert told.orders.shape == (4, 2)


def test_customers_of_today_and_of_thousands_of_orders_get_finite_predictions() -> None:
    odd = Histories.of([0, 2_500, 1], [0, 1_500, 1], [0, 1_500, 1_500], [0, 35, 1e6])
    for model in MODELS:
        told = expected(model, exactly(model), AMOUNTS, odd, [30, 365])
        bounds = intervals(model, exactly(model), AMOUNTS, odd, [30, 365])
        for column in (told.alive, told.orders, told.spend, bounds.spend_low, bounds.spend_high):
            assert np.isfinite(column).all()
        assert (bounds.orders_low <= bounds.orders_high).all()


def past(model: OrderModel, customers: int = 6_000) -> tuple[Histories, Past]:
    histories, after = drawn(model, customers, 120.0)
    return histories, Past(histories, after, float(after.sum() * 95.0), 120.0)


def test_the_hold_out_prefers_the_model_that_made_the_customers() -> None:
    histories, known = past(PARETO, 8_000)
    found = validate(histories, known.later, known.horizon)
    assert found.usable[0].name == "pareto_nbd"
    for trial in found.trials:
        assert trial.score is not None
        assert abs(trial.score.missed) < 0.25
        rows = trial.score.by_forecast
        assert sum(row.customers for row in rows) == 8_000
        assert len(rows) == 10
        assert [row.forecast for row in rows] == sorted(row.forecast for row in rows)
        total = sum(row.customers * row.actual for row in trial.score.by_frequency)
        assert total == pytest.approx(trial.score.actual)


def test_a_shop_is_valued_by_its_best_model_from_hold_out_to_intervals() -> None:
    histories, known = past(BG)
    heard: list[float] = []
    value = value_customers(histories, known, [30, 90, 180, 365], models=(BG,), told=heard.append)
    assert value.model == "bg_nbd"
    assert value.refusals == ()
    assert value.fit is not None and value.amounts is not None
    assert value.expected.spend is not None and value.intervals.spend_high is not None
    assert value.expected.orders.shape == value.intervals.orders_high.shape == (6_000, 4)
    assert (np.diff(value.expected.orders, axis=1) > 0).all()
    assert value.spend_actual == known.later_spend
    assert heard == sorted(heard) and heard[-1] == 1.0


def test_a_total_that_is_missed_by_more_than_half_is_refused() -> None:
    histories, _ = past(BG)
    found = validate(histories, np.zeros(6_000, np.int64) + (np.arange(6_000) % 9 == 0), 120.0, (BG,))
    assert found.usable == ()
    refusal = found.trials[0].refusal
    assert refusal is not None and refusal.code == "misses_total"
    assert refusal.params["actual"] == 667


def test_without_a_model_rates_of_customers_in_the_same_place_are_given() -> None:
    histories, known = past(BG)
    quiet = Past(histories, known.later * 5, 1.0, 120.0)
    value = value_customers(histories, quiet, [60.0, 120.0], models=(BG,))
    assert (value.model, value.fit) == ("rates", None)
    assert [refusal.code for refusal in value.refusals] == ["misses_total"]
    assert np.isnan(value.expected.alive).all()
    assert value.expected.orders.sum(axis=0) == pytest.approx(
        [quiet.later.sum() / 2, quiet.later.sum()], rel=0.01
    )
    assert value.intervals.spend_high is None
    inside = (quiet.later >= value.intervals.orders_low[:, 1]) & (
        quiet.later <= value.intervals.orders_high[:, 1]
    )
    assert inside.mean() > 0.88


def test_class_rates_are_the_means_of_their_classes() -> None:
    before = Histories.of(
        [0, 0, 0, 1, 1, 5], [0, 0, 0, 10, 90, 95], [10, 200, 200, 100, 100, 100], [0, 0, 0, 7, 9, 4]
    )
    later = np.array([1, 0, 0, 2, 4, 6])
    simple = rates.class_rates(before, later, 100.0)
    told, bounds = simple.predict(before, [100.0])
    usual = later.mean()
    want = [(1 + usual) / 2, usual / 3, usual / 3, (2 + usual) / 2, (4 + usual) / 2, (6 + usual) / 2]
    assert told.orders[:, 0] == pytest.approx(want)
    shop = (7 + 9 + 5 * 4) / 7
    assert told.spend is not None
    assert told.spend[:, 0] == pytest.approx(np.array(want) * [shop, shop, shop, 7, 9, 4])
    assert (bounds.orders_low <= bounds.orders_high).all()


def test_the_chances_of_the_own_rate_sum_to_one() -> None:
    histories = Histories.of([0, 4], [0, 50], [100, 60])
    total = sum(rates.own_rate_chance(histories, 90.0, np.array([n, n])) for n in range(400))
    assert total == pytest.approx(np.ones(2))


class Stubborn(BetaGeometric):
    """A model whose likelihood goes on rising."""

    def likelihood(self, data: object) -> Likelihood:
        return lambda theta: (float(np.log(theta).sum()), 1.0 / theta, -np.diag(1.0 / theta**2))


def test_a_model_that_has_no_top_is_refused_and_the_next_one_is_used() -> None:
    histories, known = past(BG)
    value = value_customers(histories, known, [90.0], models=(Stubborn(modified=True), BG))
    assert value.model == "bg_nbd"
    assert [(refusal.model, refusal.code) for refusal in value.refusals] == [("mbg_nbd", "border")]


# It is of 2020, and the libraries it stands on warn of much that it asks.
@pytest.mark.filterwarnings("ignore")
def test_the_package_lifetimes_finds_and_expects_the_same() -> None:
    lifetimes = import_module("lifetimes")
    histories, _ = drawn(BG, 3_000, 0.0)
    theirs = lifetimes.BetaGeoFitter(penalizer_coef=0.0)
    theirs.fit(histories.frequency, histories.recency, histories.age)
    fit, amounts = fit_orders(BG, histories), fit_spend(histories)
    assert isinstance(fit, Fit) and isinstance(amounts, Fit)
    assert [theirs.params_[name] for name in BG.parameters] == pytest.approx(fit.theta, rel=2e-3)
    told = expected(BG, fit, None, histories, [90.0]).orders[:, 0]
    by_them = theirs.conditional_expected_number_of_purchases_up_to_time(
        90.0, histories.frequency, histories.recency, histories.age
    )
    assert np.asarray(by_them) == pytest.approx(told, rel=5e-3)
    pareto = lifetimes.ParetoNBDFitter(penalizer_coef=0.0)
    pareto.fit(histories.frequency, histories.recency, histories.age)
    ours = fit_orders(PARETO, histories)
    assert isinstance(ours, Fit)
    assert [pareto.params_[name] for name in PARETO.parameters] == pytest.approx(ours.theta, rel=0.02)
