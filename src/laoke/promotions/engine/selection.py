"""Which offers of one layer apply together: the set that takes most off without two on one line (rule R7).

The choice is exact, over all sets; an order-level layer holds at most eight offers, so there are at most 255 of them.
"""

from collections.abc import Sequence
from functools import reduce
from operator import and_


def best_set(values: Sequence[int], masks: Sequence[int], *, one_per_order: bool) -> int:
    """The candidates to apply, as bits by their place.

    `values` are the cents that each can take, `masks` its lines as bits. Most cents off first; of equals the fewest
    offers; of those the set that does without the latest candidate that the other has. Candidates must come sorted by
    offer id, so that the answer never depends on input order.
    """
    if len(values) <= 1:  # what most shops run
        return len(values)
    if one_per_order or reduce(and_, masks):  # each stands in the way of each
        return 1 << values.index(max(values))
    return _best_of_all_sets(values, [_bits_of_those_beside(mask, masks) for mask in masks])


def _best_of_all_sets(values: Sequence[int], conflicts: Sequence[int]) -> int:
    """Each set is its highest member and the set of the others, which was worked out before it."""
    sums = [0]  # of the sets by their bits; -1 = two of them share a line
    best, best_cents, best_size = 0, 0, 0
    for place, cents in enumerate(values):
        clash, own = conflicts[place], 1 << place
        for rest in range(own):
            total = -1 if sums[rest] < 0 or clash & rest else sums[rest] + cents
            sums.append(total)
            if total >= best_cents:
                size = rest.bit_count() + 1
                if total > best_cents or size < best_size:
                    best, best_cents, best_size = rest | own, total, size
    return best


def _bits_of_those_beside(mask: int, masks: Sequence[int]) -> int:
    """The candidates that share a line with one of these lines, itself included."""
    return sum(1 << place for place, other in enumerate(masks) if mask & other)
