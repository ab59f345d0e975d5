"""Set-up sheets: what to fill in where in the seller's back office, checked against what is known of its tools.

Pure: an offer and how the shop stands come in, a sheet goes out. The findings are numbered in
`docs/reference/setup-sheets.md`, the tools' numbers stand in `limits.toml` with their sources.
"""

from laoke.promotions.setup.limits import Limit, limit, limits
from laoke.promotions.setup.reconciling import (
    Cause,
    Difference,
    OfferOrders,
    Report,
    SentEstimate,
    difference_of,
    sent_estimate,
)
from laoke.promotions.setup.sheets import sheet_of
from laoke.promotions.setup.tools import NEAREST, tool_of
from laoke.promotions.setup.values import (
    FINDINGS,
    Activity,
    Field,
    Finding,
    Product,
    Sheet,
    SheetItem,
    Standing,
    Tool,
)

__all__ = [
    "FINDINGS",
    "NEAREST",
    "Activity",
    "Cause",
    "Difference",
    "Field",
    "Finding",
    "Limit",
    "OfferOrders",
    "Product",
    "Report",
    "SentEstimate",
    "Sheet",
    "SheetItem",
    "Standing",
    "Tool",
    "difference_of",
    "limit",
    "limits",
    "sent_estimate",
    "sheet_of",
    "tool_of",
]
