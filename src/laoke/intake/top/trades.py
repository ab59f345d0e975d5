"""What a trade and a refund of the platform mean to Laoke: cents, moments, states, keys of the buyer.

Pure: a JSON object in, a value out. Amounts of trades are text in yuan, `coupon_fee` alone is in fen; times are GMT+8
without zone; ids may have 19 digits and stay text. Which fields are asked for and how sure each meaning is stands in
docs/reference/taobao.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.reading import statuses
from laoke.intake.reading.cells import EMPTY, EPOCH, IMPOSSIBLE, OK, decimal_units, time_micros
from laoke.intake.reading.places import province_name, short_city

LIST_FIELDS = "tid,status,created,modified"
# Name, phone and street of the receiver are not asked for: they come masked and serve nothing here.
TRADE_FIELDS = (
    "tid,status,type,created,pay_time,consign_time,end_time,modified,payment,total_fee,post_fee,adjust_fee,discount_fee,"
    "received_payment,step_trade_status,step_paid_fee,coupon_fee,buyer_nick,buyer_open_uid,ouid,omid,receiver_state,"
    "receiver_city,receiver_district,buyer_message,seller_memo,seller_flag,trade_from,orders,promotion_details"
)
REFUND_FIELDS = (
    "refund_id,tid,oid,status,created,modified,refund_fee,has_good_return,reason,refund_phase,dispute_type"
)

REFUND_STATES = {
    "WAIT_SELLER_AGREE": "买家已经申请退款，等待卖家同意",
    "WAIT_BUYER_RETURN_GOODS": "卖家已同意退款，等待买家退货",
    "WAIT_SELLER_CONFIRM_GOODS": "买家已经退货，等待卖家确认收货",
    "SELLER_REFUSE_BUYER": "卖家拒绝退款",
    "CLOSED": "退款关闭",
    "SUCCESS": "退款成功",
}
LINE_STATES = {
    "TRADE_NO_CREATE_PAY": "等待买家付款",
    "WAIT_BUYER_PAY": "等待买家付款",
    "PAY_PENDING": "等待买家付款",
    "WAIT_PRE_AUTH_CONFIRM": "等待买家付款",
    "PAID_FORBID_CONSIGN": "买家已付款，等待卖家发货",
    "WAIT_SELLER_SEND_GOODS": "买家已付款，等待卖家发货",
    "SELLER_CONSIGNED_PART": "部分发货",
    "WAIT_BUYER_CONFIRM_GOODS": "卖家已发货，等待买家确认",
    "TRADE_BUYER_SIGNED": "买家已签收",
    "TRADE_FINISHED": "交易成功",
    "TRADE_CLOSED": "交易关闭",
    "TRADE_CLOSED_BY_TAOBAO": "交易关闭",
}
SETTLED = frozenset({"SUCCESS", "CLOSED"})
_LARGEST_CENTS = 10**13
# Lines of a trade, steps of a parcel: the platform lets nobody buy a hundred things at once.
MOST_PARTS = 1000
# What the column of pieces holds.
_MOST_PIECES = 2**31 - 1
_COUPON_WORDS = ("券", "红包", "coupon", "bonus")


class RowUnreadable(Exception):
    """A trade or refund that cannot be taken as it is: a code of `ROW_REASONS` with its parameters."""

    def __init__(self, code: str, column: str, found: str = "") -> None:
        super().__init__(f"{code}: {column}")
        self.code, self.params = code, {"column": column, "found": found[:40]}


@dataclass(frozen=True, slots=True)
class Refund:
    """Money asked back. `order_id` and `line` are tid and oid."""

    refund_id: str
    order_id: str
    line: str
    cents: int
    kind: str
    phase: str
    reason: str
    status: str
    created: datetime
    modified: datetime

    @property
    def gave_back(self) -> int:
        """Cents that really went back."""
        return self.cents if self.status == "SUCCESS" else 0

    @property
    def state(self) -> str:
        return REFUND_STATES.get(self.status, self.status)

    @property
    def finished(self) -> datetime | None:
        return self.modified if self.status in SETTLED else None


@dataclass(frozen=True, slots=True)
class Line:
    """One sub order."""

    line: str
    product_id: str
    sku: str
    outer_code: str
    title: str
    quantity: int
    unit_cents: int
    paid_cents: int
    state: str
    refund_id: str


@dataclass(frozen=True, slots=True)
class Trade:
    """One order as the platform tells it now. `due` is what was to be paid, postage included."""

    order_id: str
    status: str
    created: datetime
    modified: datetime
    paid: datetime | None
    shipped: datetime | None
    finished: datetime | None
    due_cents: int
    goods_cents: int
    postage_cents: int
    platform_discount_cents: int
    deposit_cents: int
    balance_cents: int
    channel: str
    province: str
    city: str
    district: str
    coupon_used: bool
    memo_flag: int
    lines: tuple[Line, ...]
    keys: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def paid_cents(self) -> int:
        return self.due_cents if self.paid is not None else 0

    @property
    def seller_discount_cents(self) -> int:
        """What is missing between goods with postage and what was due, and the platform did not give."""
        return self.goods_cents + self.postage_cents - self.platform_discount_cents - self.due_cents

    def refunded_cents(self, refunds: Iterable[Refund]) -> int:
        """What went back. Closed after payment and no refund told: what came in went back whole."""
        told = sum(refund.gave_back for refund in refunds)
        if self.status == "closed_refunded" and not told:
            return self.paid_cents
        return min(told, self.paid_cents)


def listed(answer: Mapping[str, Any], outer: str, inner: str) -> list[dict[str, Any]]:
    """The rows of a doubly wrapped list (`trades.trade`); an empty one is often left out.

    Raises
    ------
    RowUnreadable
        when it is no list of objects, or longer than anything the platform lists.
    """
    wrapped = answer.get(outer) or {}
    rows = (wrapped.get(inner) or []) if isinstance(wrapped, dict) else wrapped
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RowUnreadable("word_unknown", outer, plain(rows))
    if len(rows) > MOST_PARTS:
        raise RowUnreadable("count_unreadable", outer, str(len(rows)))
    return rows


def trade_of(row: Mapping[str, Any], latest: datetime = datetime.max) -> Trade:
    """Read a trade.

    Raises
    ------
    RowUnreadable
        when an id, a time, an amount, the state or the lines are missing or not what they should be, or something
        happened after `latest`.
    """
    order_id, created = number_of(row, "tid"), moment_of(row, "created", latest, needed=True)
    assert created is not None
    code = statuses.status_code(plain(row.get("status")))
    if code >= len(statuses.STATUSES):
        raise RowUnreadable("status_unknown", "status", plain(row.get("status")))
    paid = moment_of(row, "pay_time", latest)
    due, postage = _cents(row, "payment", needed=True), _cents(row, "post_fee")
    coupon = _whole(row, "coupon_fee")
    deposit, balance = _two_stages(row, due)
    lines = tuple(_line(one, is_paid=paid is not None) for one in listed(row, "orders", "order"))
    if (pieces := sum(line.quantity for line in lines)) > _MOST_PIECES:
        raise RowUnreadable("count_unreadable", "num", str(pieces))
    city, district = plain(row.get("receiver_city")), plain(row.get("receiver_district"))
    if not city:  # municipalities and counties ruled by the province: the district is the city
        city, district = district, ""
    return Trade(
        order_id=order_id, status=statuses.STATUSES[code], created=created,
        modified=moment_of(row, "modified", latest) or created, paid=paid,
        shipped=moment_of(row, "consign_time", latest), finished=moment_of(row, "end_time", latest),
        due_cents=due, goods_cents=_cents(row, "total_fee"), postage_cents=postage,
        platform_discount_cents=coupon, deposit_cents=deposit, balance_cents=balance,
        channel=_channel(plain(row.get("trade_from"))), province=province_name(plain(row.get("receiver_state")))[:40],
        city=short_city(city)[:40], district=district[:40], coupon_used=coupon > 0 or _names_coupon(row),
        memo_flag=min(_whole(row, "seller_flag"), 9), lines=lines, keys=keys_of(row),
        texts={name: plain(row.get(name)) for name in ("buyer_message", "seller_memo") if plain(row.get(name))},
    )  # fmt: skip


def refund_of(row: Mapping[str, Any], latest: datetime = datetime.max) -> Refund:
    """Read a refund; raises RowUnreadable as `trade_of` does."""
    created = moment_of(row, "created", latest, needed=True)
    assert created is not None
    goods = row.get("has_good_return") in (True, "true") or "RETURN" in plain(row.get("dispute_type"))
    phase = {"onsale": "during", "aftersale": "after"}.get(plain(row.get("refund_phase")), "")
    return Refund(
        number_of(row, "refund_id"), number_of(row, "tid"), plain(row.get("oid")), _cents(row, "refund_fee"),
        "goods" if goods else "money", phase, plain(row.get("reason"))[:200], plain(row.get("status")),
        created, moment_of(row, "modified", latest) or created,
    )  # fmt: skip


def _line(row: Mapping[str, Any], *, is_paid: bool) -> Line:
    """`divide_order_fee` is the line's share of what was paid; older trades tell it by what the line shares instead."""
    if plain(row.get("divide_order_fee")):
        paid = _cents(row, "divide_order_fee")
    else:
        paid = max(0, _cents(row, "payment") - _cents(row, "part_mjz_discount"))
    status = plain(row.get("status"))
    refund = plain(row.get("refund_status"))
    return Line(
        line=number_of(row, "oid"), product_id=plain(row.get("num_iid")),
        sku=plain(row.get("sku_properties_name"))[:400],
        outer_code=plain(row.get("outer_sku_id")) or plain(row.get("outer_iid")),
        title=plain(row.get("title"))[:1000],
        quantity=_whole(row, "num"), unit_cents=_cents(row, "price"), paid_cents=paid if is_paid else 0,
        state=REFUND_STATES["SUCCESS"] if refund == "SUCCESS" else LINE_STATES.get(status, status),
        refund_id=plain(row.get("refund_id"))if refund not in ("", "NO_REFUND") else "",
    )  # fmt: skip


