"""Intervals hold how sure the parameters are: what they cover in simulated shops, and how they close with people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.special import gammaln, polygamma, psi

from laoke.lifetime.customers import Floats, Histories, Ints
from laoke.lifetime.fitting import Fit, fit_orders, fit_spend
from laoke.lifetime.fitting_kernels import _gammas
from laoke.lifetime.geometric import BetaGeometric
from laoke.lifetime.intervals import Intervals, _numbers, intervals
from laoke.lifetime.pareto import ParetoNbd
from laoke.lifetime.refusals import Refusal
from laoke.lifetime.uncertainty import AMOUNTS, ORDERS, possible
from tests.lifetime.drawing import draw_geometric

BG = BetaGeometric()
TRUE, SPEND, HORIZON = (0.6, 40.0, 0.9, 2.5), (4.0, 4.5, 260.0), 180.0


@dataclass(frozen=True)
class Drawn:
    """A shop that follows the models, and what its customers did in the half year after."""

    histories: Histories
    orders: Ints
    spend: Floats


def drawn(seed: int, customers: int) -> Drawn:
    rng = np.random.default_rng(seed)
    histories, later = draw_geometric(rng, TRUE, rng.uniform(30, 540, customers), HORIZON)
    p, q, gamma = SPEND
    scale, x = rng.gamma(q, 1.0 / gamma, customers), histories.frequency
    mean, after = (rng.gamma(p * np.maximum(n, 1)) / scale / np.maximum(n, 1) for n in (x, later))
    known = Histories(x, histories.recency, histories.age, np.where(x > 0, mean, 0.0))
    return Drawn(known, later, after * later)


def fitted(histories: Histories) -> tuple[Fit, Fit]:
    orders, amounts = fit_orders(BG, histories), fit_spend(histories)
    assert isinstance(orders, Fit) and isinstance(amounts, Fit)
    return orders, amounts


def as_if_known(fit: Fit) -> Fit:
    """The same parameters, as if they were certain."""
    return replace(fit, covariance=tuple((0.0,) * len(fit.theta) for _ in fit.theta))


def told(histories: Histories, orders: Fit, amounts: Fit) -> Intervals:
    return intervals(BG, orders, amounts, histories, [HORIZON])


def test_in_forty_small_shops_the_intervals_cover_what_they_say() -> None:
    """Shops of 250 customers, seeds 0 to 39: the true probability of being active lies in its 90 % interval for nine
    customers of ten, and one of twenty spends more than the upper end (purchases are whole numbers, so that fewer than
    one of twenty buys more often). In some shops the data leave a parameter open, which is refused."""
    active, more, spent, refused = [], [], [], 0
    for seed in range(40):
        shop = drawn(seed, 250)
        orders, amounts = fit_orders(BG, shop.histories), fit_spend(shop.histories)
        if isinstance(orders, Refusal) or isinstance(amounts, Refusal):
            refused += 1
            continue
        bounds = told(shop.histories, orders, amounts)
        assert (
            bounds.alive_low is not None and bounds.alive_high is not None and bounds.spend_high is not None
        )
        truth = BG.alive(np.array(TRUE), shop.histories)
        again = shop.histories.frequency > 0
        active.append(((truth >= bounds.alive_low) & (truth <= bounds.alive_high))[again].mean())
        more.append((shop.orders > bounds.orders_high[:, 0]).mean())
        spent.append((shop.spend > bounds.spend_high[:, 0]).mean())
    assert refused == 1
    assert [round(float(np.mean(share)), 3) for share in (active, more, spent)] == [0.893, 0.031, 0.047]


def test_intervals_close_with_more_customers() -> None:
    """The mean width of 'active' is about halved by four times as many customers; what the uncertainty of parameters
    adds to the upper end of spend falls from 1.3 % to 0.2 %."""
    widths, beyond = [], []
    for customers in (250, 1_000, 4_000):
        shop = drawn(7, customers)
        orders, amounts = fitted(shop.histories)
        unsure = told(shop.histories, orders, amounts)
        sure = told(shop.histories, as_if_known(orders), as_if_known(amounts))
        assert unsure.alive_low is not None and unsure.alive_high is not None
        assert unsure.spend_high is not None and sure.spend_high is not None
        again = shop.histories.frequency > 0
        widths.append(float((unsure.alive_high - unsure.alive_low)[again].mean()))
        beyond.append(float(unsure.spend_high.sum() / sure.spend_high.sum() - 1.0))
    assert [round(width, 3) for width in widths] == [0.167, 0.064, 0.030]
    assert [round(share, 4) for share in beyond] == [0.0125, 0.0038, 0.0018]


def test_parameters_that_are_certain_leave_no_doubt_about_who_is_active() -> None:
    shop = drawn(3, 1_000)
    orders, amounts = fitted(shop.histories)
    bounds = told(shop.histories, as_if_known(orders), amounts)
    alive = BG.alive(orders.values, shop.histories)
    assert bounds.alive_low == pytest.approx(alive)
    assert bounds.alive_high == pytest.approx(alive)


def test_whoever_bought_once_counts_as_active_for_certain_under_bg_nbd_only() -> None:
    shop = drawn(3, 1_000)
    once = shop.histories.frequency == 0
    for model, certain in ((BG, True), (BetaGeometric(modified=True), False), (ParetoNbd(), False)):
        fit = fit_orders(model, shop.histories)
        assert isinstance(fit, Fit)
        bounds = intervals(model, fit, None, shop.histories, [HORIZON])
        assert bounds.alive_low is not None and bounds.alive_high is not None
        assert bounds.spend_low is None and bounds.spend_high is None
        assert bool((bounds.alive_low[once] == 1.0).all()) is certain
        assert (bounds.alive_low <= bounds.alive_high).all()
        assert ((bounds.alive_low < bounds.alive_high) | (bounds.alive_low == 1.0)).all()


def test_equal_customers_have_equal_intervals_in_any_order() -> None:
    shop = drawn(5, 600)
    orders, amounts = fitted(shop.histories)
    rows = np.random.default_rng(1).permutation(600)
    both = np.concatenate((rows, rows))
    once, twice = told(shop.histories, orders, amounts), told(shop.histories.take(both), orders, amounts)
    assert once.spend_high is not None and twice.spend_high is not None
    assert (twice.orders_high == once.orders_high[both]).all()
    assert twice.spend_high == pytest.approx(once.spend_high[both])


def test_the_possible_parameters_have_the_mean_and_the_covariance_of_the_fit() -> None:
    orders, amounts = fitted(drawn(2, 800).histories)
    found = [
        np.log(possible(fit, signs) / fit.values) for fit, signs in ((orders, ORDERS), (amounts, AMOUNTS))
    ]
    for logs, fit in zip(found, (orders, amounts), strict=True):
        assert logs.mean(axis=0) == pytest.approx(np.zeros(len(fit.theta)), abs=1e-12)
        assert logs.T @ logs / 8 == pytest.approx(np.array(fit.covariance))
    assert found[0].T @ found[1] == pytest.approx(np.zeros((4, 3)), abs=1e-12)
    # Of the purchases the third moments are those of a normal distribution too: none.
    assert np.einsum("ki,kj,kl->ijl", *[ORDERS] * 3) == pytest.approx(np.zeros((4, 4, 4)))


@pytest.mark.parametrize("width", [2, 16, 17, 18, 40, 2_001])
def test_numbers_that_stand_for_all_keep_their_sum(width: int) -> None:
    numbers, shares = _numbers(width)
    assert shares.shape == (width - 1, len(numbers))
    assert shares.sum(axis=1) == pytest.approx(np.ones(width - 1))
    assert (shares >= 0).all()
    assert shares @ numbers == pytest.approx(np.arange(1.0, width))
    assert len(numbers) < 70


@pytest.mark.parametrize("z", [1e-4, 0.03, 0.9, 1.0, 3.7, 11.99, 12.0, 250.0, 1e6])
def test_the_gamma_function_and_its_derivatives_are_those_of_scipy(z: float) -> None:
    assert _gammas(z) == pytest.approx(
        (float(gammaln(z)), float(psi(z)), float(polygamma(1, z))), rel=1e-13, abs=1e-15
    )
