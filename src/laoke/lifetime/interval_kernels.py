"""The loops over customers that find the ends of intervals, compiled; imported where they are called, because numba
costs a second to import.

All chances are means over the sets of parameters that may be true (`uncertainty`). A customer who has left buys
nothing, so the chance of at most n is 1 - alive·(1 - chance of at most n while he stays).
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from math import exp, floor, log

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def ends_of_counts(alive, row, whole, tail, low, high):
    """The first counts at which each history's chance reaches `tail` and 1 - `tail`.

    `alive` has a line per history and a column per set; `whole[set, row, n]` is the chance of at most n.
    """
    sets, _, width = whole.shape
    for i in range(len(row)):
        n, found = 0, False
        while True:
            chance = 0.0
            for k in range(sets):
                chance += 1.0 - alive[i, k] * (1.0 - whole[k, row[i], n])
            chance /= sets
            if not found and chance >= tail:
                low[i], found = n, True
            if chance >= 1.0 - tail or n == width - 1:
                break
            n += 1
        high[i] = n
        if not found:
            low[i] = n


@njit(cache=True, nogil=True)
def ends_of_spend(total, of, gammas, alive, row, spread, nothing, first, step, tail, low, high):
    """The amounts at which each customer's chance reaches `tail` and 1 - `tail`.

    `total` is what a customer's repeats brought, `of` his history. `spread[set, row, j]` is the chance of no more than
    gamma + total times first·e^(step·j), `nothing` that of no purchase, both while he stays.
    """
    sets, points = spread.shape[0], spread.shape[2]
    place, share = np.empty(sets, np.int64), np.empty(sets)
    for i in range(len(total)):
        history = of[i]
        usual = 0.0
        for k in range(sets):
            usual += log(gammas[k] + total[i])
        usual /= sets
        none = 0.0
        for k in range(sets):
            # A point of the common scale lies between two points of each set's own scale, always as far along.
            apart = (usual - log(gammas[k] + total[i])) / step
            place[k] = floor(apart)
            share[k] = apart - place[k]
            none += 1.0 - alive[history, k] * (1.0 - nothing[k, row[history]])
        for end in range(2):
            level = tail if end == 0 else 1.0 - tail
            amount = 0.0
            if level > none / sets:
                before, after = -1, points - 1
                told_before, told_after = 0.0, 1.0
                while after - before > 1:
                    middle = (before + after) // 2
                    chance = 0.0
                    for k in range(sets):
                        j = min(max(middle + place[k], 0), points - 2)
                        one = spread[k, row[history], j]
                        one += share[k] * (spread[k, row[history], j + 1] - one)
                        chance += 1.0 - alive[history, k] * (1.0 - one)
                    chance /= sets
                    if chance >= level:
                        after, told_after = middle, chance
                    else:
                        before, told_before = middle, chance
                along = 0.0
                if before >= 0:
                    along = (
                        min(max((level - told_before) / max(told_after - told_before, 1e-300), 0.0), 1.0)
                        - 1.0
                    )
                amount = first * exp(usual + step * (after + along))
            if end == 0:
                low[i] = amount
            else:
                high[i] = amount
