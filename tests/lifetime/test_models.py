"""The likelihoods against slow rivals, their derivatives against differences, and the forms that stay exact."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from math import exp, gamma

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1
from scipy.stats import beta

from laoke.lifetime import spend
from laoke.lifetime.counts import negative_binomial, orders_until
from laoke.lifetime.customers import Floats, Histories, grouped
from laoke.lifetime.fitting import OrderModel
from laoke.lifetime.geometric import BetaGeometric
from laoke.lifetime.newton import Likelihood
from laoke.lifetime.pareto import ParetoNbd

BG, MBG, PARETO = BetaGeometric(), BetaGeometric(modified=True), ParetoNbd()
MODELS = (BG, MBG, PARETO)
# Customers of every kind: never again, once, often and quiet since, often and until today, today's.
SOME = Histories.of(
    [0, 0, 1, 1, 3, 12, 12, 40, 0, 2],
    [0, 0, 2, 30, 5, 20, 38, 39, 0, 1.5],
    [39, 5, 39, 31, 39, 39, 38, 39, 0, 6],
)


def names(model: OrderModel) -> str:
    return model.name


def differences(at: Likelihood, theta: Floats) -> tuple[Floats, Floats]:
    """Central differences of the value and of the gradient."""
    first, second = np.empty(len(theta)), np.empty((len(theta), len(theta)))
    for place in range(len(theta)):
        step = np.zeros(len(theta))
        step[place] = 1e-5 * theta[place]
        up, down = at(theta + step), at(theta - step)
        first[place] = (up[0] - down[0]) / (2 * step[place])
        second[place] = (up[1] - down[1]) / (2 * step[place])
    return first, second


@pytest.mark.parametrize("model", MODELS, ids=names)
@pytest.mark.parametrize("theta", [(0.3, 5.0, 0.8, 2.5), (2.0, 30.0, 0.1, 0.4), (0.7, 0.5, 4.0, 60.0)])
def test_the_derivatives_of_the_likelihood_are_its_differences(
    model: OrderModel, theta: tuple[float, ...]
) -> None:
    at = model.likelihood(grouped(SOME))
    value, gradient, hessian = at(np.array(theta))
    first, second = differences(at, np.array(theta))
    assert np.isfinite(value)
    assert gradient == pytest.approx(first, rel=1e-6, abs=1e-7 * np.abs(first).max())
    assert hessian == pytest.approx(second, rel=1e-5, abs=1e-7 * np.abs(second).max())
    assert hessian == pytest.approx(hessian.T)


def test_the_derivatives_of_gamma_gamma_are_its_differences() -> None:
    at = spend.likelihood(np.array([1.0, 2.0, 2.0, 9.0]), np.array([20.0, 35.5, 7.0, 12.25]))
    for theta in ((6.0, 4.0, 15.0), (0.5, 1.2, 100.0), (40.0, 30.0, 3.0)):
        _, gradient, hessian = at(np.array(theta))
        first, second = differences(at, np.array(theta))
        assert gradient == pytest.approx(first, rel=1e-6)
        assert hessian == pytest.approx(second, rel=1e-5, abs=1e-8)


def slow_geometric(theta: tuple[float, ...], x: int, t_x: float, age: float, modified: bool) -> float:
    """The likelihood of one customer: integrated over everybody's rates, and over everybody's chances to leave."""
    r, alpha, a, b = theta

    def buys_until(day: float) -> float:
        return by_rate(lambda rate: rate**x * exp(-rate * day))

    def by_rate(of: Callable[[float], float]) -> float:
        weight = alpha**r / gamma(r)
        return float(
            quad(lambda v: of(v) * weight * v ** (r - 1) * exp(-alpha * v), 0, 40 / alpha, epsrel=1e-11)[0]
        )

    def by_chance(of: Callable[[float], float]) -> float:
        weight = gamma(a + b) / gamma(a) / gamma(b)
        return float(
            quad(lambda p: of(p) * weight * p ** (a - 1) * (1 - p) ** (b - 1), 0, 1, epsrel=1e-11)[0]
        )

    survived = x + modified
    stayed = by_chance(lambda p: (1 - p) ** survived) * buys_until(age)
    left = by_chance(lambda p: p * (1 - p) ** (survived - 1)) * buys_until(t_x) if survived else 0.0
    return stayed + left


def slow_pareto(theta: tuple[float, ...], x: int, t_x: float, age: float) -> float:
    """The likelihood of one customer: integrated over the day of leaving and the rates of everybody."""
    r, alpha, s, beta_ = theta

    def buys_until(day: float) -> float:
        return float(np.exp(gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + day)))

    def leaves(day: float) -> float:
        return float(s / beta_ * (1 + day / beta_) ** (-s - 1))

    gone = quad(lambda day: leaves(day) * buys_until(day), t_x, age, epsabs=1e-16, epsrel=1e-11, limit=400)[0]
    return float(gone + (1 + age / beta_) ** (-s) * buys_until(age))


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0.0, 20.0), (1, 4.0, 20.0), (4, 15.0, 20.0)])
def test_the_likelihoods_are_those_of_slow_numeric_integration(x: int, t_x: float, age: float) -> None:
    one, theta = grouped(Histories.of([x], [t_x], [age])), (1.3, 9.0, 1.2, 2.6)
    for model, slow in (
        (BG, slow_geometric(theta, x, t_x, age, False)),
        (MBG, slow_geometric(theta, x, t_x, age, True)),
        (PARETO, slow_pareto(theta, x, t_x, age)),
    ):
        assert model.likelihood(one)(np.array(theta))[0] == pytest.approx(np.log(slow), rel=1e-7), model.name


def slow_alive(theta: tuple[float, ...], x: int, t_x: float, age: float) -> float:
    """The odds of having stayed, day of leaving by day of leaving; all relative to the last purchase."""
    r, alpha, s, beta_ = theta

    def relative(day: float, power: float) -> float:
        return float(
            np.exp(
                -(r + x) * np.log((alpha + day) / (alpha + t_x))
                - power * np.log((beta_ + day) / (beta_ + t_x))
            )
        )

    cuts = [t_x, *(t_x + np.geomspace((age - t_x) * 1e-5, age - t_x, 40))] if t_x < age else []
    gone = sum(
        quad(lambda day: relative(day, s + 1.0), low, high, epsrel=1e-11)[0] for low, high in pairwise(cuts)
    )
    stayed = relative(age, s)
    return stayed / (stayed + s / (beta_ + t_x) * gone)


def test_pareto_nbd_integrates_any_scale_of_leaving_and_buying() -> None:
    """Leaving much faster than buying, much slower, and counts that leave no doubt."""
    customers = [(0, 0.0, 700.0), (2, 1.0, 700.0), (60, 10.0, 700.0), (200, 650.0, 700.0), (5, 700.0, 700.0)]
    for theta in ((0.3, 50.0, 0.5, 0.5), (2.0, 1.0, 1.0, 3_000.0), (0.5, 80.0, 6.0, 900.0)):
        for x, t_x, age in customers:
            alive = float(PARETO.alive(np.array(theta), Histories.of([x], [t_x], [age]))[0])
            assert alive == pytest.approx(slow_alive(theta, x, t_x, age), rel=1e-8), (theta, x, t_x)


def published_form(shape: float, a: float, stay: float, time: float) -> float:
    """Equation 10 as printed."""
    return float(
        (a + stay - 1) / (a - 1)
        * (1 - (1 + time) ** -shape * hyp2f1(shape, stay, a + stay - 1, time / (1 + time)))
    )  # fmt: skip


def slow_orders(shape: float, a: float, stay: float, time: float) -> float:
    """Expected purchases as an integral over the chance to leave."""
    return float(
        quad(
            lambda p: -np.expm1(-shape * np.log1p(p * time)) / p * beta.pdf(p, a, stay), 0, 1, epsrel=1e-12,
            epsabs=1e-15, limit=500, points=[1e-4, 1e-2, 0.1],
        )[0]
    )  # fmt: skip


def test_expected_purchases_are_the_published_form_where_that_holds() -> None:
    for shape, a, stay, time in product(
        (0.24, 2.2, 9.0), (0.79, 1.8), (1.4, 3.4, 12.0), (0.05, 1.0, 6.0, 30.0)
    ):
        told = float(orders_until(shape, a, stay, time))
        assert told == pytest.approx(published_form(shape, a, stay, time), rel=1e-9)


def test_expected_purchases_keep_their_digits_where_the_published_form_loses_them() -> None:
    for shape, a, stay, time in (
        (0.4, 1.0, 2.5, 3.0),  # zero by zero
        (0.4, 1.0 + 1e-9, 2.5, 3.0),
        (0.4, 0.3, 0.7, 3.0),  # the pole at a + b + x = 1
        (0.4, 0.3, 0.7 + 1e-10, 3.0),
        (0.4, 0.2, 0.5, 3.0),
        (300.25, 0.8, 302.0, 9.0),  # a regular customer of hundreds of orders
        (300.25, 0.8, 302.0, 400.0),
        (0.25, 0.8, 2.4, 5_000.0),  # a customer of today, far ahead
    ):
        told = float(orders_until(shape, a, stay, time))
        assert told == pytest.approx(slow_orders(shape, a, stay, time), rel=1e-8), (shape, a, stay, time)


@pytest.mark.parametrize("model", MODELS, ids=names)
def test_the_chances_of_counts_have_the_expected_purchases_as_their_mean(model: OrderModel) -> None:
    theta = np.array([0.6, 12.0, 1.4, 6.0])
    x, age = np.array([0.0, 1.0, 7.0, 0.0]), np.array([39.0, 20.0, 38.0, 0.0])
    for until in (4.0, 52.0):
        chances = model.counts_if_alive(theta, x, age, until, 400)
        assert chances.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-9)
        expected = model.orders_if_alive(theta, x, age, until)
        assert chances @ np.arange(401) == pytest.approx(expected, rel=1e-7)


def test_a_negative_binomial_has_its_textbook_chances() -> None:
    from scipy.stats import nbinom

    told = negative_binomial(np.array([0.3, 200.5]), np.array([0.9, 0.2]), 30)
    for row, (shape, z) in zip(told, ((0.3, 0.9), (200.5, 0.2)), strict=True):
        assert row == pytest.approx(nbinom.pmf(np.arange(31), shape, 1 - z), rel=1e-10)


def test_in_bg_nbd_who_never_came_back_is_active_and_in_the_others_not_surely() -> None:
    never = Histories.of([0], [0.0], [100.0])
    theta = np.array([0.5, 10.0, 0.8, 2.0])
    assert BG.alive(theta, never).tolist() == [1.0]
    assert 0.01 < MBG.alive(theta, never)[0] < 0.5
    assert 0.01 < PARETO.alive(theta, never)[0] < 0.5


def test_longer_quiet_makes_active_less_likely() -> None:
    rows = Histories.of([5] * 4, [30, 25, 10, 3], [40.0] * 4)
    for model, theta in ((BG, (0.5, 5, 0.8, 3)), (MBG, (0.5, 5, 0.8, 3)), (PARETO, (0.5, 5, 0.6, 10))):
        alive = model.alive(np.array(theta), rows)
        assert (np.diff(alive) < 0).all()
