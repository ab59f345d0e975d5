"""The mirrors of what happened to the shop's own coupons and points, and of who drew and who brought whom."""

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

POINTS_EVENTS = Contract(
    "points_events",
    (
        SHOP,
        column("*customer_id", "id", "whose the points are; those of nobody are not mirrored"),
        column("*event_id", "id", "what happened to them, in order"),
        column("lot_id", "id", "points that came together and end together"),
        column(
            "kind",
            "text",
            "what happened",
            values=("earned", "given", "used", "returned", "expired", "taken_back", "settled"),
        ),
        column(
            "source",
            "text",
            "what they came of: an order, a present, a prize, a referral, likes of something shared",
            values=("order", "gift", "prize", "referral", "share"),
        ),
        column("points", "int64", "change of what is the customer's; the sum of a lot is what is left of it"),
        column("stands", "bool", "no: used for an order that was not paid yet, or was rolled back"),
        column("at", "timestamp", "when"),
        day("day", "day of it"),
        day("from_day?", "first day on which they can be used; null = at once"),
        day("to_day?", "last day on which they are good; null = they do not end"),
        column("order_id", "text", "order in the shop's own system, '' = none"),
        IMPORT,
    ),
    role="mirror",
    meaning="What happened to the points that somebody has or had.",
)

LOTTERY_DRAWS = Contract(
    "lottery_draws",
    (
        SHOP,
        column("*draw_id", "id", "draw"),
        column("lottery_id", "id", "lottery or pile of scratch cards"),
        column("lottery", "text", "its name"),
        column("customer_id", "id", "who drew; draws of nobody are not mirrored"),
        column("won", "bool", "there was a prize"),
        column("prize", "text", "name of the prize, '' = none"),
        column("state", "text", "whether it was handed over", values=("none", "due", "given")),
        column("at", "timestamp", "when"),
        day("day", "day of it"),
        IMPORT,
    ),
    role="mirror",
    meaning="Who drew in which lottery of the shop's own, and what came of it.",
)

REFERRALS = Contract(
    "referrals",
    (
        SHOP,
        column("*referral_id", "id", "referral"),
        column("*part", "text", "who this row is of", values=("referrer", "friend")),
        column("customer_id", "id", "the referrer or the friend; whoever was erased has no row"),
        column("state", "text", "how far it is", values=("waiting", "counting", "rewarded", "void")),
        column(
            "reason",
            "text",
            "why it is void, '' = it is not",
            values=("", "same_person", "household", "already", "limit", "erased"),
        ),
        column("at", "timestamp", "when the friend came"),
        day("day", "day of it"),
        IMPORT,
    ),
    role="mirror",
    meaning="Who brought somebody to the shop, and who was brought.",
)

PROMOTION_MIRRORS = (COUPON_EVENTS, POINTS_EVENTS, LOTTERY_DRAWS, REFERRALS)
