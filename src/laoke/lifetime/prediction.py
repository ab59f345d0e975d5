"""What each customer will do: expected purchases and spend within some horizons, with intervals.

An interval is about the customer, not about a mean: with 90 % he will buy between so and so many times. It holds the
chance that he has left, the spread of rates, of chance, and of amounts; not the uncertainty of the shop's parameters,
which is small beside these (`Fit.standard_errors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laoke.lifetime import spend
from laoke.lifetime.customers import Floats, Histories, Ints, distinct
from laoke.lifetime.fitting import Fit, OrderModel

LEVEL = 0.9
# Points at which the distribution of spend is known; it is smooth between them.
POINTS = 96
MOST_ORDERS = 2_000


@dataclass(frozen=True)
class Expected:
    """Per customer the probability of being active, and per customer and horizon (columns) purchases and spend.

    `spend` is None without a model of amounts.
    """

    alive: Floats
    orders: Floats
    spend: Floats | None


@dataclass(frozen=True)
class Intervals:
    """Bounds per customer and horizon (columns) that hold the outcome with probability `level` or a little more."""

    orders_low: Ints
    orders_high: Ints
    spend_low: Floats | None
    spend_high: Floats | None


@dataclass(frozen=True)
class Pairs:
    """Different (frequency, age), sorted by frequency, and which of them each customer has."""

    x: Floats
    age: Floats
    of: Ints

    @classmethod
    def among(cls, histories: Histories) -> Pairs:
        ages, age_at = distinct(histories.age)
        keys, of = distinct((histories.frequency * len(ages) + age_at).astype(np.float64))
        x, at = np.divmod(keys.astype(np.int64), max(len(ages), 1))
        return cls(x.astype(np.float64), ages[at], of)


def expected(
    model: OrderModel, fit: Fit, amounts: Fit | None, histories: Histories, horizons: Sequence[float]
) -> Expected:
    """Expectations of every customer; the costly part is done once per different (frequency, age)."""
    pairs = Pairs.among(histories)
    alive = model.alive(fit.values, histories)
    orders = np.empty((len(histories), len(horizons)))
    for column, until in enumerate(horizons):
        orders[:, column] = model.orders_if_alive(fit.values, pairs.x, pairs.age, float(until))[pairs.of]
        orders[:, column] *= alive
    if amounts is None:
        return Expected(alive, orders, None)
    each = spend.expected_spend(amounts.values, histories.frequency, histories.spend)
    return Expected(alive, orders, orders * each[:, None])


def intervals(
    model: OrderModel,
    fit: Fit,
    amounts: Fit | None,
    histories: Histories,
    horizons: Sequence[float],
    *,
    level: float = LEVEL,
) -> Intervals:
    """Intervals of every customer: the smallest and largest outcome after (1-level)/2 of the chance is cut off on
    either side. Done frequency by frequency: the distribution of amounts depends on it, and on money only by a factor.
    """
    pairs = Pairs.among(histories)
    tail = (1.0 - level) / 2.0
    alive = np.maximum(model.alive(fit.values, histories), 1e-12)
    below, above = 1.0 - (1.0 - tail) / alive, 1.0 - tail / alive
    shape = (len(histories), len(horizons))
    low, high = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    money = None if amounts is None else (np.zeros(shape), np.zeros(shape))
    order = np.argsort(histories.frequency, kind="stable")
    different, begins = np.unique(histories.frequency[order], return_index=True)
    for x, rows in zip(different, np.split(order, begins[1:]), strict=True):
        first, last = np.searchsorted(pairs.x, [x, x + 1])
        ages, row = pairs.age[first:last], pairs.of[rows] - first
        for column, until in enumerate(horizons):
            chances = _chances(model, fit.values, float(x), ages, float(until))
            whole = np.cumsum(chances, axis=1)
            low[rows, column] = _places(whole, row, below[rows])
            high[rows, column] = _places(whole, row, above[rows])
            if amounts is not None and money is not None:
                points, spread = _amounts(amounts.values, float(x), chances)
                scale = amounts.theta[2] + x * histories.spend[rows]
                for answer, at in zip(money, (below[rows], above[rows]), strict=True):
                    answer[rows, column] = scale * _between(points, spread, chances[:, 0], row, at)
    return Intervals(low, high, *(money or (None, None)))


def _chances(model: OrderModel, theta: Floats, x: float, ages: Floats, until: float) -> Floats:
    """P(n purchases | not left) by age, for as many n as hold all but a thousandth of the chance."""
    same, most = np.full(len(ages), x), 16
    while True:
        chances = model.counts_if_alive(theta, same, ages, until, most)
        if most >= MOST_ORDERS or chances.sum(axis=1).min() > 0.999:
            return chances
        most *= 2


def _places(whole: Floats, row: Ints, level: Floats) -> Ints:
    """In each customer's row of cumulated chances the first place that reaches the level."""
    width = whole.shape[1]
    # One search in all rows at once: they are laid end to end, each lifted above the one before.
    flat = (whole + 2.0 * np.arange(len(whole))[:, None]).ravel()
    found = np.searchsorted(flat, np.maximum(level, 0.0) + 2.0 * row) - row * width
    answer: Ints = np.clip(found, 0, width - 1)
    return answer


def _amounts(theta: Floats, x: float, chances: Floats) -> tuple[Floats, Floats]:
    """Points of spend in units of gamma + x·mean, and the chance to stay at or below them, by row of `chances`.

    The sum of n amounts is Gamma(pn, ν) with ν ~ Gamma(q + px, gamma + x·mean): in these units beta-prime.
    """
    from scipy.special import betainc

    p, q, _ = theta
    usual = p / max(p * x + q - 1.0, 0.1)
    width = chances.shape[1]
    points = usual * np.geomspace(0.02, 8.0 * width, POINTS)
    n = np.arange(1, width)
    within = betainc(p * n[:, None], q + p * x, points / (1.0 + points))
    return points, chances[:, :1] + chances[:, 1:] @ within


def _between(points: Floats, spread: Floats, nothing: Floats, row: Ints, level: Floats) -> Floats:
    """The spend at which each customer's chance reaches the level, between points by their logarithm."""
    at = np.maximum(_places(spread, row, level), 1)
    before, after = spread[row, at - 1], spread[row, at]
    share = np.clip((level - before) / np.maximum(after - before, 1e-300), 0.0, 1.0)
    answer: Floats = points[at - 1] * (points[at] / points[at - 1]) ** share
    return np.where(level <= nothing[row], 0.0, answer)
