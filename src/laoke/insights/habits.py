"""One person's habits out of their own orders: when, at which prices, how far apart, and when they may come again.

Values in, values out: days are dates, money is integer cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

# Below so many gaps nothing is said of the next one.
FEWEST_GAPS = 3
WANTED_CHANCE = 0.8


@dataclass(frozen=True)
class NextOrder:
    """Between which two days the next order is expected, with what chance, and out of how many gaps."""

    earliest: date
    latest: date
    chance: float
    gaps: int


def gaps_of(days: Iterable[date]) -> list[int]:
    """Days between one day of buying and the next, in the order of time; several orders of a day count once."""
    ordered = sorted(set(days))
    return [(later - earlier).days for earlier, later in pairwise(ordered)]


def next_order(days: Iterable[date], wanted: float = WANTED_CHANCE) -> NextOrder | None:
    """The interval for the next order from the person's own gaps alone; None when there are too few.

    When the n gaps so far and the next one could stand in any order alike, the next lies between the k-th smallest and
    the k-th largest of them with chance (n + 1 − 2k) / (n + 1), whatever their distribution (order statistics; see
    Hahn & Meeker, Statistical Intervals, ch. 5). The narrowest interval with at least the wanted chance is taken, or,
    where so few gaps give less, that from the smallest to the largest with its true chance.
    """
    ordered = sorted(set(days))
    gaps = sorted(gaps_of(ordered))
    n = len(gaps)
    if n < FEWEST_GAPS:
        return None
    k = max(1, int((n + 1) * (1 - wanted) / 2 + 1e-9))
    last = ordered[-1]
    return NextOrder(
        last + timedelta(days=gaps[k - 1]), last + timedelta(days=gaps[n - k]), (n + 1 - 2 * k) / (n + 1), n
    )


def middle(values: Sequence[int]) -> int | None:
    """The median, the lower one of two; None of nothing."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def middle_half(values: Sequence[int]) -> tuple[int, int] | None:
    """Between which two values the middle half lies: a quarter is cut off at each end, rounded down."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    return (ordered[cut], ordered[-1 - cut]) if ordered else None


def by_month(days: Iterable[date]) -> list[int]:
    """How many of the days fall in each month, January first."""
    counts = [0] * 12
    for one in days:
        counts[one.month - 1] += 1
    return counts
