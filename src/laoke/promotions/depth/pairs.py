"""Which pair of threshold and amount off would earn the most, if buyers filled up as the operator assumes.

The assumed shares hold for the amount that the step is assumed to take off (`FillUp.off_cents`). For another amount
they follow it: `follow_bp` of them in proportion, the rest not at all. So at that very amount a pair says what
`step_figures` says of the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laoke.money import FULL_BP, divide_half_up
from laoke.promotions.depth.thresholds import FillUp
from laoke.promotions.depth.values import OrderValues

MOST_THRESHOLDS = 12
MOST_AMOUNTS = 12
# Takes at least a hundredth off, or nobody looks at it; and at most half, or the wording is of something else.
SHALLOWEST_BP = 100
DEEPEST_BP = 5_000
YUAN = 100
_ROUND_THRESHOLDS = (1, 2, 5)
_ROUND_AMOUNTS = (1, 2, 3, 5, 8)


@dataclass(frozen=True, slots=True)
class Pair:
    """'From T on d off', once per order, against no such step. Cents.

    over, near   orders that have reached T as they are, and those that could be lifted
    share_bp     what part of the near is assumed to fill up at this amount
    gap_cents    what the near lack together
    cost_cents   what is given to those who are over anyway; the change is what filling up brings beyond it
    change, low, high   earned more than without the step, at the likely share and at the ends of the assumed span
    """

    threshold_cents: int
    off_cents: int
    over: int
    near: int
    share_bp: int
    gap_cents: int
    cost_cents: int
    change_cents: int
    low_cents: int
    high_cents: int

    @property
    def brought_cents(self) -> int:
        """What filling up leaves, before what is given to those who are over anyway."""
        return self.change_cents + self.cost_cents


@dataclass(frozen=True)
class PairGrid:
    """A row per amount, a column per threshold; None where a pair takes off too little or too much to make sense."""

    thresholds: tuple[int, ...]
    amounts: tuple[int, ...]
    rows: tuple[tuple[Pair | None, ...], ...]

    @property
    def pairs(self) -> list[Pair]:
        """All that make sense, by amount and then threshold."""
        return [pair for row in self.rows for pair in row if pair is not None]

    @property
    def best(self) -> Pair | None:
        """The pair that earns the most, of equals the smallest amount and the lowest threshold; None where none earns
        more than having no step."""
        best = max(
            self.pairs,
            key=lambda one: (one.change_cents, -one.off_cents, -one.threshold_cents),
            default=None,
        )
        return best if best is not None and best.change_cents > 0 else None

    @property
    def beside(self) -> list[Pair]:
        """The pairs that cannot be told from the best, the likeliest first: their bands reach into its band.

        Nobody knows that buyers fill up to two steps by the same end of the span, so the bands stand as they are.
        """
        best = self.best
        if best is None:
            return []
        found = [one for one in self.pairs if one != best and one.high_cents >= best.low_cents]
        return sorted(found, key=lambda one: (-one.change_cents, one.off_cents, one.threshold_cents))


@dataclass(frozen=True, slots=True)
class FirmPair:
    """The best pair under one pair of assumptions; None where every pair costs more than it brings."""

    follow_bp: int
    share_bp: int
    best: Pair | None


def round_thresholds(values: OrderValues) -> list[int]:
    """At most a dozen round thresholds over the distribution, and those that the plan names, ascending."""
    top = max((edge for edge in values.edges if not edge % values.width_cents), default=0)
    if not top:
        return sorted(values.thresholds)
    apart = next(
        nice * 10**power
        for power in range(2, 18)
        for nice in _ROUND_THRESHOLDS
        if not nice * 10**power % values.width_cents and top // (nice * 10**power) <= MOST_THRESHOLDS
    )
    return sorted({*range(apart, top + 1, apart), *values.thresholds})


def round_amounts(thresholds: Sequence[int], own_cents: int) -> list[int]:
    """At most a dozen round amounts in whole yuan that suit these thresholds, and the assumed one; ascending."""
    if not thresholds:
        return []
    most = thresholds[-1] * DEEPEST_BP // FULL_BP
    found = [
        nice * 10**power * YUAN
        for power in range(16)
        for nice in _ROUND_AMOUNTS
        if nice * 10**power * YUAN <= most
    ]
    return sorted({*found[-MOST_AMOUNTS:], own_cents})


def followed_bp(share_bp: int, off_cents: int, own_cents: int, follow_bp: int) -> int:
    """The share that fills up at another amount than the one it was stated for, half up, at most all."""
    part = (FULL_BP - follow_bp) * own_cents + follow_bp * off_cents
    return min(FULL_BP, divide_half_up(share_bp * part, FULL_BP * own_cents))


def pair_grid(
    values: OrderValues,
    thresholds: Sequence[int],
    amounts: Sequence[int],
    fill: FillUp,
    follow_bp: int = FULL_BP,
) -> PairGrid:
    """Every pair of these thresholds (edges of the distribution) and amounts.

    What is known of the orders is looked up once per threshold; the rest is arithmetic over the whole grid, in whole
    numbers that outgrow 64 bits for a large shop, hence of Python's own.
    """
    over, near, gap = _reached(values, thresholds, fill.reach_bp)
    off = _column(amounts)
    each = off * (FULL_BP - fill.fee_bp)
    cost, brought = each * over, fill.rate_bp * gap - each * near
    shares = [
        [followed_bp(share, amount, fill.off_cents, follow_bp) for amount in amounts]
        for share in (fill.low_bp, fill.likely_bp, fill.high_bp)
    ]
    low, likely, high = (_cents(brought * _column(share) - cost * FULL_BP) for share in shares)
    given = _cents(cost * FULL_BP)
    rows = tuple(
        tuple(
            Pair(
                step, amount, over[at], near[at], shares[1][row], gap[at], given[row, at], likely[row, at],
                min(low[row, at], high[row, at]), max(low[row, at], high[row, at]),
            )
            if _makes_sense(step, amount)
            else None
            for at, step in enumerate(thresholds)
        )
        for row, amount in enumerate(amounts)
    )  # fmt: skip
    return PairGrid(tuple(thresholds), tuple(amounts), rows)


def _makes_sense(threshold_cents: int, off_cents: int) -> bool:
    return SHALLOWEST_BP * threshold_cents <= off_cents * FULL_BP <= DEEPEST_BP * threshold_cents


def _column(numbers: Iterable[int]) -> Any:
    return np.array(list(numbers), dtype=object)[:, None]


def _cents(parts: Any) -> Any:
    """Hundred-millionths of a cent as cents, half up: as `divide_half_up`, for all at once."""
    whole = FULL_BP * FULL_BP
    return np.where(parts >= 0, (2 * parts + whole) // (2 * whole), -((2 * -parts + whole) // (2 * whole)))


def _reached(values: OrderValues, thresholds: Sequence[int], reach_bp: int) -> tuple[Any, Any, Any]:
    """Per threshold how many are over and near, and what the near lack together, as whole numbers of Python's own."""
    edges = np.asarray(values.edges, dtype=np.int64)
    counts = np.concatenate([[0], np.cumsum(np.asarray(values.counts, dtype=np.int64))])
    cents = np.concatenate([[0], np.cumsum(np.asarray(values.cents, dtype=np.int64))])
    steps = np.asarray(thresholds, dtype=np.int64)
    borders = -(-steps * (FULL_BP - reach_bp) // FULL_BP)
    first, last = np.searchsorted(edges, borders), np.searchsorted(edges, steps)
    near = (counts[last] - counts[first]).astype(object)
    gap = near * steps.astype(object) - (cents[last] - cents[first]).astype(object)
    return (counts[-1] - counts[last]).astype(object), near, gap


def firm_pairs(
    values: OrderValues, thresholds: Sequence[int], amounts: Sequence[int], fill: FillUp
) -> list[FirmPair]:
    """The best pair where the shares do not follow the amount, do so by half and in proportion, each with the low, the
    likely and the high share."""
    found = []
    for follow in (0, FULL_BP // 2, FULL_BP):
        for share in (fill.low_bp, fill.likely_bp, fill.high_bp):
            assumed = replace(fill, low_bp=share, likely_bp=share, high_bp=share)
            grid = pair_grid(values, thresholds, amounts, assumed, follow)
            found.append(FirmPair(follow, share, grid.best))
    return found
