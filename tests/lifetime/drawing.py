"""Customers that follow a model exactly, with what they buy later: to find parameters and forecasts again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from laoke.lifetime.customers import Floats, Histories, Ints


def draw_geometric(
    rng: np.random.Generator,
    theta: Sequence[float],
    age: Floats,
    later: float = 0.0,
    *,
    modified: bool = False,
) -> tuple[Histories, Ints]:
    """Customers of BG/NBD (or MBG/NBD) with these ages, and their purchases within `later` after it."""
    r, alpha, a, b = theta
    rate = rng.gamma(r, 1.0 / alpha, len(age))
    leaves = rng.beta(a, b, len(age))
    gone = rng.random(len(age)) < leaves if modified else np.zeros(len(age), bool)
    return _run(rng, rate, age, later, gone, leaves, None)


def draw_pareto(
    rng: np.random.Generator, theta: Sequence[float], age: Floats, later: float = 0.0
) -> tuple[Histories, Ints]:
    """Customers of Pareto/NBD with these ages, and their purchases within `later` after it."""
    r, alpha, s, beta = theta
    rate = rng.gamma(r, 1.0 / alpha, len(age))
    ends = rng.exponential(1.0, len(age)) / np.maximum(rng.gamma(s, 1.0 / beta, len(age)), 1e-300)
    return _run(rng, rate, age, later, np.zeros(len(age), bool), None, ends)


def _run(
    rng: np.random.Generator, rate: Floats, age: Floats, later: float, gone: np.typing.NDArray[np.bool_],
    leaves: Floats | None, ends: Floats | None,
) -> tuple[Histories, Ints]:  # fmt: skip
    """Purchase by purchase until everybody has left or time is over."""
    frequency, after = np.zeros(len(age), np.int64), np.zeros(len(age), np.int64)
    recency, now = np.zeros(len(age)), np.zeros(len(age))
    until = age + later if ends is None else np.minimum(age + later, ends)
    rows = np.flatnonzero(~gone)
    while len(rows):
        now[rows] += rng.exponential(1.0, len(rows)) / np.maximum(rate[rows], 1e-300)
        rows = rows[now[rows] <= until[rows]]
        early = rows[now[rows] <= age[rows]]
        frequency[early] += 1
        recency[early] = now[early]
        after[rows[now[rows] > age[rows]]] += 1
        if leaves is not None:
            rows = rows[rng.random(len(rows)) >= leaves[rows]]
    return Histories.of(frequency, recency, age), after
