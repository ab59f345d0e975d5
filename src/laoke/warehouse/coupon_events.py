"""The mirror of what happened to the shop's own coupons."""

from __future__ import annotations

from laoke.warehouse.columns import Contract, column
from laoke.warehouse.usual_columns import IMPORT, SHOP, cents, day

COUPON_EVENTS = Contract(
    "coupon_events",
    (
        SHOP,
        column("*coupon_id", "id", "coupon"),
        column("*event_id", "id", "what happened to it, in order"),
        column("issue_id", "id", "issue the coupon is of"),
        column("issue", "text", "name of the issue"),
        column("customer_id", "id", "who has the coupon now; coupons of nobody are not mirrored"),
        column(
            "kind",
            "text",
            "what happened",
            values=("issued", "claimed", "reserved", "redeemed", "rolled_back", "expired", "blocked"),
        ),
        column("latest", "bool", "the last thing that happened to the coupon, which its state is of"),
        column("at", "timestamp", "when"),
        day("day", "day of it"),
        day("from_day", "first day on which the coupon is good"),
        day("to_day", "last day on which the coupon is good"),
        column("order_id", "text", "order in the shop's own system, '' = none"),
        cents("off_cents", "what it took off that order"),
        IMPORT,
    ),
    role="mirror",
    meaning="What happened to the coupons of the shop's own that somebody has.",
)