def _two_stages(row: Mapping[str, Any], due: int) -> tuple[int, int]:
    """Deposit and balance of a presale; none of either where the trade has one stage."""
    stage, paid = plain(row.get("step_trade_status")), _cents(row, "step_paid_fee")
    if stage not in ("FRONT_PAID_FINAL_NOPAID", "FRONT_PAID_FINAL_PAID") or not 0 < paid < due:
        return 0, 0
    return paid, due - paid


def _channel(trade_from: str) -> str:
    if not trade_from:
        return ""
    return "mobile" if "WAP" in trade_from.upper().split(",") else "pc"


def _names_coupon(row: Mapping[str, Any]) -> bool:
    """Whether one of the promotions calls itself a coupon: there is no field that says so."""
    names = (
        f"{one.get('promotion_name')} {one.get('promotion_id')}".lower()
        for one in listed(row, "promotion_details", "promotion_detail")
    )
    return any(word in name for name in names for word in _COUPON_WORDS)


def keys_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Keys of the buyer by role. A nick is one only in clear: masked it has stars, encrypted it begins with `~`."""
    names = {"open_uid": "buyer_open_uid", "ouid": "ouid", "omid": "omid", "nick": "buyer_nick"}
    found = {role: plain(row.get(name)) for role, name in names.items() if plain(row.get(name))}
    if found.get("nick", "").startswith("~"):
        del found["nick"]
    return found


def plain(value: object) -> str:
    """A cell as text that can be stored: without NUL, and halves of characters as `?`; nothing is ''."""
    text = "" if value is None else str(value).replace("\0", "").strip()
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def number_of(row: Mapping[str, Any], name: str) -> str:
    """The platform's number of a thing."""
    text = plain(row.get(name))
    if not text:
        raise RowUnreadable("id_missing", name)
    if not (text.isascii() and text.replace("-", "").isalnum() and len(text) <= 64):
        raise RowUnreadable("id_unreadable", name, text)
    return text


