"""The tables of the warehouse, declared once: facts, mirrors of decisions, and what is derived from both.

`docs/reference/tables.md` is written from this module. Amounts are int64 cents, times are the shop's local time
without zone, platform ids are text, `*_day` counts days since 1970-01-01 and weekday 0 is Monday.
"""

from __future__ import annotations

from laoke.warehouse.columns import Column, Contract, ContractError, column
from laoke.warehouse.customer_value import CUSTOMER_VALUE
from laoke.warehouse.group_members import GROUP_MEMBERS
from laoke.warehouse.promotion_mirrors import PROMOTION_MIRRORS
from laoke.warehouse.replies import REPLIES
from laoke.warehouse.service_cases import SERVICE_CASES
from laoke.warehouse.usual_columns import IMPORT, SHOP, packed_days
from laoke.warehouse.usual_columns import cents as _cents
from laoke.warehouse.usual_columns import day as _day

__all__ = [
    "CONTRACTS",
    "GROUPS",
    "LIFECYCLES",
    "ORDER_STATUSES",
    "RFM_CLASSES",
    "STATE_RANKS",
    "Column",
    "Contract",
    "ContractError",
]

STATE_RANKS = {
    "unpaid": 0,
    "paid": 1,
    "partly_shipped": 2,
    "shipped": 3,
    "signed": 4,
    "finished": 5,
    "closed_unpaid": 5,
    "closed_refunded": 5,
}
ORDER_STATUSES = tuple(STATE_RANKS)
LIFECYCLES = ("prospect", "new_customer", "active", "silent", "dormant", "nearly_lost", "lost")
GROUPS = ("loyal", "active", "ordinary")
RFM_CLASSES = (
    "key_value", "key_recall", "key_develop", "key_retain", "general_value",
    "general_keep", "general_new", "general_lost",
)  # fmt: skip

MONTH = column("month", "month", "partition: month of the row's own time, 'YYYY-MM'")


def _time_parts(stem: str, mark: str, meaning: str) -> tuple[Column, ...]:
    return (
        _day(f"{stem}_day{mark}", f"day {meaning}"),
        column(f"{stem}_weekday{mark}", "weekday", f"weekday {meaning}, 0 = Monday"),
        column(f"{stem}_hour{mark}", "hour", f"hour {meaning}"),
    )


ORDERS = Contract(
    "orders",
    (
        MONTH,
        SHOP,
        column("*order_id", "text", "platform order number"),
        column("customer_id?", "id", "buyer; null when the source names no usable key"),
        column("status", "text", "state of the order", values=ORDER_STATUSES),
        column("created_at", "timestamp", "placed"),
        column("paid_at?", "timestamp", "paid; null = never paid"),
        column("shipped_at?", "timestamp", "shipped"),
        column("finished_at?", "timestamp", "confirmed or closed"),
        column("modified_at?", "timestamp", "last change on the platform"),
        *_time_parts("created", "", "placed"),
        *_time_parts("paid", "?", "paid"),
        _cents("goods_cents", "goods before discounts"),
        _cents("postage_cents", "postage"),
        _cents(
            "seller_discount_cents",
            "discount the shop gave; negative = price raised by hand",
            "signed_cents",
        ),
        _cents("platform_discount_cents", "discount the platform gave", "signed_cents"),
        _cents("deposit_cents", "presale deposit"),
        _cents("balance_cents", "presale balance"),
        _cents("total_cents", "what was due (总金额)"),
        _cents("paid_cents", "what the buyer paid, refunds included; 0 if never paid"),
        _cents("refunded_cents", "money given back"),
        column("item_count", "count", "pieces"),
        column("channel", "text", "where it was placed", values=("mobile", "pc", "")),
        column("province", "text", "province of the receiver, '' = unknown"),
        column("city", "text", "city of the receiver"),
        column("district", "text", "district of the receiver"),
        column("coupon_used", "bool", "a coupon was used"),
        column("close_reason", "text", "why it was closed"),
        column(
            "memo_flag",
            "int8",
            "flag colour of the seller's memo, 0 = none",
            low=0,
            high=9,
        ),
        column("titles", "text", "product titles as exported"),
        column("seen_at", "timestamp", "as-of time of the source that told this state"),
        column("state_rank", "int8", "how far the state is, 0..5", low=0, high=5),
        IMPORT,
    ),
    partition="month",
    month_from="created_at",
    meaning="One row per order: its newest known state.",
)

