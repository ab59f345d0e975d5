"""Gamma-Gamma: the amount of a purchase varies around each customer's own mean, and the means vary between customers.

Fader and Hardie 2013, "The Gamma-Gamma model of monetary value" (note 025). It takes the mean amount as independent of
how often somebody buys; `fitting.fit_spend` refuses where the data say otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from laoke.lifetime.customers import Floats, Histories
from laoke.lifetime.newton import Likelihood

NAME = "gamma_gamma"
PARAMETERS = ("p", "q", "gamma")


def repeaters(histories: Histories) -> tuple[Floats, Floats]:
    """Number of repeat purchases and their mean amount, of customers who have both."""
    rows = (histories.frequency > 0) & (histories.spend > 0)
    return histories.frequency[rows].astype(np.float64), histories.spend[rows]


def correlation(x: Floats, mean: Floats) -> float:
    """Pearson's correlation of frequency and mean amount; 0 where either does not vary."""
    apart_x, apart_m = x - x.mean(), mean - mean.mean()
    size = float(np.sqrt((apart_x @ apart_x) * (apart_m @ apart_m)))
    return float(apart_x @ apart_m) / size if size > 0 else 0.0


def starts(mean: Floats) -> list[Floats]:
    """Where the climb begins; amounts scaled by the shop's own."""
    usual = float(mean.mean())
    return [np.array(start) * (1.0, 1.0, usual) for start in ((4.0, 4.0, 0.7), (1.0, 2.0, 1.0))]


def box(mean: Floats) -> tuple[Floats, Floats]:
    """The corners within which parameters mean something."""
    usual = float(mean.mean())
    return np.array([1e-3, 1e-3, 1e-5 * usual]), np.array([1e4, 1e4, 1e5 * usual])


def likelihood(x: Floats, mean: Floats) -> Likelihood:
    """The log-likelihood of the mean amounts (equation 1a) with its derivatives by (p, q, gamma).

    Per customer one logarithm and one quotient; the gamma functions once per different x.
    """
    from laoke.lifetime.fitting_kernels import gamma_gamma

    counts = np.bincount(x.astype(np.int64)).astype(np.float64)
    total = x * mean
    fixed, logs = float(np.log(mean).sum()), float(x @ np.log(total))
    return lambda theta: gamma_gamma(theta, x, total, counts, logs, fixed)


def expected_spend(theta: Floats, x: Any, mean: Any) -> Floats:
    """The mean amount of a customer's coming purchases: between his own and the shop's, by how often he bought
    (equation 5). Finite for customers without repeats only if q > 1."""
    p, q, gamma = theta
    answer: Floats = p * (gamma + mean * x) / (p * x + q - 1.0)
    return answer
