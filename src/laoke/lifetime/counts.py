"""Numbers of coming purchases: their expectation and their probabilities, safe for large counts and odd parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from laoke.lifetime.customers import Floats

# Up to here the power series ends within 350 terms; beyond, an integral over the same function does.
SERIES_UP_TO = 0.9
NODES = 48


def orders_until(shape: Any, a: float, stay: Any, time: Any) -> Floats:
    """E[(1 - e^(-λpt))/p] for λ ~ Gamma(shape, rate 1/time·t) and p ~ Beta(a, stay): purchases until `time`.

    `time` is the horizon divided by alpha + age, `shape` r + x. With c = a + stay - 1, d = c - shape, z = time/(1+time)
    the published form is c/(a-1)·[1 - (1+time)^(1-a)·₂F₁(a-1, d; c; z)] (after Euler's transformation). It divides zero
    by zero at a = 1 and at c = 0. Multiplied out,

        c·(1 - (1+time)^(1-a))/(a-1) - (1+time)^(1-a)·Σ_{n≥1} (a)_{n-1} (d)_n zⁿ / ((c+1)_{n-1} n!),

    neither remains: the first quotient is an expm1, the sum starts at c + 1. No argument grows with x but c.
    """
    shape, stay, time = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (shape, stay, time)))
    result = np.empty(shape.shape)
    z = time / (1.0 + time)
    near = z <= SERIES_UP_TO
    result[near] = _by_series(shape[near], a, stay[near], time[near])
    if not near.all():
        result[~near] = _by_integral(shape[~near], a, stay[~near], time[~near])
    return result


def _by_series(shape: Floats, a: float, stay: Floats, time: Floats) -> Floats:
    from laoke.lifetime.fitting_kernels import purchases_series

    log = np.log1p(time)
    c = a + stay - 1.0
    first = log if a == 1.0 else -np.expm1((1.0 - a) * log) / (a - 1.0)
    rest = np.empty(len(c))
    purchases_series(a, c - shape, c, time / (1.0 + time), rest)
    return c * first - np.exp((1.0 - a) * log) * rest


def _by_integral(shape: Floats, a: float, stay: Floats, time: Floats) -> Floats:
    """The same for long horizons of young customers: shape·∫ e^(v(1-a)) ₂F₁(a, d; c+1; 1-e^(-v)) dv to log(1+time)."""
    from scipy.special import hyp2f1

    node, weight = np.polynomial.legendre.leggauss(NODES)
    log = np.log1p(time)
    v = log[..., None] * (node + 1.0) / 2.0
    c = (a + stay)[..., None]
    d = c - 1.0 - shape[..., None]
    inside = np.exp((1.0 - a) * v) * hyp2f1(a, d, c, -np.expm1(-v))
    answer: Floats = shape * (inside @ weight) * log / 2.0
    return answer


def negative_binomial(shape: Floats, z: Floats, most: int) -> Floats:
    """P(n), n = 0..most, of a count with gamma-distributed rate; rows as `shape`.

    Γ(shape+n)/(Γ(shape) n!)·(1-z)^shape·zⁿ, by the ratio of each to the one before.
    """
    n = np.arange(most, dtype=np.float64)
    logs = np.empty((*shape.shape, most + 1))
    logs[..., 0] = shape * np.log1p(-z)
    logs[..., 1:] = np.log((shape[..., None] + n) / (n + 1.0) * z[..., None])
    answer: Floats = np.exp(np.cumsum(logs, axis=-1))
    return answer