ORDER_STATES = Contract(
    "order_states",
    (
        SHOP,
        column("*order_id", "text", "platform order number"),
        column("*seen_at", "timestamp", "as-of time of the source"),
        column("*status", "text", "state seen then", values=ORDER_STATUSES),
        _cents("paid_cents", "paid as seen then"),
        _cents("refunded_cents", "refunded as seen then"),
        IMPORT,
    ),
    meaning="The states an order went through, as imports saw them.",
)

ORDER_LINES = Contract(
    "order_lines",
    (
        MONTH,
        SHOP,
        column("*order_id", "text", "order"),
        column("*line", "text", "line number or sub-order id, unique inside the order"),
        column("product_id", "text", "platform product, '' = unknown"),
        column("sku", "text", "variant as named by the platform"),
        column("outer_code", "text", "the shop's own code"),
        column("title", "text", "product title at the sale"),
        column("quantity", "count", "pieces"),
        _cents("unit_price_cents", "price of one piece"),
        _cents("paid_cents", "paid for the line"),
        _cents("refunded_cents", "refunded for the line"),
        column("line_status", "text", "state of the line as exported"),
        _day("created_day", "day the order was placed"),
        IMPORT,
    ),
    partition="month",
    meaning="One row per line of an order; month and created_day are those of the order.",
)

WAITING_LINES = Contract(
    "waiting_lines",
    (
        SHOP,
        column("*order_id", "text", "order that is not known yet"),
        column("*line", "text", "line number or sub-order id, unique inside the order"),
        column("product_id", "text", "platform product, '' = unknown"),
        column("sku", "text", "variant as named by the platform"),
        column("outer_code", "text", "the shop's own code"),
        column("title", "text", "product title at the sale"),
        column("quantity", "count", "pieces"),
        _cents("unit_price_cents", "price of one piece"),
        _cents("paid_cents?", "paid for the line; null = the source does not tell it by line"),
        _cents("refunded_cents", "refunded for the line"),
        column("line_status", "text", "state of the line as exported"),
        IMPORT,
    ),
    meaning="Lines that came before their order: they wait here until it comes.",
)

REFUNDS = Contract(
    "refunds",
    (
        MONTH,
        SHOP,
        column("*refund_id", "text", "platform refund number"),
        column("order_id", "text", "order"),
        column("line", "text", "line, '' = whole order"),
        column("customer_id?", "id", "buyer, where known"),
        _cents("amount_cents", "money asked back"),
        column("kind", "text", "only money, or with goods", values=("money", "goods")),
        column("phase", "text", "during or after the sale", values=("during", "after", "")),
        column("reason", "text", "reason as exported"),
        column("state", "text", "state as exported"),
        column("created_at", "timestamp", "asked for"),
        column("finished_at?", "timestamp", "settled"),
        _day("created_day", "day asked for"),
        IMPORT,
    ),
    partition="month",
    month_from="created_at",
    meaning="One row per refund.",
)

PRODUCTS = Contract(
    "products",
    (
        SHOP,
        column("*product_id", "text", "platform product"),
        column("title", "text", "title"),
        column("category", "text", "category, '' = unknown"),
        _cents("list_price_cents", "list price"),
        _cents("cost_cents?", "cost of one piece; null = not known"),
        column("season", "text", "season, '' = none"),
        column("listed_at?", "timestamp", "listed"),
        column("stock?", "int32", "pieces in stock"),
        IMPORT,
    ),
    meaning="The shop's products as last seen.",
)

LIST_PRICES = Contract(
    "list_prices",
    (
        SHOP, column("*product_id", "text", "platform product"),
        column("*told_day", "day", "day on which it was listed so", unit="days since 1970-01-01"),
        _cents("list_price_cents", "list price told then"), IMPORT,
    ),
    meaning="What products were listed at, as imports told it: each change, and once a week that it still holds.",
)  # fmt: skip