def _cents(row: Mapping[str, Any], name: str, *, needed: bool = False) -> int:
    text = plain(row.get(name))
    cents, state = decimal_units(text, 2)
    if state == EMPTY:
        if needed:
            raise RowUnreadable("money_missing", name)
        return 0
    if state != OK:
        raise RowUnreadable("money_unreadable", name, text)
    if cents < 0:
        raise RowUnreadable("negative_amount", name, text)
    if cents > _LARGEST_CENTS:
        raise RowUnreadable("money_too_large", name, text)
    return cents


def _whole(row: Mapping[str, Any], name: str) -> int:
    text = plain(row.get(name))
    count, state = decimal_units(text, 0)
    if state == EMPTY:
        return 0
    if state != OK or not 0 <= count <= _MOST_PIECES:
        raise RowUnreadable("count_unreadable", name, text)
    return count


def moment_of(
    row: Mapping[str, Any], name: str, latest: datetime, *, needed: bool = False
) -> datetime | None:
    """A time of the platform, None where none is told; after `latest` nothing can have happened."""
    text = plain(row.get(name))
    micros, state = time_micros(text)
    if state == EMPTY:
        if needed:
            raise RowUnreadable("time_missing", name)
        return None
    if state != OK:
        raise RowUnreadable("time_impossible" if state == IMPOSSIBLE else "time_unreadable", name, text)
    at = EPOCH + timedelta(microseconds=micros)
    if at > latest:
        raise RowUnreadable("time_ahead", name, text)
    return at
