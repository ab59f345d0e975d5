"""Which offers of one layer apply together: the set that takes most off without two on one line (rule R7).

The choice is exact, over all sets; an order-level layer holds at most eight offers, so there are at most 255 of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from laoke.promotions.engine.promises import Promise, Wares
from laoke.promotions.engine.values import Offer


class Reached(NamedTuple):
    """An offer that is reached: its lines, and what it promises on them."""

    offer: Offer
    wares: Wares
    promise: Promise


class Candidate:
    """An offer that is reached and can take `value_cents`."""

    __slots__ = ("offer", "promise", "value_cents", "wares")

    def __init__(self, reached: Reached, value_cents: int) -> None:
        self.offer, self.wares, self.promise = reached
        self.value_cents = value_cents


def best_set(candidates: Sequence[Candidate], *, one_per_order: bool) -> Sequence[Candidate]:
    """The candidates to apply, in their given order.

    Most cents off first; of equals the fewest offers; of those the set that does without the latest candidate
    that the other has. Candidates must come sorted by offer id, so that the answer never depends on input order.
    """
    if len(candidates) <= 1:  # what most shops run
        return candidates
    if one_per_order:
        return (max(candidates, key=_value),)
    conflicts = _conflict_masks(candidates)
    everybody = (1 << len(candidates)) - 1
    if conflicts.count(everybody) == len(conflicts):
        return (max(candidates, key=_value),)
    best = _best_mask([candidate.value_cents for candidate in candidates], conflicts)
    return [candidate for position, candidate in enumerate(candidates) if best >> position & 1]


def _best_mask(values: Sequence[int], conflicts: Sequence[int]) -> int:
    """The set as bits. Each set is its highest member and the set of the others, which was worked out before it."""
    sums = [0]  # of the sets by their bits; -1 = two of them share a line
    best, best_cents, best_size = 0, 0, 0
    for position, cents in enumerate(values):
        clash, own = conflicts[position], 1 << position
        for rest in range(own):
            total = -1 if sums[rest] < 0 or clash & rest else sums[rest] + cents
            sums.append(total)
            if total >= best_cents:
                size = rest.bit_count() + 1
                if total > best_cents or size < best_size:
                    best, best_cents, best_size = rest | own, total, size
    return best


def _value(candidate: Candidate) -> int:
    return candidate.value_cents


def _conflict_masks(candidates: Sequence[Candidate]) -> list[int]:
    """For each candidate the bits of those that share a line with it, its own included."""
    lines = [candidate.wares.mask for candidate in candidates]
    return [sum(1 << other for other, theirs in enumerate(lines) if mine & theirs) for mine in lines]