PRODUCT_DAYS = Contract(
    "product_days",
    (
        SHOP,
        column("*product_id", "text", "platform product"),
        column("*date_day", "day", "day", unit="days since 1970-01-01"),
        column("impressions", "count", "shown"),
        column("clicks", "count", "clicked"),
        column("visitors", "count", "visitors"),
        column("dwell_seconds", "int64", "seconds on the page, all visitors", low=0),
        column("bounces", "count", "visits of one page"),
        column("inquiries", "count", "visitors who asked"),
        column("favourites", "count", "added to favourites"),
        column("cart_adds", "count", "added to the cart"),
        column("buyers", "count", "paying buyers"),
        column("units", "count", "pieces paid"),
        _cents("sales_cents", "paid amount"),
        IMPORT,
    ),
    meaning="Traffic and sales by product and day.",
)

TRAFFIC_DAYS = Contract(
    "traffic_days",
    (
        SHOP,
        column("*date_day", "day", "day", unit="days since 1970-01-01"),
        column("*source", "text", "where visitors came from, 'all' = the shop as a whole"),
        column("visitors", "count", "visitors"),
        _cents("cost_cents", "spent on this source"),
        column("orders", "count", "orders"),
        _cents("sales_cents", "paid amount"),
        IMPORT,
    ),
    meaning="Visitors, cost and sales by source and day.",
)

AD_DAYS = Contract(
    "ad_days",
    (
        SHOP,
        column("*date_day", "day", "day", unit="days since 1970-01-01"),
        column("*plan", "text", "advertising plan or scene, 'all' = not told by plan"),
        column("*product_id", "text", "product or other subject, 'all' = not told by product"),
        column("impressions", "count", "shown"),
        column("clicks", "count", "clicked"),
        _cents("cost_cents", "spent"),
        column("orders", "count", "orders the platform credits to it"),
        _cents("sales_cents", "amount the platform credits to it"),
        column("cart_adds", "count", "added to the cart"),
        column("favourites", "count", "added to favourites"),
        IMPORT,
    ),
    meaning="What was spent on advertising by day, plan and product, and what the platform credits to it.",
)

MONEY_MOVES = Contract(
    "money_moves",
    (
        MONTH,
        SHOP,
        column("*flow_id", "text", "number of the payment or settlement"),
        column("*order_id", "text", "order, 'all' = none is named"),
        column("*line", "text", "line of the order, 'all' = the order as a whole"),
        column("*kind", "text", "kind of movement as exported, 'all' = not told"),
        column("*at", "timestamp", "booked"),
        column("*n", "count", "1, or which of several movements that are alike in all that"),
        _day("day", "day it was booked"),
        _cents("income_cents", "came in"),
        _cents("expense_cents", "went out"),
        IMPORT,
    ),
    partition="month",
    month_from="at",
    meaning="What came into the shop's account and what went out, fees included.",
)

SHIPMENT_KINDS = (
    "shipped",
    "in_transit",
    "arrived_city",
    "out_for_delivery",
    "signed",
    "exception",
)
SHIPMENT_EVENTS = Contract(
    "shipment_events",
    (
        MONTH,
        SHOP,
        column("*order_id", "text", "order"),
        column("*at", "timestamp", "time of the event"),
        column("*kind", "text", "what happened", values=SHIPMENT_KINDS),
        _day("day", "day of the event"),
        column("carrier", "text", "carrier"),
        column(
            "waybill_digest",
            "text",
            "keyed digest of the waybill; never the number itself",
        ),
        IMPORT,
    ),
    partition="month",
    month_from="at",
    meaning="What happened to parcels.",
)

REVIEWS = Contract(
    "reviews",
    (
        MONTH,
        SHOP,
        column("*order_id", "text", "order"),
        column("*product_id", "text", "product, 'all' = the order as a whole"),
        column("rating", "int8", "stars 1..5; 好评 is 5, 中评 3, 差评 1", low=1, high=5),
        column("score_description?", "int8", "as described, 1..5", low=1, high=5),
        column("score_service?", "int8", "service, 1..5", low=1, high=5),
        column("score_logistics?", "int8", "logistics, 1..5", low=1, high=5),
        column("at", "timestamp", "time of the review"),
        _day("day", "day of the review"),
        column("has_photo", "bool", "with photo"),
        column(
            "topics",
            "text",
            "topics found, separated by blanks (the text is in the vault)",
        ),
        IMPORT,
    ),
    partition="month",
    month_from="at",
    meaning="One row per review of a bought product.",
)

