"""How a model would have done: fitted to the past up to a day, its forecast held against what came after.

The best model is the one under which what customers did was most likely (the mean logarithm of the probability it gave
to each customer's count). A model that misses the total, or tells less than each customer's own rate, is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laoke.lifetime import rates
from laoke.lifetime.customers import Floats, Histories, Ints, grouped
from laoke.lifetime.fitting import Fit, OrderModel, fit_orders
from laoke.lifetime.geometric import BetaGeometric
from laoke.lifetime.intervals import intervals
from laoke.lifetime.pareto import ParetoNbd
from laoke.lifetime.prediction import Pairs, expected
from laoke.lifetime.refusals import Refusal

MODELS: tuple[OrderModel, ...] = (BetaGeometric(), BetaGeometric(modified=True), ParetoNbd())
# A forecast of the total further off than this is not used: seasons move a shop by a third, not by half.
MOST_MISSED = 0.5
# Rows of the calibration table by purchases before: 0 to 6, then 7 and more together.
MOST_REPEATS = 7
FORECAST_GROUPS = 10
LEAST_CHANCE = 1e-12


@dataclass(frozen=True)
class Row:
    """A row of a calibration table: customers with `low` to `high` of the sorting value, and their mean purchases in
    the hold-out, actual and forecast."""

    low: float
    high: float
    customers: int
    actual: float
    forecast: float


@dataclass(frozen=True)
class Score:
    """What one way of forecasting did in the hold-out.

    `score` is the mean log probability of the counts; errors are per customer; `inside` is the share of customers
    whose count lay in their 90 % interval (None where no interval is given).
    """

    forecast: float
    actual: int
    correlation: float
    mean_absolute_error: float
    root_mean_square_error: float
    score: float
    inside: float | None
    by_frequency: tuple[Row, ...]
    by_forecast: tuple[Row, ...]

    @property
    def missed(self) -> float:
        """Forecast by actual, less one."""
        return self.forecast / self.actual - 1.0 if self.actual else float("inf")


@dataclass(frozen=True)
class Trial:
    """One model in the hold-out: its fit to the past and its score; or why there is none."""

    model: OrderModel
    fit: Fit | None
    score: Score | None
    refusal: Refusal | None


@dataclass(frozen=True)
class Validation:
    """All models and each customer's own rate on one hold-out of `horizon`; models that may be used, the best first."""

    horizon: float
    trials: tuple[Trial, ...]
    own_rate: Score
    usable: tuple[OrderModel, ...]


def validate(
    before: Histories, later: Ints, horizon: float, models: Sequence[OrderModel] = MODELS
) -> Validation:
    """Fit each model to `before` and hold it against the purchases `later`, within `horizon`, of the same customers."""
    simple = rates.own_rate(before, horizon)
    chance = rates.own_rate_chance(before, horizon, later)
    own = _score(before, later, simple, chance, None)
    data = grouped(before)
    trials = []
    for model in models:
        fit = fit_orders(model, data)
        if isinstance(fit, Refusal):
            trials.append(Trial(model, None, None, fit))
            continue
        score = score_of(model, fit, before, later, horizon)
        trials.append(Trial(model, fit, score, _unfit(model, score, own)))
    good = [(trial.score.score, trial.model) for trial in trials if trial.score and trial.refusal is None]
    usable = tuple(model for _, model in sorted(good, key=lambda pair: -pair[0]))
    return Validation(horizon, tuple(trials), own, usable)


def _unfit(model: OrderModel, score: Score, own: Score) -> Refusal | None:
    """What the hold-out says against a model."""
    if abs(score.missed) > MOST_MISSED:
        params = {"forecast": score.forecast, "actual": score.actual, "limit": MOST_MISSED}
        return Refusal(model.name, "misses_total", params)
    if score.score <= own.score:
        return Refusal(model.name, "worse_than_rates", {"score": score.score, "rates": own.score})
    return None


def score_of(model: OrderModel, fit: Fit, before: Histories, later: Ints, horizon: float) -> Score:
    """What a fit of the past says of the purchases that followed."""
    told = expected(model, fit, None, before, [horizon])
    bounds = intervals(model, fit, None, before, [horizon])
    within = (later >= bounds.orders_low[:, 0]) & (later <= bounds.orders_high[:, 0])
    chance = _chance_of(model, fit.values, before, told.alive, later, horizon)
    return _score(before, later, told.orders[:, 0], chance, float(within.mean()))


def _chance_of(
    model: OrderModel, theta: Floats, before: Histories, alive: Floats, later: Ints, horizon: float
) -> Floats:
    """P(exactly `later` purchases) of each customer."""
    pairs = Pairs.among(before)
    at_once, result = 4_096, np.empty(len(later))
    order = np.argsort(pairs.of, kind="stable")
    cuts = np.searchsorted(pairs.of[order], np.arange(at_once, len(pairs.x), at_once))
    for begin, rows in zip(range(0, len(pairs.x), at_once), np.split(order, cuts), strict=True):
        some = slice(begin, begin + at_once)
        most = int(later[rows].max(initial=1))
        chances = model.counts_if_alive(theta, pairs.x[some], pairs.age[some], horizon, max(most, 1))
        result[rows] = chances[pairs.of[rows] - begin, later[rows]]
    return alive * result + np.where(later == 0, 1.0 - alive, 0.0)


def _score(before: Histories, later: Ints, told: Floats, chance: Floats, inside: float | None) -> Score:
    off = told - later
    varies = told.std() > 0 and later.std() > 0
    return Score(
        forecast=float(told.sum()),
        actual=int(later.sum()),
        correlation=float(np.corrcoef(told, later)[0, 1]) if varies else 0.0,
        mean_absolute_error=float(np.abs(off).mean()),
        root_mean_square_error=float(np.sqrt((off**2).mean())),
        score=float(np.log(np.maximum(chance, LEAST_CHANCE)).mean()),
        inside=inside,
        by_frequency=_by_frequency(before.frequency, later, told),
        by_forecast=_by_forecast(later, told),
    )


def _by_frequency(frequency: Ints, later: Ints, told: Floats) -> tuple[Row, ...]:
    """Customers by their purchases before."""
    of = np.minimum(frequency, MOST_REPEATS)
    most = int(frequency.max(initial=0))
    return tuple(
        _row(k, most if k == MOST_REPEATS else k, of == k, later, told)
        for k in range(MOST_REPEATS + 1)
        if (of == k).any()
    )


def _by_forecast(later: Ints, told: Floats) -> tuple[Row, ...]:
    """Customers in groups of equal size by their forecast, the lowest first."""
    order = np.argsort(told, kind="stable")
    parts = [part for part in np.array_split(order, FORECAST_GROUPS) if len(part)]
    return tuple(_row(told[part[0]], told[part[-1]], part, later, told) for part in parts)


def _row(low: float, high: float, rows: np.typing.NDArray[np.generic], later: Ints, told: Floats) -> Row:
    return Row(float(low), float(high), len(later[rows]), float(later[rows].mean()), float(told[rows].mean()))
