"""Kinds of file of which each row is one fact that is no order: goods, days of traffic, refunds, money, parcels.

A kind says which table its rows go to, which roles its columns may play and how each fills a column of the table. Files
of orders and of their lines have rules of their own (`orders.py`, `lines.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FactGrain = Literal[
    "product",
    "product_day",
    "traffic_day",
    "ad_day",
    "refund",
    "money_move",
    "shipment",
    "item",
    "review",
    "customer",
]

# How a role becomes a column: `id` must look like one, `key` is text for which ALL stands where there is none, `cents`
# and `count` are numbers, `day` and `time` come from a time, `word` is one of a list (`fact_words.py`).
How = Literal["id", "key", "text", "cents", "count", "day", "time", "word"]

# What stands in a key column where the file does not divide by it: a report by day alone has one row for all products.
ALL = "all"


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One column of the table, the role that fills it, and how. `most` is the longest text kept, in characters."""

    name: str
    role: str
    how: How
    most: int = 200


@dataclass(frozen=True)
class FactKind:
    """A kind of file. `required` groups are satisfied by any one of their roles; `money` names the role that is summed,
    '' = the rows have none; `time` the role by which rows are held back, '' = none."""

    grain: FactGrain
    table: str
    zh: str
    en: str
    columns: tuple[FactColumn, ...]
    required: tuple[tuple[str, ...], ...]
    money: str = ""
    time: str = ""
    more_roles: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    derived: frozenset[str] = field(default_factory=frozenset)

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role of the kind: those of columns, those that others are worked out from, those that tell who."""
        named = dict.fromkeys(column.role for column in self.columns)
        return (*named, *self.more_roles, *self.identities)

    @property
    def id_roles(self) -> tuple[str, ...]:
        """Roles whose long numbers a spreadsheet may have damaged."""
        return tuple(dict.fromkeys(c.role for c in self.columns if c.how in ("id", "key")))


def _column(name: str, role: str, how: How, most: int = 200) -> FactColumn:
    return FactColumn(name, role, how, most)


PRODUCT = FactKind(
    "product", "products", "商品（成本、库存）", "goods with cost and stock",
    (
        _column("product_id", "product_id", "id"),
        _column("title", "title", "text", 1000),
        _column("category", "category", "text"),
        _column("list_price_cents", "list_price", "cents"),
        _column("cost_cents", "cost", "cents"),
        _column("season", "season", "text", 40),
        _column("listed_at", "listed_at", "time"),
        _column("stock", "stock", "count"),
    ),
    (("product_id",), ("title", "category", "list_price", "cost", "stock")),
)  # fmt: skip

PRODUCT_DAY = FactKind(
    "product_day", "product_days", "商品每日流量", "traffic of goods by day",
    (
        _column("product_id", "product_id", "id"),
        _column("date_day", "date", "day"),
        _column("impressions", "impressions", "count"),
        _column("clicks", "clicks", "count"),
        _column("visitors", "visitors", "count"),
        _column("inquiries", "inquiries", "count"),
        _column("favourites", "favourites", "count"),
        _column("cart_adds", "cart_adds", "count"),
        _column("buyers", "buyers", "count"),
        _column("units", "units", "count"),
        _column("sales_cents", "sales", "cents"),
    ),
    (("product_id",), ("date",)),
    money="sales", time="date", more_roles=("dwell_average", "bounce_rate"),
    derived=frozenset({"dwell_seconds", "bounces"}),
)  # fmt: skip

TRAFFIC_DAY = FactKind(
    "traffic_day", "traffic_days", "店铺每日流量", "traffic of the shop by day",
    (
        _column("date_day", "date", "day"),
        _column("source", "source", "key", 80),
        _column("visitors", "visitors", "count"),
        _column("orders", "orders", "count"),
        _column("sales_cents", "sales", "cents"),
    ),
    (("date",), ("visitors", "cost", "sales")),
    money="sales", time="date",
    more_roles=("cost", "cost_site", "cost_keyword", "cost_crowd", "cost_scene"), derived=frozenset({"cost_cents"}),
)  # fmt: skip

AD_DAY = FactKind(
    "ad_day", "ad_days", "推广报表", "advertising by day",
    (
        _column("date_day", "date", "day"),
        _column("plan", "plan", "key", 200),
        _column("product_id", "product_id", "key"),
        _column("impressions", "impressions", "count"),
        _column("clicks", "clicks", "count"),
        _column("cost_cents", "cost", "cents"),
        _column("orders", "orders", "count"),
        _column("sales_cents", "sales", "cents"),
        _column("cart_adds", "cart_adds", "count"),
        _column("favourites", "favourites", "count"),
    ),
    (("date",), ("cost",)),
    money="cost", time="date",
)  # fmt: skip

REFUND = FactKind(
    "refund", "refunds", "退款（售后单）", "refunds",
    (
        _column("refund_id", "refund_id", "id"),
        _column("order_id", "order_id", "id"),
        _column("line", "line_id", "text"),
        _column("amount_cents", "refund_amount", "cents"),
        _column("kind", "refund_kind", "word"),
        _column("phase", "refund_phase", "word"),
        _column("reason", "refund_reason", "text"),
        _column("state", "refund_state", "word"),
        _column("created_at", "asked_at", "time"),
        _column("finished_at", "settled_at", "time"),
    ),
    (("refund_id",), ("order_id",), ("refund_amount",), ("asked_at",), ("refund_state",)),
    money="refund_amount", time="asked_at",
)  # fmt: skip

MONEY_MOVE = FactKind(
    "money_move", "money_moves", "动账（收支明细）", "money movements",
    (
        _column("flow_id", "flow_id", "id"),
        _column("kind", "move_kind", "key", 80),
        _column("order_id", "order_id", "key"),
        _column("line", "line_id", "key"),
        _column("at", "booked_at", "time"),
    ),
    (("flow_id",), ("booked_at",), ("income", "amount")),
    money="amount", time="booked_at", more_roles=("income", "expense", "amount", "booked_day"),
    derived=frozenset({"income_cents", "expense_cents", "n"}),
)  # fmt: skip

SHIPMENT = FactKind(
    "shipment", "shipment_events", "物流轨迹", "shipment traces",
    (
        _column("order_id", "order_id", "id"),
        _column("at", "event_at", "time"),
        _column("kind", "event", "word"),
        _column("carrier", "carrier", "text", 40),
    ),
    (("order_id",), ("event_at",), ("event",)),
    time="event_at", identities=("waybill",), derived=frozenset({"waybill_digest"}),
)  # fmt: skip

ITEM = FactKind(
    "item", "waiting_lines", "订单里的商品明细", "items of orders",
    (
        _column("order_id", "order_id", "id"),
        _column("line", "line_id", "key"),
        _column("product_id", "product_id", "text"),
        _column("sku", "sku", "text"),
        _column("outer_code", "outer_code", "text"),
        _column("title", "title", "text", 1000),
        _column("quantity", "quantity", "count"),
        _column("paid_cents", "paid", "cents"),
        _column("refunded_cents", "refunded", "cents"),
        _column("line_status", "line_status", "text"),
    ),
    (("order_id",), ("title", "product_id", "outer_code"), ("quantity",), ("unit_price",)),
    money="paid", more_roles=("unit_price",), derived=frozenset({"unit_price_cents"}),
)  # fmt: skip

REVIEW = FactKind(
    "review", "reviews", "评价", "reviews",
    (
        _column("order_id", "order_id", "id"),
        _column("product_id", "product_id", "key"),
        _column("rating", "rating", "word"),
        _column("score_description", "score_description", "word"),
        _column("score_service", "score_service", "word"),
        _column("score_logistics", "score_logistics", "word"),
        _column("at", "reviewed_at", "time"),
        _column("has_photo", "photos", "word"),
    ),
    (("order_id",), ("rating",), ("reviewed_at",)),
    time="reviewed_at", identities=("review_title", "review_text", "review_more"), derived=frozenset({"topics"}),
)  # fmt: skip

# Keys that name a customer. A phone, an address or a receiver's name names nobody.
KEY_ROLES = ("nick", "member_id", "ouid", "omid")

CUSTOMER = FactKind(
    "customer", "customers", "客户名单", "lists of customers",
    (
        _column("first_seen", "joined_at", "time"),
        _column("province", "province", "text", 40),
        _column("city", "city", "text", 40),
        _column("level", "level", "text", 40),
    ),
    (KEY_ROLES,),
    identities=(
        *KEY_ROLES, "receiver_name", "phone", "email", "address", "birthday", "tags", "accepts_sms", "accepts_email",
        "accepts_for",
    ),
)  # fmt: skip

FACT_KINDS: dict[str, FactKind] = {
    kind.grain: kind
    for kind in (
        PRODUCT,
        PRODUCT_DAY,
        TRAFFIC_DAY,
        AD_DAY,
        REFUND,
        MONEY_MOVE,
        SHIPMENT,
        ITEM,
        REVIEW,
        CUSTOMER,
    )
}
