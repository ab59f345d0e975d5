"""From purchases to what the models of customer value start from, in two passes over arrays.

A person is numbered when first seen (open addressing, the table doubles when half full); then each purchase day sets a
bit of its person, so that a day counts once, and money is kept apart for the first day. Grouping by person and day in
a database takes three to four times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST_ROOM = 1 << 17
# Bits of days that one summing may hold; who has more (a shop of three million people and ten years) groups instead.
MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Summaries:
    """Arrays with one place per person, by rising number of the person.

    `frequency`: days of purchase after the first one. `recency`, `age`: days from the first purchase to the last one
    and to the day asked for. `repeat`: what the days after the first one brought, in the unit of the amounts.
    """

    persons: NDArray[np.int64]
    frequency: NDArray[np.int32]
    recency: NDArray[np.int32]
    age: NDArray[np.int32]
    repeat: NDArray[np.int64]


def summarize(
    persons: NDArray[np.int64], days: NDArray[np.int32], amounts: NDArray[np.int64], as_of_day: int
) -> Summaries | None:
    """Sum up purchases: whose (any number), on which day (none after `as_of_day`), for how much.

    Days of one person count once; amounts of a day are added. None when the bits would need more than `MOST_BYTES`.
    """
    import numpy as np

    from laoke.lifetime import summing_kernels as kernels

    codes = np.empty(len(persons), np.int32)
    known, count, at = np.empty(FIRST_ROOM, np.int64), 0, 0
    while True:
        slots = np.full(2 * len(known), -1, np.int32)
        at, count = kernels.number(persons, at, codes, known, count, slots)
        if at == len(persons):
            break
        known = np.concatenate([known, np.empty_like(known)])
    first = int(days.min()) if len(days) else as_of_day
    width = 5 + (as_of_day - first) // 64 + 1
    if count * width * 8 > MOST_BYTES:
        return None
    sums = np.zeros((count, width), np.int64)
    sums[:, 0] = as_of_day + 1
    kernels.add_up(codes, days, amounts, first, sums)
    order = np.argsort(known[:count])
    begun, last, found, all_in_all, of_first = sums[:, :5].T[:, order]
    return Summaries(
        known[:count][order], (found - 1).astype(np.int32), (last - begun).astype(np.int32),
        (as_of_day - begun).astype(np.int32), all_in_all - of_first,
    )  # fmt: skip
