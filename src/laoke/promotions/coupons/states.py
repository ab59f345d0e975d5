"""The states of a coupon, the moves between them, and how long one is good for. Pure: times and limits come in.

issued    → claimed | reserved | expired | blocked
claimed   → reserved | expired | blocked
reserved  → redeemed | claimed or issued (rolled back, or its time ran out)
redeemed  → claimed or issued (rolled back)
expired, blocked: the end
"""

from __future__ import annotations

from datetime import datetime, timedelta

ISSUED, CLAIMED, RESERVED, REDEEMED, EXPIRED, BLOCKED = (
    "issued", "claimed", "reserved", "redeemed", "expired", "blocked",
)  # fmt: skip
STATES = (ISSUED, CLAIMED, RESERVED, REDEEMED, EXPIRED, BLOCKED)
ROLLED_BACK = "rolled_back"
"""The one event that is no state: what a reservation or a use that was taken back leaves in the ledger."""

MOVES: dict[str, frozenset[str]] = {
    ISSUED: frozenset({CLAIMED, RESERVED, EXPIRED, BLOCKED}),
    CLAIMED: frozenset({RESERVED, EXPIRED, BLOCKED}),
    RESERVED: frozenset({REDEEMED, CLAIMED, ISSUED}),
    REDEEMED: frozenset({CLAIMED, ISSUED}),
    EXPIRED: frozenset(),
    BLOCKED: frozenset(),
}
# What an order holds: its cents are taken out of the budget.
TAKEN = (RESERVED, REDEEMED)

HOLD = timedelta(minutes=30)
"""How long a reservation stands when nobody redeems it or rolls it back."""


def may_move(before: str, after: str) -> bool:
    """Whether the table holds the move."""
    return after in MOVES[before]


def refusal_of(before: str) -> str:
    """The code of the sentence that says why a coupon in this state cannot be used now."""
    return {RESERVED: "reserved", REDEEMED: "redeemed", EXPIRED: "expired", BLOCKED: "blocked"}[before]


def free_state(customer_id: int | None) -> str:
    """Where a coupon returns to when an order lets go of it: to its holder, or to nobody."""
    return ISSUED if customer_id is None else CLAIMED


def good_until(
    valid_to: datetime | None, days_after_claim: int | None, claimed_at: datetime | None
) -> datetime | None:
    """When a coupon ends: at the issue's end or so many times 24 hours after the claim, whichever is sooner.

    None = not known yet: it counts its days from a claim that has not been.
    """
    if days_after_claim is None or claimed_at is None:
        return valid_to
    by_days = claimed_at + timedelta(days=days_after_claim)
    return by_days if valid_to is None else min(by_days, valid_to)


def next_due(state: str, valid_to: datetime | None, reserved_until: datetime | None) -> datetime | None:
    """When time alone changes the state: the end of the reservation, or of the coupon; None = never."""
    if state == RESERVED:
        return reserved_until
    return valid_to if state in (ISSUED, CLAIMED) else None
