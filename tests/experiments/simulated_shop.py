"""A shop whose truth is known: people buy by chance, a few of them for very much, and a message may move them or not.

People are placed in arms by the own draw of Laoke over their ids and compared by its own analysis; the purchases alone
are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from laoke.experiments.assignment import HELD_OUT, Holdout, arm_indexes, salt_of
from laoke.experiments.stats import ArmStats, Difference, Metric, SrmResult, compare, srm_check

BASKET_MU = 9.2  # the logarithm of about 100 yuan in cents
MARGIN = 0.4
COUPON = 1000  # cents, taken off every order of the treated
Values = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Shop:
    """`buying` is the chance that a person buys in the round at all; buyers order `1 + Poisson(more)` times.

    Baskets are log-normal: with sigma 0.8 the largest hundredth brings 6 % of the money, with 1.2 13 %. `lift`
    raises the chance to buy of the treated; `coupon` costs them margin whether the message moved them or not.
    """

    people: int
    held_out_bp: int
    buying: float = 0.1
    more: float = 0.3
    sigma: float = 0.8
    lift: float = 0.0
    coupon: int = 0

    def truth(self, metric: Metric) -> float:
        """What the message brings per person."""
        treated, control = self.buying * (1 + self.lift), self.buying
        orders = 1 + self.more
        basket = exp(BASKET_MU + self.sigma**2 / 2)
        if metric == "orders":
            return (treated - control) * orders
        if metric == "revenue":
            return (treated - control) * orders * basket
        return (treated - control) * orders * basket * MARGIN - treated * orders * self.coupon


@dataclass(frozen=True)
class Round:
    """One experiment: the arms' statistics by metric, and the check of their sizes."""

    arms: dict[Metric, tuple[ArmStats, ArmStats]]
    ratio: SrmResult


def run(shop: Shop, number: int, rng: np.random.Generator) -> Round:
    """One round of the shop: drawn, bought, counted."""
    ids = np.arange(1, shop.people + 1, dtype=np.int64) + number * 1_000_003
    holdout = Holdout("campaign", salt_of("campaign", 1, number), shop.held_out_bp)
    shares = holdout.shares()
    treated = arm_indexes(ids, holdout.salt, shares) == list(shares).index("treated")
    chance = shop.buying * np.where(treated, 1 + shop.lift, 1.0)
    orders = np.where(rng.random(shop.people) < chance, 1 + rng.poisson(shop.more, shop.people), 0)
    # An order has a basket of its own; their sum belongs to the person.
    of_order = np.repeat(np.arange(shop.people), orders)
    baskets = np.rint(rng.lognormal(BASKET_MU, shop.sigma, len(of_order)))
    revenue = np.bincount(of_order, weights=baskets, minlength=shop.people)
    profit = revenue * MARGIN - np.where(treated, orders * shop.coupon, 0)
    found: dict[Metric, Values] = {"orders": orders.astype(float), "revenue": revenue, "profit": profit}
    arms = {
        metric: (statistics(values[treated]), statistics(values[~treated]))
        for metric, values in found.items()
    }
    sizes = {HELD_OUT: int((~treated).sum()), "treated": int(treated.sum())}
    return Round(arms, srm_check(sizes, shares))


def statistics(values: Values) -> ArmStats:
    """`ArmStats.of` for an array."""
    return ArmStats(len(values), float(values.sum()), float((values**2).sum()), int((values != 0).sum()))


@dataclass(frozen=True)
class Tally:
    """How many experiments had an answer; in how many the interval left zero out, was above it, or held the truth."""

    rounds: int
    answered: int
    excluded_zero: int
    above_zero: int
    covered: int

    @property
    def alarms(self) -> float:
        return self.excluded_zero / self.answered

    @property
    def helps(self) -> float:
        return self.above_zero / self.answered

    @property
    def coverage(self) -> float:
        return self.covered / self.answered


def simulate(shop: Shop, rounds: int, seed: int) -> dict[Metric, Tally]:
    """Many rounds, told by metric."""
    rng = np.random.default_rng(seed)
    found: dict[Metric, list[Difference]] = {"orders": [], "revenue": [], "profit": []}
    for number in range(rounds):
        for metric, arms in run(shop, seed * 1_000_000 + number, rng).arms.items():
            answer = compare(*arms)
            if isinstance(answer, Difference):
                found[metric].append(answer)
    return {
        metric: Tally(
            rounds,
            len(answers),
            sum(one.low > 0 or one.high < 0 for one in answers),
            sum(one.low > 0 for one in answers),
            sum(one.low <= shop.truth(metric) <= one.high for one in answers),
        )
        for metric, answers in found.items()
    }
