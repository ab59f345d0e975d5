"""Charts of all customers: stages with what came and went, gaps between purchases, demand by month."""

from __future__ import annotations

from collections.abc import Sequence

from laoke.web.charts.bars import columns_with_threshold, time_bars
from laoke.web.charts.base import Option, Series
from laoke.web.components.base import Words


def stage_bars(names: Sequence[Words], persons: Sequence[int], label: Words) -> Option:
    """Persons by stage of life as columns, in the order of a life."""
    return time_bars([str(name) for name in names], [Series(label, list(persons))], value="exact")


def gap_columns(
    counts: Sequence[int], width: int, median: int | None, *, label: Words, median_label: Words, more: Words
) -> Option:
    """Gaps between purchases in bars of `width` days; the last bar holds all longer ones, a line marks the median."""
    names = gap_names(len(counts), width, more)
    threshold = None
    if median is not None:
        threshold = (names[min((median - 1) // width, len(names) - 1)], median_label)
    return columns_with_threshold(names, [Series(label, list(counts))], threshold=threshold)


def gap_names(bars: int, width: int, more: Words) -> list[str]:
    """What the bars hold: 1–30, 31–60, …, and the rest."""
    names = [f"{at * width + 1}–{(at + 1) * width}" for at in range(bars - 1)]
    return [*names, str(more)]


def month_bars(
    months: Sequence[Words], years: Sequence[tuple[int, Sequence[int | None]]], *, last_key: str = "c1"
) -> Option:
    """Orders by calendar month, a colour for each of the last three years; the newest stands out."""
    keys = ("c0", "c1-soft", last_key)[-len(years) :] if years else ()
    series = [Series(str(year), list(values), key) for (year, values), key in zip(years, keys, strict=True)]
    return time_bars([str(month) for month in months], series, stacked=False)
