"""A fit report as JSON: what was tried, what the hold-out said, what is used. What is not finite becomes null."""

from __future__ import annotations

from math import isfinite
from typing import Any

from laoke.lifetime.choosing import ShopValue
from laoke.lifetime.fitting import Fit
from laoke.lifetime.holdout import Row, Score, Trial
from laoke.lifetime.refusals import Refusal


def as_report(value: ShopValue) -> dict[str, Any]:
    """The whole report of a shop whose customers were valued."""
    return {
        "model": value.model,
        "horizon": value.validation.horizon,
        "trials": [_trial(trial) for trial in value.validation.trials],
        "own_rate": _score(value.validation.own_rate),
        "fit": _fit(value.fit),
        "amounts": _fit(value.amounts),
        "refusals": [as_refusal(refusal) for refusal in value.refusals],
        "spend": {"forecast": _number(value.spend_forecast), "actual": _number(value.spend_actual)},
    }


def as_refusal(refusal: Refusal) -> dict[str, Any]:
    """Why a model is not used, as code and numbers."""
    return {
        "model": refusal.model,
        "code": refusal.code,
        "params": {name: v if isinstance(v, str) else _number(v) for name, v in refusal.params.items()},
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "model": trial.model.name,
        "fit": _fit(trial.fit),
        "score": _score(trial.score) if trial.score else None,
        "refusal": as_refusal(trial.refusal) if trial.refusal else None,
    }


def _fit(fit: Fit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        "model": fit.model,
        "parameters": [
            {"name": name, "value": _number(value), "error": _number(error)}
            for name, value, error in zip(fit.names, fit.theta, fit.standard_errors, strict=True)
        ],
        "loglik": _number(fit.loglik), "customers": fit.customers, "groups": fit.groups, "starts": fit.starts,
        "agreeing": fit.agreeing, "evaluations": fit.evaluations, "slope": _number(fit.slope),
    }  # fmt: skip


def _score(score: Score) -> dict[str, Any]:
    return {
        "forecast": _number(score.forecast), "actual": score.actual, "correlation": _number(score.correlation),
        "mean_absolute_error": _number(score.mean_absolute_error),
        "root_mean_square_error": _number(score.root_mean_square_error), "score": _number(score.score),
        "inside": None if score.inside is None else _number(score.inside),
        "by_frequency": [_row(row) for row in score.by_frequency],
        "by_forecast": [_row(row) for row in score.by_forecast],
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    return {
        "low": _number(row.low), "high": _number(row.high), "customers": row.customers,
        "actual": _number(row.actual), "forecast": _number(row.forecast),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None
