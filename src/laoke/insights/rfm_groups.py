"""The eleven groups of customers that users know from Shopify, drawn from the three scores.

Names and words are those of Shopify's public reference (CustomerRfmGroup of the Admin API), and so is the rule that a
group follows from recency and from the mean of frequency and money, FM = (F + M) / 2. Which scores make which group is
our grid: it follows those words and covers every score once. A half is rounded up.
"""

from __future__ import annotations

GROUPS = (
    "champions", "loyal", "active", "new", "promising", "needs_attention", "at_risk", "previously_loyal",
    "almost_lost", "dormant", "prospects",
)  # fmt: skip
# By recency score 5 to 1, then by FM 1 to 5.
GRID: dict[int, tuple[str, str, str, str, str]] = {
    5: ("new", "active", "active", "champions", "champions"),
    4: ("promising", "active", "active", "loyal", "loyal"),
    3: ("almost_lost", "almost_lost", "needs_attention", "loyal", "loyal"),
    2: ("dormant", "dormant", "at_risk", "at_risk", "previously_loyal"),
    1: ("dormant", "dormant", "at_risk", "at_risk", "previously_loyal"),
}


def group_of(r_score: int | None, f_score: int | None, m_score: int | None) -> str:
    """The group of three scores; without scores (never paid) a prospect."""
    if r_score is None or f_score is None or m_score is None:
        return "prospects"
    return GRID[r_score][(f_score + m_score + 1) // 2 - 1]
