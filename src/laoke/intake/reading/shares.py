"""Money of many groups split over their rows at once, by the rule of `money.allocate`: each share is rounded down, what
is left goes to the largest weight, the first of equals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from laoke.intake.reading.parts import groups_of
from laoke.money import allocate

if TYPE_CHECKING:
    from laoke.intake.reading.records import Numbers

# Products below this are exact in 64 bits.
_EXACT = 2**62


def sums(values: Numbers, begins: Numbers) -> Numbers:
    """The sum of each group; groups are runs that begin at `begins`."""
    found: Numbers = np.add.reduceat(values, begins) if len(begins) else np.zeros(0, np.int64)
    return found


def split(totals: Numbers, weights: Numbers, begins: Numbers) -> Numbers:
    """The share of every row in the total of its group; the shares of a group add up to it.

    Weights are not negative. Where all weights of a group are zero, its rows weigh the same.
    """
    if not len(weights):
        return np.zeros(0, np.int64)
    group = groups_of(begins, len(weights))
    weights = np.where(sums(weights, begins)[group] == 0, 1, weights)
    whole, most = sums(weights, begins), np.maximum.reduceat(weights, begins)
    large = totals.astype(float) * most > _EXACT
    shares: Numbers = np.where(large, 0, totals)[group] * weights // whole[group]
    first_of_largest = np.lexsort((-weights, group))[begins]
    shares[first_of_largest] += np.where(large, 0, totals) - sums(shares, begins)
    ends = np.append(begins[1:], len(weights))
    for place in np.flatnonzero(large):
        rows = slice(begins[place], ends[place])
        shares[rows] = allocate(int(totals[place]), weights[rows].tolist())
    return shares
