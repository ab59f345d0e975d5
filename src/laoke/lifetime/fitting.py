"""Maximum likelihood: several starts, one top, its standard errors; and when its parameters are not to be trusted.

Starts are tried on a thinned sample of the groups; the best goes on over all of them. None is left out: that these
likelihoods have a single top is not proved, and a climb is cheap (`fitting_kernels`). A fit says from how many starts
the same top was reached, how flat it is there, and how sure the data make each parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from laoke.lifetime import spend
from laoke.lifetime.customers import Floats, Grouped, Histories, grouped
from laoke.lifetime.newton import Likelihood, Top, climb
from laoke.lifetime.refusals import MAX_CORRELATION, MIN_CUSTOMERS, MIN_REPEATERS, Refusal

GROUPS_FOR_STARTS = 6_000
# How much further from the top the climbs may end of which only the best goes on; and two of them have found the same
# one when their likelihoods per customer are the same.
LOOSE = 1e3
SAME_TOP = 1e-6
# A standard error of a parameter's logarithm beyond this: between a fifteenth and fifteen times are possible.
MOST_UNCERTAIN = 1.4


class OrderModel(Protocol):
    """A model of when customers buy: BG/NBD, MBG/NBD, Pareto/NBD."""

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> tuple[str, ...]: ...
    def starts(self, data: Grouped) -> list[Floats]: ...
    def box(self, data: Grouped) -> tuple[Floats, Floats]: ...
    def likelihood(self, data: Grouped) -> Likelihood: ...
    def alive(self, theta: Floats, histories: Histories) -> Floats: ...
    def orders_if_alive(self, theta: Floats, x: Any, age: Any, until: Any) -> Floats: ...
    def orders_of_new(self, theta: Floats, until: Any) -> Floats: ...
    def counts_if_alive(self, theta: Floats, x: Floats, age: Floats, until: float, most: int) -> Floats: ...


@dataclass(frozen=True)
class Fit:
    """Parameters of one model with what speaks for them.

    `covariance` is that of the logarithms of the parameters, from the exact second derivatives at the top. `agreeing`
    of `starts` climbs ended at this top. `slope` is the largest derivative that is left, per customer.
    """

    model: str
    names: tuple[str, ...]
    theta: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    loglik: float
    customers: int
    groups: int
    starts: int
    agreeing: int
    evaluations: int
    slope: float

    @property
    def values(self) -> Floats:
        return np.array(self.theta)

    @property
    def standard_errors(self) -> tuple[float, ...]:
        """Of the parameters themselves."""
        return tuple(float(v) for v in np.sqrt(np.diag(self.covariance)) * self.values)


def fit_orders(
    model: OrderModel, data: Histories | Grouped, begin: Sequence[float] | None = None
) -> Fit | Refusal:
    """Fit a model of purchases; `begin` (yesterday's parameters) replaces the search for a start.

    Refused: too few customers or repeaters; a climb that did not end; a parameter on the border or left open.
    """
    groups = data if isinstance(data, Grouped) else grouped(data)
    repeaters = float(groups.weight[np.searchsorted(groups.x, 1) :].sum())
    for code, found, needed in (
        ("too_few_customers", groups.customers, MIN_CUSTOMERS),
        ("too_few_repeats", repeaters, MIN_REPEATERS),
    ):
        if found < needed:
            return Refusal(model.name, code, {"found": found, "needed": needed})  # type: ignore[arg-type]
    box = model.box(groups)
    thin = groups.thinned(GROUPS_FOR_STARTS)
    starts = [np.array(begin)] if begin is not None else model.starts(groups)
    tops = _tops(model.likelihood(thin), starts, thin.customers, box)
    top = climb(model.likelihood(groups), tops[0].theta, groups.customers, box)
    return _accepted(model.name, model.parameters, top, tops, groups.customers, len(groups), box)


def fit_spend(histories: Histories) -> Fit | Refusal:
    """Fit Gamma-Gamma to the customers with repeats.

    Refused besides: when mean amount and frequency go together (the model takes them as independent); when q <= 1,
    where customers without repeats have no finite expected amount.
    """
    x, mean = spend.repeaters(histories)
    if len(x) < MIN_REPEATERS:
        return Refusal(spend.NAME, "too_few_repeats", {"found": len(x), "needed": MIN_REPEATERS})
    together = spend.correlation(x, mean)
    if abs(together) > MAX_CORRELATION:
        return Refusal(
            spend.NAME,
            "value_follows_frequency",
            {"correlation": round(together, 3), "limit": MAX_CORRELATION},
        )
    box = spend.box(mean)
    step = -(-len(x) // GROUPS_FOR_STARTS)
    tops = _tops(spend.likelihood(x[::step], mean[::step]), spend.starts(mean), len(x[::step]), box)
    top = climb(spend.likelihood(x, mean), tops[0].theta, len(x), box)
    fit = _accepted(spend.NAME, spend.PARAMETERS, top, tops, len(x), len(x), box)
    if isinstance(fit, Fit) and fit.theta[1] <= 1.0:
        return Refusal(spend.NAME, "border", {"parameter": "q", "value": fit.theta[1]})
    return fit


def _tops(
    likelihood: Likelihood, starts: list[Floats], customers: float, box: tuple[Floats, Floats]
) -> list[Top]:
    """Where each start leads, the highest first."""
    return sorted(
        (climb(likelihood, start, customers, box, loose=LOOSE) for start in starts),
        key=lambda top: -top.value,
    )


def _accepted(
    name: str, names: tuple[str, ...], top: Top, tops: list[Top], customers: float, groups: int,
    box: tuple[Floats, Floats],
) -> Fit | Refusal:  # fmt: skip
    """The fit, or why its parameters are not to be trusted."""
    for parameter, value, low, high in zip(names, top.theta, *box, strict=True):
        if value <= low * 1.001 or value >= high / 1.001:
            return Refusal(name, "border", {"parameter": parameter, "value": float(value)})
    covariance = _covariance(top)
    errors = None if covariance is None else np.sqrt(np.diag(covariance))
    if covariance is None or errors is None or errors.max() > MOST_UNCERTAIN:
        worst = _flattest(top) if errors is None else int(errors.argmax())
        error = float("inf") if errors is None else float(errors[worst] * top.theta[worst])
        value = float(top.theta[worst])
        return Refusal(name, "uncertain", {"parameter": names[worst], "value": value, "error": error})
    if not top.converged:
        return Refusal(name, "not_converged", {"gradient": top.slope, "evaluations": top.evaluations})
    agreeing = sum(bool(abs(tops[0].value - other.value) <= SAME_TOP * customers) for other in tops)
    return Fit(
        model=name, names=names, theta=tuple(float(v) for v in top.theta),
        covariance=tuple(tuple(map(float, row)) for row in covariance), loglik=float(top.value),
        customers=round(customers), groups=groups, starts=len(tops), agreeing=agreeing,
        evaluations=top.evaluations, slope=top.slope,
    )  # fmt: skip


def _covariance(top: Top) -> Floats | None:
    """Covariance of the logarithms of the parameters; None where the top is no top in some direction."""
    values, vectors = np.linalg.eigh(top.information)
    if values[0] <= 1e-9 * values[-1]:
        return None
    answer: Floats = (vectors / values) @ vectors.T
    return answer


def _flattest(top: Top) -> int:
    """The parameter that moves most along the flattest direction."""
    return int(np.abs(np.linalg.eigh(top.information)[1][:, 0]).argmax())
