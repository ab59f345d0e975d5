"""Simple rates: what is left when no model holds, and what every model has to beat.

`own_rate` is 'same rate as before': purchases so far by time so far. `ClassRates` says how often customers who stood
where this one stands (as many purchases, as long ago) bought in the months that followed. Neither knows whether
somebody is still a customer, so no probability of being active comes from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laoke.lifetime.counts import negative_binomial
from laoke.lifetime.customers import Floats, Histories, Ints
from laoke.lifetime.intervals import LEVEL, Intervals
from laoke.lifetime.prediction import Expected

NAME = "rates"
# Purchases after the first: 0, 1, 2, 3, 4 and more.
MOST_REPEATS = 4
# Quiet time as a part of the horizon: up to a quarter, a half, one, two, more.
QUIET = (0.25, 0.5, 1.0, 2.0)


def own_rate(histories: Histories, until: float) -> Floats:
    """Expected purchases at the rate of before; 0 for customers of today."""
    answer: Floats = histories.frequency / np.maximum(histories.age, 1e-12) * until
    return np.where(histories.age > 0, answer, 0.0)


def own_rate_chance(histories: Histories, until: float, counts: Ints) -> Floats:
    """P(exactly `counts` purchases) when all that is known is each customer's own rate (prior Gamma(1/2, 0))."""
    from scipy.special import gammaln

    shape = histories.frequency + 0.5
    z = until / (np.maximum(histories.age, until / 100) + until)
    logs = (
        gammaln(shape + counts)
        - gammaln(shape)
        - gammaln(counts + 1.0)
        + shape * np.log1p(-z)
        + counts * np.log(z)
    )
    answer: Floats = np.exp(logs)
    return answer


@dataclass(frozen=True)
class ClassRates:
    """By class of customers: how many there were, their mean purchases in the horizon, and the variance of these."""

    horizon: float
    customers: Floats
    mean: Floats
    variance: Floats
    spend_per_order: float

    def predict(self, histories: Histories, horizons: Sequence[float]) -> tuple[Expected, Intervals]:
        """Purchases as those of the customer's class, in proportion to time; spend at his own mean amount, the shop's
        where he has none. Intervals of purchases are negative binomial; spend has none."""
        of = _classes(histories, self.horizon)
        shape = (len(histories), len(horizons))
        orders, low, high = np.empty(shape), np.empty(shape, np.int64), np.empty(shape, np.int64)
        for column, until in enumerate(horizons):
            orders[:, column] = (self.mean * until / self.horizon)[of]
            bounds = self._bounds(until / self.horizon)
            low[:, column], high[:, column] = bounds[0][of], bounds[1][of]
        each = np.where(histories.spend > 0, histories.spend, self.spend_per_order)
        unknown = np.full(len(histories), np.nan)
        return Expected(unknown, orders, orders * each[:, None]), Intervals(low, high, None, None, None, None)

    def _bounds(self, times: float) -> tuple[Ints, Ints]:
        mean = np.maximum(self.mean * times, 1e-9)
        # Rates differ within a class: the variance beyond chance is theirs and grows with the square of time.
        beyond = np.maximum(self.variance - self.mean, 1e-6) * times**2
        size = np.clip(mean**2 / beyond, 1e-3, 1e4)
        most = int(np.ceil(mean.max() + 12 * np.sqrt((mean + beyond).max()) + 10))
        whole = np.cumsum(negative_binomial(size, mean / (mean + size), most), axis=1)
        tail = (1.0 - LEVEL) / 2.0
        low, high = (whole < level for level in (tail, 1.0 - tail))
        return low.sum(axis=1), np.minimum(high.sum(axis=1), most)


def class_rates(before: Histories, later: Ints, horizon: float) -> ClassRates:
    """Rates of the classes, from what customers bought `later`, within `horizon` after `before`.

    A class with few customers leans on the whole shop: it is given one more customer who buys as the mean one.
    """
    of = _classes(before, horizon)
    size = (MOST_REPEATS + 1) * (len(QUIET) + 1)
    customers = np.bincount(of, minlength=size).astype(np.float64)
    usual = float(later.mean()) if len(later) else 0.0
    mean = (np.bincount(of, later, size) + usual) / (customers + 1.0)
    variance = np.bincount(of, (later - mean[of]) ** 2, size) / np.maximum(customers - 1.0, 1.0)
    bought = before.frequency.sum()
    each = float((before.frequency @ before.spend) / bought) if bought else 0.0
    return ClassRates(horizon, customers, mean, variance, each)


def _classes(histories: Histories, horizon: float) -> Ints:
    quiet = np.searchsorted(np.array(QUIET) * horizon, histories.age - histories.recency)
    answer: Ints = np.minimum(histories.frequency, MOST_REPEATS) * (len(QUIET) + 1) + quiet
    return answer
