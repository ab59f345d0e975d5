"""The price ladder: what each item of a campaign leaves, how low it may go, its part, and what speaks against it.

Pure: items, what is known of them and the sheet's terms come in, figures and warnings go out. The rules are numbered L1
to L16 in `docs/reference/price-ladder.md`.
"""

from laoke.promotions.ladder.checks import RULES, Severity, Warned, warnings_of
from laoke.promotions.ladder.figures import Baseline, Priced, fee_of, floor_of, margin_of, price_item
from laoke.promotions.ladder.listing import Listed, Raised, Told, listed_at, raised_before, stretches
from laoke.promotions.ladder.roles import ADVISED, RoleShare, advised_counts, proposed_roles, shares
from laoke.promotions.ladder.summing import Expected, expected
from laoke.promotions.ladder.values import Competitor, Item, Key, Known, Role, Terms, nearest_competitor

__all__ = [
    "ADVISED",
    "RULES",
    "Baseline",
    "Competitor",
    "Expected",
    "Item",
    "Key",
    "Known",
    "Listed",
    "Priced",
    "Raised",
    "Role",
    "RoleShare",
    "Severity",
    "Terms",
    "Told",
    "Warned",
    "advised_counts",
    "expected",
    "fee_of",
    "floor_of",
    "listed_at",
    "margin_of",
    "nearest_competitor",
    "price_item",
    "proposed_roles",
    "raised_before",
    "shares",
    "stretches",
    "warnings_of",
]
