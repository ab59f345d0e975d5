"""Customers that follow a model exactly: for measuring speed, and for warming up before there is a shop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from laoke.lifetime.customers import Floats, Histories


def draw_geometric(rng: np.random.Generator, theta: Sequence[float], age: Floats) -> Histories:
    """Customers of BG/NBD with these ages, purchase by purchase until everybody has left or time is over."""
    r, alpha, a, b = theta
    rate = rng.gamma(r, 1.0 / alpha, len(age))
    leaves = rng.beta(a, b, len(age))
    frequency, recency, now = np.zeros(len(age), np.int64), np.zeros(len(age)), np.zeros(len(age))
    rows = np.arange(len(age))
    while len(rows):
        now[rows] += rng.exponential(1.0, len(rows)) / np.maximum(rate[rows], 1e-300)
        rows = rows[now[rows] <= age[rows]]
        frequency[rows] += 1
        recency[rows] = now[rows]
        rows = rows[rng.random(len(rows)) >= leaves[rows]]
    return Histories.of(frequency, recency, age)


def draw_spend(rng: np.random.Generator, theta: Sequence[float], histories: Histories) -> Histories:
    """The same customers with mean amounts of Gamma-Gamma."""
    p, q, gamma = theta
    scale = rng.gamma(q, 1.0 / gamma, len(histories))
    x = np.maximum(histories.frequency, 1)
    mean = rng.gamma(p * x, 1.0, len(histories)) / scale / x
    amounts = np.where(histories.frequency > 0, mean, 0.0)
    return Histories(histories.frequency, histories.recency, histories.age, amounts)


def in_days(histories: Histories) -> Histories:
    """Continuous times cut to whole days, as a shop knows them; the first day's purchases are not repeats."""
    age, recency = np.floor(histories.age), np.floor(histories.recency)
    kept = recency > 0
    frequency = np.where(kept, np.minimum(histories.frequency, recency.astype(np.int64)), 0)
    return Histories(frequency, np.where(kept, recency, 0.0), age, np.where(kept, histories.spend, 0.0))
