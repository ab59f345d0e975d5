"""What a batch of each kind of fact may tell: its fields, the role that each plays in a file, and what it may hold.

The same list checks a row, writes it as a row of a file, makes the OpenAPI document and the reference page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from laoke.intake.reading.roles import Grain
from laoke.intake.reading.statuses import STATUSES

# `cents` are not negative, `signed` may be; `percent` and `number` have up to two decimals; `buyer` and `lines` hold
# fields of their own.
Type = Literal[
    "id", "text", "cents", "signed", "count", "time", "day", "choice", "flag", "percent", "number", "buyer", "lines"
]  # fmt: skip

# What a batch may hold at most. More is sent as several batches.
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_ROWS: Final = 2_000
MOST_LINES_OF_ORDER: Final = 200
MOST_LINES: Final = 10_000

# The tables' own words, each with a word that the reader of files understands as just that.
STATUS_WORDS: Final = {
    "unpaid": "待付款",
    "paid": "买家已付款",
    "partly_shipped": "部分发货",
    "shipped": "卖家已发货",
    "signed": "已签收",
    "finished": "交易成功",
    "closed_unpaid": "TRADE_CLOSED_BY_TAOBAO",
    "closed_refunded": "TRADE_CLOSED",
}
assert tuple(STATUS_WORDS) == STATUSES
EVENT_WORDS: Final = {
    "shipped": "GOT",
    "in_transit": "ARRIVAL",
    "arrived_city": "SENT_CITY",
    "out_for_delivery": "SENT_SCAN",
    "signed": "SIGNED",
    "exception": "FAILED",
}
CHANNEL_WORDS: Final = {"mobile": "手机", "pc": "电脑"}
FLAG_WORDS: Final = {"none": "0", "red": "1", "yellow": "2", "green": "3", "blue": "4", "purple": "5"}
REFUND_KINDS: Final = {"money": "仅退款", "goods": "退货退款"}
REFUND_PHASES: Final = {"during": "售中", "after": "售后"}
REFUND_STATES: Final = {"open": "处理中", "refunded": "退款成功", "closed": "退款关闭"}


@dataclass(frozen=True)
class Field:
    """One field of a row. `role` is what it is in a file ('' = it only holds others), `words` its choices with the
    words of a file, `personal` whether it names a person: such a value is never quoted back."""

    name: str
    type: Type
    en: str
    role: str = ""
    required: bool = False
    longest: int = 200
    words: dict[str, str] = field(default_factory=dict)
    personal: bool = False


@dataclass(frozen=True)
class SentKind:
    """One kind of batch: the last part of its address, the grain of its file, its fields. Of each group in `one_of` a
    row fills at least one."""

    name: str
    grain: Grain
    en: str
    fields: tuple[Field, ...]
    one_of: tuple[tuple[str, ...], ...] = ()

    @property
    def by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}


def _id(name: str, role: str, en: str, *, required: bool = False) -> Field:
    return Field(name, "id", en, role, required, 64)


def _text(name: str, role: str, en: str, longest: int = 200) -> Field:
    return Field(name, "text", en, role, longest=longest)


def _cents(name: str, role: str, en: str, *, required: bool = False) -> Field:
    return Field(name, "cents", en, role, required)


def _count(name: str, role: str, en: str, *, required: bool = False) -> Field:
    return Field(name, "count", en, role, required)


def _time(name: str, role: str, en: str, *, required: bool = False) -> Field:
    return Field(name, "time", en, role, required)


def _choice(name: str, role: str, en: str, words: dict[str, str], *, required: bool = False) -> Field:
    return Field(name, "choice", en, role, required, words=words)


def _person(name: str, role: str, en: str, longest: int = 200) -> Field:
    return Field(name, "text", en, role, longest=longest, personal=True)


BUYER: Final = (
    _person("nick", "nick", "full nick on the platform; a strong key"),
    _person("member_id", "member_id", "your own customer number; a strong key"),
    _person("ouid", "ouid", "buyer id of the shop; a strong key"),
    _person("omid", "omid", "buyer id of the owner; a strong key"),
    _person("phone", "phone", "mobile phone of the receiver"),
    _person("email", "email", "e-mail"),
    _person("name", "receiver_name", "name of the receiver"),
    _text("province", "province", "province", 40),
    _text("city", "city", "city", 40),
    _text("district", "district", "district", 40),
    _person("address", "address", "whole address", 500),
)
LINE: Final = (
    Field("line_id", "id", "number of the line, steady from batch to batch", "line_id", longest=64),
    Field("product_id", "id", "product", "product_id", longest=64),
    _text("outer_code", "outer_code", "your own code of the product", 200),
    _text("sku", "sku", "variant", 200),
    _text("title", "title", "title", 1000),
    _count("quantity", "quantity", "pieces", required=True),
    _cents("unit_price_cents", "unit_price", "price of one piece"),
    _cents("paid_cents", "line_paid", "what was paid for the line; without it the order's money is split by price"),
    _cents("refunded_cents", "line_refunded", "what went back for the line"),
)  # fmt: skip
ORDER: Final = (
    _id("order_id", "order_id", "order", required=True),
    _time("created_at", "created_at", "placed at", required=True),
    _choice("status", "status", "how far it is", STATUS_WORDS, required=True),
    _time("paid_at", "paid_at", "paid at; without it an order that its status calls paid counts as paid when placed"),
    _time("shipped_at", "shipped_at", "shipped at"),
    _time("finished_at", "finished_at", "receipt confirmed at"),
    _time("modified_at", "modified_at", "last changed at"),
    _cents("total_cents", "total", "what was due"),
    _cents("paid_cents", "paid", "what the buyer paid"),
    _cents("refunded_cents", "refunded", "what went back"),
    _cents("goods_cents", "goods", "goods without postage"),
    _cents("postage_cents", "postage", "postage"),
    Field("seller_discount_cents", "signed", "discount of the shop", "seller_discount"),
    Field("platform_discount_cents", "signed", "discount of the platform", "platform_discount"),
    _cents("deposit_cents", "deposit", "deposit"),
    _cents("balance_cents", "balance", "balance"),
    _count("item_count", "item_count", "pieces, of an order without lines"),
    _text("titles", "titles", "what it is of, of an order without lines", 1000),
    _choice("channel", "channel", "where it was placed", CHANNEL_WORDS),
    Field("coupon_used", "flag", "whether a coupon was used", "coupon_used"),
    _choice("memo_flag", "memo_flag", "colour of the shop's flag", FLAG_WORDS),
    _text("close_reason", "close_reason", "why it was closed", 200),
    _person("buyer_message", "buyer_message", "what the buyer wrote", 1000),
    _person("seller_memo", "seller_memo", "what the shop noted", 1000),
    Field("buyer", "buyer", "who bought, and where it goes"),
    Field("lines", "lines", "what was bought; all orders of a batch have lines, or none has"),
)  # fmt: skip

ORDERS = SentKind(
    "orders", "order", "orders, with lines and contact", ORDER, (("total_cents", "paid_cents"),)
)
ORDER_ITEMS = SentKind(
    "order-items", "item", "items of orders, also before their orders",
    (
        _id("order_id", "order_id", "order", required=True),
        _id("line_id", "line_id", "number of the line"),
        _id("product_id", "product_id", "product"),
        _text("outer_code", "outer_code", "your own code of the product"),
        _text("sku", "sku", "variant"),
        _text("title", "title", "title", 1000),
        _count("quantity", "quantity", "pieces", required=True),
        _cents("unit_price_cents", "unit_price", "price of one piece", required=True),
        _cents("paid_cents", "paid", "what was paid for the line"),
        _cents("refunded_cents", "refunded", "what went back for the line"),
        _text("line_status", "line_status", "state in your words"),
    ),
    (("title", "product_id", "outer_code"),),
)  # fmt: skip
REFUNDS = SentKind(
    "refunds", "refund", "refunds; money and state of their orders follow",
    (
        _id("refund_id", "refund_id", "refund", required=True),
        _id("order_id", "order_id", "order", required=True),
        _text("line_id", "line_id", "number of the line", 64),
        _cents("amount_cents", "refund_amount", "amount", required=True),
        _choice("kind", "refund_kind", "only money, or with goods", REFUND_KINDS),
        _choice("phase", "refund_phase", "before or after the receipt was confirmed", REFUND_PHASES),
        _text("reason", "refund_reason", "reason"),
        _choice("state", "refund_state", "how far it is", REFUND_STATES, required=True),
        _time("asked_at", "asked_at", "asked for at", required=True),
        _time("settled_at", "settled_at", "settled at"),
    ),
)  # fmt: skip
PRODUCTS = SentKind(
    "products", "product", "goods with cost and stock",
    (
        _id("product_id", "product_id", "product", required=True),
        _text("title", "title", "title", 1000),
        _text("category", "category", "category"),
        _cents("list_price_cents", "list_price", "list price"),
        _cents("cost_cents", "cost", "cost of one piece"),
        _text("season", "season", "season", 40),
        _time("listed_at", "listed_at", "listed at"),
        _count("stock", "stock", "pieces in stock"),
    ),
    (("title", "category", "list_price_cents", "cost_cents", "stock"),),
)  # fmt: skip
PRODUCT_DAYS = SentKind(
    "product-days", "product_day", "traffic of goods by day",
    (
        _id("product_id", "product_id", "product", required=True),
        Field("date", "day", "day", "date", required=True),
        _count("impressions", "impressions", "impressions"),
        _count("clicks", "clicks", "clicks"),
        _count("visitors", "visitors", "visitors"),
        _count("inquiries", "inquiries", "visitors who asked"),
        _count("favourites", "favourites", "favourites"),
        _count("cart_adds", "cart_adds", "cart adds"),
        _count("buyers", "buyers", "paying buyers"),
        _count("units", "units", "pieces paid"),
        _cents("sales_cents", "sales", "paid amount"),
        Field("dwell_average_seconds", "number", "average seconds on the page", "dwell_average"),
        Field("bounce_rate_percent", "percent", "visitors who left at once, of a hundred", "bounce_rate"),
    ),
)  # fmt: skip
TRAFFIC_DAYS = SentKind(
    "traffic-days", "traffic_day", "traffic of the shop by day",
    (
        Field("date", "day", "day", "date", required=True),
        _text("source", "source", "traffic source; left out = the whole shop", 80),
        _count("visitors", "visitors", "visitors"),
        _count("orders", "orders", "paid orders"),
        _cents("sales_cents", "sales", "paid amount"),
        _cents("cost_cents", "cost", "what was spent"),
    ),
    (("visitors", "cost_cents", "sales_cents"),),
)  # fmt: skip
AD_DAYS = SentKind(
    "ad-days", "ad_day", "advertising by day, plan and product",
    (
        Field("date", "day", "day", "date", required=True),
        _text("plan", "plan", "plan; left out = all plans"),
        _id("product_id", "product_id", "product; left out = all goods"),
        _count("impressions", "impressions", "impressions"),
        _count("clicks", "clicks", "clicks"),
        _cents("cost_cents", "cost", "what was spent", required=True),
        _count("orders", "orders", "paid orders"),
        _cents("sales_cents", "sales", "paid amount"),
        _count("cart_adds", "cart_adds", "cart adds"),
        _count("favourites", "favourites", "favourites"),
    ),
)  # fmt: skip
SHIPMENTS = SentKind(
    "shipments", "shipment", "what happened to parcels",
    (
        _id("order_id", "order_id", "order", required=True),
        _time("at", "event_at", "when it happened", required=True),
        _choice("event", "event", "what happened", EVENT_WORDS, required=True),
        _text("carrier", "carrier", "carrier", 40),
        _person("waybill", "waybill", "waybill; only its digest is kept", 64),
    ),
)  # fmt: skip
MONEY_MOVES = SentKind(
    "money-moves", "money_move", "movements of money",
    (
        _id("flow_id", "flow_id", "movement", required=True),
        _text("kind", "move_kind", "kind, in your words", 80),
        _id("order_id", "order_id", "order"),
        _id("line_id", "line_id", "number of the line"),
        _time("booked_at", "booked_at", "booked at", required=True),
        Field("amount_cents", "signed", "amount: positive came in, negative went out", "amount", required=True),
    ),
)  # fmt: skip

SENT_KINDS: Final[dict[str, SentKind]] = {
    kind.name: kind
    for kind in (
        ORDERS, ORDER_ITEMS, REFUNDS, PRODUCTS, PRODUCT_DAYS, TRAFFIC_DAYS, AD_DAYS, SHIPMENTS, MONEY_MOVES,
    )
}  # fmt: skip


def parts_of(kind: SentKind) -> Iterator[tuple[str, Field]]:
    """Every field that plays a role, with its path as an error names it: `buyer.phone`, `lines[].title`."""
    for one in kind.fields:
        if one.type == "buyer":
            yield from ((f"{one.name}.{inner.name}", inner) for inner in BUYER)
        elif one.type == "lines":
            yield from ((f"{one.name}[].{inner.name}", inner) for inner in LINE)
        else:
            yield one.name, one
