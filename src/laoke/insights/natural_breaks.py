"""Natural breaks: where one-dimensional values fall apart into classes by themselves.

Of all ways to cut sorted values into classes, the one with the least squared distance from the classes' means (Fisher
1958, 'On grouping for maximum homogeneity'; known from maps as Jenks' breaks). Found exactly by dynamic programming
over distinct values with their counts: the best last cut moves to the right as values are added, so each class more
costs n log n comparisons and not n².
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise


@dataclass(frozen=True)
class Breaks:
    """Classes of sorted values: the place of the first value of each, and the share of the spread they explain."""

    starts: tuple[int, ...]
    fit: float


def natural_breaks(values: Sequence[int], counts: Sequence[int], classes: int) -> Breaks:
    """Cut rising distinct values, each of which occurs `counts` times, into at most `classes` classes.

    Fewer distinct values than classes stay alone. Of several best ways it gives the one whose last cuts lie furthest
    left.

    Raises
    ------
    ValueError
        when values do not rise, a count is below 1, or there is no class or no value.
    """
    if len(values) != len(counts) or not values or classes < 1:
        raise ValueError(f"{len(values)} values, {len(counts)} counts, {classes} classes")
    if any(before >= after for before, after in pairwise(values)) or min(counts) < 1:
        raise ValueError("values must rise, counts must be 1 or more")
    cost = _cost_of(values, counts)
    size = len(values)
    whole = cost(0, size)
    best = [0.0, *(cost(0, end) for end in range(1, size + 1))]
    cuts: list[list[int]] = []
    for number in range(2, min(classes, size) + 1):
        best, chosen = _one_more(best, cost, number, size)
        cuts.append(chosen)
    starts, end = [], size
    for chosen in reversed(cuts):
        end = chosen[end]
        starts.append(end)
    return Breaks((0, *reversed(starts)), 1 - best[size] / whole if whole > 0 else 1.0)


def _cost_of(values: Sequence[int], counts: Sequence[int]) -> Callable[[int, int], float]:
    """The squared distance of values[start:end] from their mean; whole numbers up to the one division."""
    middle = sum(v * n for v, n in zip(values, counts, strict=True)) // sum(counts)
    shifted = [v - middle for v in values]
    n_sums = [0, *accumulate(counts)]
    v_sums = [0, *accumulate(v * n for v, n in zip(shifted, counts, strict=True))]
    squares = [0, *accumulate(v * v * n for v, n in zip(shifted, counts, strict=True))]

    def cost(start: int, end: int) -> float:
        total, n = v_sums[end] - v_sums[start], n_sums[end] - n_sums[start]
        return ((squares[end] - squares[start]) * n - total * total) / n

    return cost


def _one_more(
    best: list[float], cost: Callable[[int, int], float], number: int, size: int
) -> tuple[list[float], list[int]]:
    """From the best ways with number − 1 classes those with `number`, and where the last class begins in each."""
    found, chosen = [float("inf")] * (size + 1), [0] * (size + 1)
    waiting = [(number, size, number - 1, size - 1)]
    while waiting:
        low, high, first, last = waiting.pop()
        if low > high:
            continue
        end = (low + high) // 2
        for start in range(first, min(last, end - 1) + 1):
            tried = best[start] + cost(start, end)
            if tried < found[end]:
                found[end], chosen[end] = tried, start
        waiting.append((low, end - 1, first, chosen[end]))
        waiting.append((end + 1, high, chosen[end], last))
    return found, chosen
