"""Between which numbers of purchases, and which amounts, what a customer does will lie; and how sure 'active' is.

An interval of purchases or spend is about the customer, not about a mean: with 90 % he will buy between so and so many
times. It holds the chance that he has left, the spread of rates, of chance and of amounts, and the uncertainty of the
shop's parameters (`uncertainty`). Whether he is active is a probability: its interval is that of the parameters alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laoke.lifetime.customers import Floats, Histories, Ints, distinct
from laoke.lifetime.fitting import Fit, OrderModel
from laoke.lifetime.uncertainty import AMOUNTS, ORDERS, possible

LEVEL = 0.9
# Points at which the distribution of spend is known; it is smooth between them.
POINTS = 96
# Up to here the amount of each number of purchases is asked for; beyond, of numbers that grow by a tenth.
EACH_UP_TO = 16
MOST_ORDERS = 2_000
ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class Intervals:
    """Bounds per customer and horizon (columns) that hold the outcome with probability `level` or a little more; and of
    the probability of being active per customer, None where it is not known."""

    orders_low: Ints
    orders_high: Ints
    spend_low: Floats | None
    spend_high: Floats | None
    alive_low: Floats | None
    alive_high: Floats | None


@dataclass(frozen=True)
class _Different:
    """Different histories by rising frequency, which of them each customer has, and each set's chance that he is
    active (lines as histories)."""

    histories: Histories
    of: Ints
    alive: Floats

    @classmethod
    def among(cls, model: OrderModel, thetas: Floats, histories: Histories) -> _Different:
        recencies, recency_at = distinct(histories.recency)
        ages, age_at = distinct(histories.age)
        key = (histories.frequency * len(recencies) + recency_at) * len(ages) + age_at
        _, rows, of = np.unique(key, return_index=True, return_inverse=True)
        each = histories.take(rows)
        return cls(each, of, np.stack([model.alive(theta, each) for theta in thetas], axis=1))


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
    from laoke.lifetime.interval_kernels import ends_of_counts

    thetas = possible(fit, ORDERS)
    known = _Different.among(model, thetas, histories)
    tail = (1.0 - level) / 2.0
    low, high = (np.zeros((len(horizons), len(known.alive)), np.int64) for _ in range(2))
    money = None if amounts is None else np.zeros((2, len(horizons), len(histories)))
    customers = np.argsort(known.of, kind="stable")
    cuts = np.searchsorted(known.of[customers], np.arange(len(known.alive) + 1))
    different, begins = np.unique(known.histories.frequency, return_index=True)
    for x, begin, end in zip(different, begins, [*begins[1:], len(known.alive)], strict=True):
        some, alive = slice(begin, end), known.alive[begin:end]
        ages, row = distinct(known.histories.age[some])
        tables = [_Chances.of(model, thetas, float(x), ages, float(until)) for until in horizons]
        for column, table in enumerate(tables):
            ends_of_counts(alive, row, table.whole, tail, low[column, some], high[column, some])
        if amounts is not None and money is not None:
            whose = customers[cuts[begin] : cuts[end]]
            total, of = x * histories.spend[whose], known.of[whose] - begin
            money[:, :, whose] = _spend(amounts, float(x), tables, total, of, alive, row, tail)
    bounds = None if money is None else np.ascontiguousarray(money.transpose(0, 2, 1))
    sure = _surely_active(model.alive(fit.values, known.histories), known.alive, level)
    return Intervals(
        low.T[known.of], high.T[known.of], *((None, None) if bounds is None else bounds),
        *(end[known.of] for end in sure),
    )  # fmt: skip


def _surely_active(alive: Floats, sets: Floats, level: float) -> tuple[Floats, Floats]:
    """Where the probability of being active lies, by the spread of its log odds over the sets of parameters."""
    from scipy.special import expit, logit, ndtri

    odds = logit(np.clip(np.column_stack((alive, sets)), 1e-300, 1.0 - 1e-16))
    off = float(ndtri((1.0 + level) / 2.0)) * odds[:, 1:].std(axis=1)
    low, high = (np.where(alive < 1.0, expit(odds[:, 0] + way * off), 1.0) for way in (-1.0, 1.0))
    return low, high


@dataclass(frozen=True)
class _Chances:
    """P(at most n purchases | not left), by set of parameters, age, and n, for as many n as hold all but a thousandth
    of the chance."""

    whole: Floats

    @classmethod
    def of(cls, model: OrderModel, thetas: Floats, x: float, ages: Floats, until: float) -> _Chances:
        blocks, most = [], 16
        for begin in range(0, len(ages), ROWS_AT_ONCE):
            some, most = ages[begin : begin + ROWS_AT_ONCE], 16
            same = np.full(len(some), x)
            while True:
                each = np.stack([model.counts_if_alive(theta, same, some, until, most) for theta in thetas])
                whole = np.cumsum(each, axis=2)
                if most >= MOST_ORDERS or whole[:, :, -1].min() > 0.999:
                    break
                most *= 2
            needed = int(np.argmax(whole.min(axis=(0, 1)) > 0.999)) + 1
            blocks.append(whole[:, :, : needed if needed > 1 else most + 1])
        width = max(block.shape[2] for block in blocks)
        # Beyond its last number a row stays where it has come to.
        wide = [np.pad(block, ((0, 0), (0, 0), (0, width - block.shape[2])), mode="edge") for block in blocks]
        return cls(np.concatenate(wide, axis=1))

    @property
    def each(self) -> Floats:
        return np.diff(self.whole, axis=2, prepend=0.0)


def _spend(
    amounts: Fit, x: float, tables: Sequence[_Chances], total: Floats, of: Ints, alive: Floats, row: Ints, tail: float
) -> Floats:  # fmt: skip
    """Both ends of spend of the customers with x repeats, by horizon.

    The sum of n amounts is Gamma(pn, ν) with ν ~ Gamma(q + px, gamma + x·mean): in units of the latter beta-prime.
    """
    from scipy.special import betainc

    from laoke.lifetime.interval_kernels import ends_of_spend

    sets = possible(amounts, AMOUNTS)
    p, q, _ = amounts.theta
    widest = max(table.whole.shape[2] for table in tables)
    first = 0.01 * p / max(p * x + q - 1.0, 0.1)
    step = float(np.log(800.0 * widest)) / (POINTS - 1)
    points = first * np.exp(step * np.arange(POINTS))
    numbers, shares = _numbers(widest)
    within = [betainc(p * numbers[:, None], q + p * x, points / (1.0 + points)) for p, q, _ in sets]
    result = np.empty((2, len(tables), len(total)))
    for column, table in enumerate(tables):
        each = table.each
        by_number = each[:, :, 1:] @ shares[: each.shape[2] - 1]
        nothing = np.ascontiguousarray(each[:, :, 0])
        spread = np.stack(
            [zero[:, None] + some @ at for zero, some, at in zip(nothing, by_number, within, strict=True)]
        )
        ends_of_spend(
            total, of, sets[:, 2], alive, row, spread, nothing, first, step, tail, result[0, column], result[1, column],
        )  # fmt: skip
    return result


def _numbers(width: int) -> tuple[Floats, Floats]:
    """Numbers of purchases from 1 on that stand for all below `width`, and how each of these is shared between the two
    next to it, because the distribution of their sum changes smoothly with the number."""
    grown = EACH_UP_TO * 1.1 ** np.arange(
        1 + max(0, np.ceil(np.log(max(width, 1) / EACH_UP_TO) / np.log(1.1)))
    )
    numbers = np.unique(np.concatenate((np.arange(1.0, EACH_UP_TO + 1), np.rint(grown))))
    all_of_them = np.arange(1.0, width)
    after = np.clip(np.searchsorted(numbers, all_of_them), 1, len(numbers) - 1)
    share = (all_of_them - numbers[after - 1]) / (numbers[after] - numbers[after - 1])
    shares = np.zeros((len(all_of_them), len(numbers)))
    rows = np.arange(len(all_of_them))
    shares[rows, after - 1], shares[rows, after] = 1.0 - share, share
    return numbers, shares