PHONE_STATES = ("valid", "invalid", "masked", "none")
CUSTOMERS = Contract(
    "customers",
    (
        SHOP,
        column("*customer_id", "id", "stored number of a buyer, given at first sight"),
        column("first_seen", "timestamp", "time of the first order or record"),
        column("province", "text", "province last seen"),
        column("city", "text", "city last seen"),
        column("level", "text", "level on the platform"),
        column("birthday", "text", "'MM-DD', '' = unknown"),
        column("has_nick", "bool", "a full nick is known"),
        column("has_phone", "bool", "a phone is known"),
        column("has_email", "bool", "an e-mail is known"),
        column("phone_state", "text", "what kind of phone", values=PHONE_STATES),
        IMPORT,
    ),
    meaning="Facts about a buyer that are no identifier: which keys and contacts exist, not what they are.",
)

PERSON_MAP = Contract(
    "person_map",
    (
        SHOP,
        column("*customer_id", "id", "customer"),
        column("person_id", "id", "person the customer belongs to"),
        column("owner_id", "id", "owner across whose shops the person is one"),
        IMPORT,
    ),
    role="mirror",
    meaning="Which customers are one person. A customer without a row is a person with the same number.",
)

CUSTOMER_TAGS = Contract(
    "customer_tags", (SHOP, column("*person_id", "id", "person"), column("*tag", "text", "tag"), IMPORT),
    role="mirror", meaning="Tags of persons.",
)  # fmt: skip

CUSTOMER_REACH = Contract(
    "customer_reach",
    (
        SHOP,
        column("*person_id", "id", "person"),
        column("*channel", "text", "channel"),
        column("reachable", "bool", "may and can be reached on the channel"),
        column("reason", "text", "why not, '' = reachable"),
        column("consented?", "bool", "has a valid consent on the channel and did not refuse it since"),
        _day("last_marketing_day?", "day of the last marketing message"),
        column("touches_7", "count", "marketing messages in 7 days"),
        column("touches_30", "count", "marketing messages in 30 days"),
        IMPORT,
    ),
    role="mirror",
    meaning="Who may be reached how. The ledger decides again before sending.",
)

TOUCHES = Contract(
    "touches",
    (
        SHOP,
        column("*person_id", "id", "person"),
        column("*occasion_id", "id", "occasion of the message"),
        column("round_id?", "id", "round"),
        column("campaign_id?", "id", "campaign"),
        column("channel", "text", "channel"),
        column("arm", "text", "treated, held out or another arm of the experiment"),
        column("state", "text", "state of the message"),
        column("at", "timestamp", "time of that state"),
        _day("day", "day of that state"),
        column(
            "cost_millis",
            "int64",
            "cost of the message",
            unit="thousandths of a yuan",
            low=0,
        ),
        IMPORT,
    ),
    role="mirror",
    meaning="Who was to be reached by which occasion, and what became of it.",
)

ORDER_FLAGS = Contract(
    "order_flags",
    (
        SHOP,
        column("*order_id", "text", "order"),
        column(
            "flag",
            "text",
            "is it a fake order",
            values=("suspect", "confirmed", "cleared"),
        ),
        column("score", "int32", "points of suspicion"),
        column("reasons", "text", "codes of the reasons, separated by blanks"),
        IMPORT,
    ),
    role="mirror",
    meaning="Orders that were suspected of being fake, and what people decided.",
)

