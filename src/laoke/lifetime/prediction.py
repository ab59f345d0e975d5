"""What each customer may be expected to do: purchases and spend within some horizons, and whether he is active."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laoke.lifetime import spend
from laoke.lifetime.customers import Floats, Histories, Ints, distinct
from laoke.lifetime.fitting import Fit, OrderModel


@dataclass(frozen=True)
class Expected:
    """Per customer the probability of being active, and per customer and horizon (columns) purchases and spend.

    `spend` is None without a model of amounts.
    """

    alive: Floats
    orders: Floats
    spend: Floats | None


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
