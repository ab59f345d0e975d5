"""Which offers of one layer apply together: the set that takes most off without two on one line (rule R7).

The choice is exact, over all sets; an order-level layer holds at most eight offers, so there are at most 255 of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from laoke.promotions.engine.values import Offer


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that reached its threshold: `lines` are positions in pricing order, `value_cents` what it can take."""

    offer: Offer
    lines: tuple[int, ...]
    scope_cents: int
    times: int
    face_cents: int
    value_cents: int
    weights: tuple[int, ...]


def best_set(candidates: Sequence[Candidate], *, one_per_order: bool) -> tuple[Candidate, ...]:
    """The candidates to apply, in their given order.

    Most cents off first; of equals the fewest offers; of those the set that does without the latest candidate
    that the other has. Candidates must come sorted by offer id, so that the answer never depends on input order.
    """
    if len(candidates) <= 1:  # what most shops run
        return tuple(candidate for candidate in candidates if candidate.value_cents > 0)
    conflicts = [_conflict_mask(candidates, position, one_per_order) for position in range(len(candidates))]
    best, best_rank = 0, (0, 0)
    for mask in range(1, 1 << len(candidates)):
        members = [position for position in range(len(candidates)) if mask >> position & 1]
        if any(conflicts[position] & mask for position in members):
            continue
        rank = (sum(candidates[position].value_cents for position in members), -len(members))
        if rank > best_rank:
            best, best_rank = mask, rank
    return tuple(candidate for position, candidate in enumerate(candidates) if best >> position & 1)


def _conflict_mask(candidates: Sequence[Candidate], position: int, one_per_order: bool) -> int:
    """Bits of the other candidates that cannot apply beside the one at `position`."""
    mine = set(candidates[position].lines)
    mask = 0
    for other, candidate in enumerate(candidates):
        if other != position and (one_per_order or not mine.isdisjoint(candidate.lines)):
            mask |= 1 << other
    return mask
