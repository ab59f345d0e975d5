"""From results to ECharts options, as plain data: `app.js` only mounts what these functions return."""

from laoke.web.charts.bars import Change, columns_with_threshold, horizontal_bars, time_bars, waterfall
from laoke.web.charts.base import (
    FMT_EXACT,
    FMT_PERCENT,
    FMT_WAN,
    Option,
    Series,
    Span,
    css,
    fmt,
    tip,
    yuan_values,
)
from laoke.web.charts.intervals import Estimate, intervals
from laoke.web.charts.lines import Band, time_lines

__all__ = [
    "FMT_EXACT",
    "FMT_PERCENT",
    "FMT_WAN",
    "Band",
    "Change",
    "Estimate",
    "Option",
    "Series",
    "Span",
    "columns_with_threshold",
    "css",
    "fmt",
    "horizontal_bars",
    "intervals",
    "time_bars",
    "time_lines",
    "tip",
    "waterfall",
    "yuan_values",
]
