"""Which offers of one layer apply together: the set that takes most off without two on one line (rule R7).

The choice is exact, over all sets; an order-level layer holds at most eight offers, so there are at most 255 of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from laoke.promotions.engine.promises import Promise, Wares
from laoke.promotions.engine.values import Offer


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An offer that is reached: its lines, what it promises on them, and `value_cents`, what it can take."""

    offer: Offer
    wares: Wares
    promise: Promise
    value_cents: int


def best_set(candidates: Sequence[Candidate], *, one_per_order: bool) -> tuple[Candidate, ...]:
    """The candidates to apply, in their given order.

    Most cents off first; of equals the fewest offers; of those the set that does without the latest candidate
    that the other has. Candidates must come sorted by offer id, so that the answer never depends on input order.
    """
    if len(candidates) <= 1:  # what most shops run
        return tuple(candidates)
    everybody = (1 << len(candidates)) - 1
    conflicts = [everybody] * len(candidates) if one_per_order else _conflict_masks(candidates)
    if all(mask == everybody for mask in conflicts):
        return (max(candidates, key=lambda candidate: candidate.value_cents),)
    best, best_rank = 0, (0, 0)
    for mask in range(1, 1 << len(candidates)):
        members = [position for position in range(len(candidates)) if mask >> position & 1]
        if any(conflicts[position] & mask & ~(1 << position) for position in members):
            continue
        rank = (sum(candidates[position].value_cents for position in members), -len(members))
        if rank > best_rank:
            best, best_rank = mask, rank
    return tuple(candidate for position, candidate in enumerate(candidates) if best >> position & 1)


def _conflict_masks(candidates: Sequence[Candidate]) -> list[int]:
    """For each candidate the bits of those that share a line with it, its own included."""
    lines = [sum(1 << position for position in candidate.wares.positions) for candidate in candidates]
    return [sum(1 << other for other, theirs in enumerate(lines) if mine & theirs) for mine in lines]
