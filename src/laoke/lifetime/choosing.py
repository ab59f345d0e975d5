"""The whole way for one shop: choose a model by the hold-out, fit it to all that is known, predict every customer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from laoke.lifetime import rates, spend
from laoke.lifetime.customers import Floats, Histories, Ints
from laoke.lifetime.fitting import Fit, OrderModel, fit_orders, fit_spend
from laoke.lifetime.holdout import MODELS, Validation, validate
from laoke.lifetime.intervals import Intervals, intervals
from laoke.lifetime.prediction import Expected, expected
from laoke.lifetime.refusals import Refusal


@dataclass(frozen=True)
class Past:
    """Customers as they were known some time ago, and what they bought within `horizon` after that: purchases, and the
    money of all of them together."""

    before: Histories
    later: Ints
    later_spend: float
    horizon: float


@dataclass(frozen=True)
class ShopValue:
    """What is said of a shop's customers, and why it may be said.

    `model` is the name of the chosen one, or `rates`. `refusals` holds every model that was not used and why.
    `spend_forecast` is what the chosen model and the amounts known then would have told of `Past.later_spend`.
    """

    model: str
    fit: Fit | None
    amounts: Fit | None
    refusals: tuple[Refusal, ...]
    validation: Validation
    spend_forecast: float
    spend_actual: float
    expected: Expected
    intervals: Intervals


Told = Callable[[float], None]


def value_customers(
    now: Histories,
    past: Past,
    horizons: Sequence[float],
    *,
    models: Sequence[OrderModel] = MODELS,
    told: Told = lambda share: None,
) -> ShopValue:
    """Value every customer of `now` within the horizons; `told` hears how far it is, 0 to 1.

    Without a model that holds, purchases are those of customers who stood in the same place (`rates.ClassRates`).
    Where only the amounts do not hold, spend is purchases times the customer's own mean amount, without interval.
    """
    validation = validate(past.before, past.later, past.horizon, models)
    told(0.5)
    refusals = [trial.refusal for trial in validation.trials if trial.refusal]
    amounts, then = fit_spend(now), fit_spend(past.before)
    if isinstance(amounts, Refusal):
        refusals.append(amounts)
    model, fit = _refitted(validation, now, refusals)
    told(0.6)
    known = amounts if isinstance(amounts, Fit) else None
    if model is None or fit is None:
        simple = rates.class_rates(past.before, past.later, past.horizon)
        predicted, bounds = simple.predict(now, horizons)
        forecast = float(np.nansum(_spend(simple.predict(past.before, [past.horizon])[0], past.before)))
    else:
        predicted = expected(model, fit, known, now, horizons)
        predicted = replace(predicted, spend=_spend(predicted, now))
        told(0.7)
        bounds = intervals(model, fit, known, now, horizons)
        trial = next(trial for trial in validation.trials if trial.model is model)
        assert trial.fit is not None  # only fitted models are usable
        before = expected(
            model, trial.fit, then if isinstance(then, Fit) else None, past.before, [past.horizon]
        )
        forecast = float(_spend(before, past.before).sum())
    told(1.0)
    return ShopValue(
        model=model.name if model else rates.NAME, fit=fit, amounts=known, refusals=tuple(refusals),
        validation=validation, spend_forecast=forecast, spend_actual=past.later_spend, expected=predicted,
        intervals=bounds,
    )  # fmt: skip


def _refitted(
    validation: Validation, now: Histories, refusals: list[Refusal]
) -> tuple[OrderModel | None, Fit | None]:
    """The best model that also holds on all that is known today."""
    for model in validation.usable:
        trial = next(trial for trial in validation.trials if trial.model is model)
        fit = fit_orders(model, now, begin=trial.fit.theta if trial.fit else None)
        if isinstance(fit, Fit):
            return model, fit
        refusals.append(fit)
    return None, None


def _spend(told: Expected, histories: Histories) -> Floats:
    """Expected spend; without a model of amounts at the customer's own mean amount, or the shop's where he has none."""
    if told.spend is not None:
        return told.spend
    x, mean = spend.repeaters(histories)
    usual = float(x @ mean / x.sum()) if len(x) else 0.0
    return told.orders * np.where(histories.spend > 0, histories.spend, usual)[:, None]
