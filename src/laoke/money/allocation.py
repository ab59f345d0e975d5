"""Splitting an amount over lines so that the parts add up to the whole to the cent.

Each share is rounded down and the rest goes to the largest weight, the first of equals (RULES 4.3). With caps,
what a full line cannot take moves on to the lines with room.
"""

from collections.abc import Sequence
from operator import add, le, sub


def allocate(total_cents: int, weights: Sequence[int]) -> list[int]:
    """Split `total_cents` in proportion to `weights`; the result adds up to it.

    Each share is floor(total · weight / Σ weights); the cents left over go to the largest weight, the first
    when several are largest. Refuses (ValueError) a negative total or weight, and a positive total with no
    weight to carry it.

    >>> allocate(100, [1, 1, 1])
    [34, 33, 33]
    """
    if total_cents < 0 or min(weights, default=0) < 0:
        raise ValueError("allocate takes no negative total or weight")
    whole = sum(weights)
    if total_cents == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError(f"{total_cents} cents cannot be split: all weights are zero")
    if total_cents == whole:  # each is owed its weight, as where a rate takes something off each line
        return list(weights)
    shares = [total_cents * weight // whole for weight in weights]
    shares[weights.index(max(weights))] += total_cents - sum(shares)
    return shares


def allocate_capped(total_cents: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
    """Split as `allocate` does, but no share exceeds its cap; the excess moves to the lines with room.

    The result adds up to min(total, Σ caps): what finds no room anywhere is not handed out. When only lines of
    weight zero have room left, their room is their weight. Refuses (ValueError) lists of unequal length and
    negative values.

    >>> allocate_capped(100, [1, 1], [20, 500])
    [20, 80]
    """
    if len(weights) != len(caps):
        raise ValueError(f"{len(weights)} weights but {len(caps)} caps")
    least = min(caps, default=0)
    if least < 0:
        raise ValueError("allocate_capped takes no negative cap")
    if len(caps) == 1 and total_cents >= 0 and weights[0] >= 0:
        return [min(total_cents, caps[0])]
    whole = sum(caps)
    if total_cents >= whole:  # every line is filled
        return list(caps)
    shares, room, left = [0] * len(weights), list(caps), total_cents
    if least and any(weights):  # mostly no line is full, and none becomes so
        taken = allocate(total_cents, weights)
        if all(map(le, taken, caps)):
            return taken
    while left > 0:
        open_weights = [weight if free else 0 for weight, free in zip(weights, room, strict=True)]
        taken = list(map(min, allocate(left, open_weights if any(open_weights) else room), room))
        shares = list(map(add, shares, taken))
        room = list(map(sub, room, taken))
        left -= sum(taken)
    return shares
