"""Charts of customer value: forecast against what came, and how expected spend is spread."""

from __future__ import annotations

from collections.abc import Sequence

from laoke.web.charts.bars import horizontal_bars, time_bars
from laoke.web.charts.base import Option, Series
from laoke.web.components.base import Words


def calibration(
    names: Sequence[str], actual: Sequence[float], forecast: Sequence[float], *, labels: tuple[Words, Words]
) -> Option:
    """Mean purchases by group of customers: what came as columns, what the model had told as a line over them."""
    came, told = labels
    series = [
        Series(came, [round(value, 3) for value in actual], "c1-soft"),
        Series(told, [round(value, 3) for value in forecast], "c1", as_line=True),
    ]
    return time_bars(list(names), series, axis="plain", value="plain")


def bands(names: Sequence[str], persons: Sequence[int], label: Words) -> Option:
    """Customers by band of expected spend, the lowest on top: as rows each band keeps its name."""
    return horizontal_bars(list(names), [Series(label, list(persons))], label="exact")