_WINDOWS = (30, 90, 180, 365)
CUSTOMER_FEATURES = Contract(
    "customer_features",
    (
        SHOP,
        column("*person_id", "id", "person"),
        column(
            "*as_of_day",
            "day",
            "day the features describe",
            unit="days since 1970-01-01",
        ),
        _day("first_day?", "first purchase day; null = never paid"),
        _day("last_day?", "last purchase day"),
        column("orders", "count", "purchase days (orders of one day count once)"),
        *(column(f"orders_{n}", "count", f"purchase days not more than {n} days ago") for n in _WINDOWS),
        _cents("paid_cents", "paid, refunds included", "sum_cents"),
        *(_cents(f"paid_cents_{n}", f"paid not more than {n} days ago", "sum_cents") for n in _WINDOWS),
        _cents("refunded_cents", "refunded, goods sent back that name no order included", "sum_cents"),
        _cents("net_cents", "paid minus refunded", "signed_sum_cents"),
        _cents(
            "net_cents_365",
            "paid minus refunded of orders paid not more than 365 days ago; what names no order by its own day",
            "signed_sum_cents",
        ),
        column("item_count", "int64", "pieces", low=0),
        column("mean_gap_days?", "ratio", "mean days between purchase days; null below two"),
        column(
            "rfm_orders?",
            "count",
            "purchase days that frequency is scored by: of the last days that the shop set; null = never paid",
        ),
        _cents(
            "rfm_cents?",
            "net amount of those days, which money is scored by; null = never paid",
            "signed_sum_cents",
        ),
        column("r_score?", "int8", "recency score 1..5, 5 = newest", low=1, high=5),
        column("f_score?", "int8", "frequency score 1..5", low=1, high=5),
        column("m_score?", "int8", "money score 1..5", low=1, high=5),
        column("r_high", "bool", "bought more recently than the cut"),
        column("f_high", "bool", "bought more often than the cut"),
        column("m_high", "bool", "spent more than the cut"),
        column(
            "rfm",
            "text",
            "class of the three highs; '' = never paid",
            values=(*RFM_CLASSES, ""),
        ),
        column(
            "lifecycle",
            "text",
            "stage by days since the last purchase",
            values=LIFECYCLES,
        ),
        column("group3", "text", "loyal first, then active, else ordinary", values=GROUPS),
        column("province", "text", "province of the last known place bought to, else of the customer"),
        column("city", "text", "city of the same place"),
        column("coupon_orders", "count", "orders with a coupon"),
        column(
            "weekday_mode?",
            "weekday",
            "weekday with most purchase days, ties to the earlier",
        ),
        column("hour_mode?", "hour", "hour in which most purchase days began, ties to the earlier"),
        column(
            "months_mask",
            "int32",
            "bit 0 = bought in a January … bit 11 = in a December",
            low=0,
            high=4095,
        ),
        *packed_days(),
        IMPORT,
    ),
    role="derived",
    # Who never bought first, then by the last purchase: an import, whose buyers bought of late, touches few files.
    file_rows=65_536,
    file_order="shop_id, as_of_day, coalesce(last_day, 0), person_id",
    meaning=(
        "What a shop knows of a person on a day. Counted orders only: paid, not flagged as fake; money back that names "
        "no order comes off on the day it was asked for. Scores are given when rows are read, by feature_lines; stored "
        "ones count where those have no row of the shop and day."
    ),
)


def _lines(letter: str, what: str, kind: str) -> tuple[Column, ...]:
    return (
        *(
            column(f"{letter}_{n}?", kind, f"{what} from which the score is {n} at least")
            for n in (2, 3, 4, 5)
        ),
        column(f"{letter}_high?", kind, f"{what} from which it is high"),
    )


FEATURE_LINES = Contract(
    "feature_lines",
    (
        SHOP,
        column("*as_of_day", "day", "day of the features", unit="days since 1970-01-01"),
        *_lines("r", "last purchase day", "int64"),
        *_lines("f", "rfm_orders", "int64"),
        *_lines("m", "rfm_cents", "int64"),
        IMPORT,
    ),
    role="derived",
    meaning=(
        "The lines by which customer_features are scored: a value gets the highest score whose line it reaches; null = "
        "nobody reaches it."
    ),
)

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        ORDERS,
        ORDER_STATES,
        ORDER_LINES,
        WAITING_LINES,
        REFUNDS,
        PRODUCTS,
        LIST_PRICES,
        PRODUCT_DAYS,
        TRAFFIC_DAYS,
        AD_DAYS,
        MONEY_MOVES,
        SHIPMENT_EVENTS,
        REVIEWS,
        CUSTOMERS,
        PERSON_MAP,
        CUSTOMER_TAGS,
        CUSTOMER_REACH,
        GROUP_MEMBERS,
        TOUCHES,
        REPLIES,
        SERVICE_CASES,
        ORDER_FLAGS,
        *PROMOTION_MIRRORS,
        CUSTOMER_FEATURES,
        FEATURE_LINES,
        CUSTOMER_VALUE,
    )
}
