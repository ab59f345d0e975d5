"""What the loopback of the platform answers to each method, by the platform's own rules.

Three months back and no further, one day at most between two changes, pages counted from the newest, empty lists left
out. A rule that the product relies on stands here so that a test fails when the product breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from laoke.intake.top.loopback_others import members_of, ratings_of, trace_row
from laoke.intake.top.loopback_shop import SELLER_ID, TIME_FORMAT, MadeShop

Row = TypeVar("Row")
HISTORY, RATINGS_KEPT = timedelta(days=90), timedelta(days=180)
LONGEST_SPAN = timedelta(days=1)
LARGEST_PAGE = 100
DEFAULT_PAGE = 40


class Refused(Exception):
    """An `error_response`."""

    def __init__(self, code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(msg)
        self.body = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg}


def time_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The platform's own time."""
    return {"time": now.strftime(TIME_FORMAT)}


def sold_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Trades by creation, newest first, of the last three months."""
    since = max(_moment(params, "start_created", now - HISTORY), now - HISTORY)
    until = _moment(params, "end_created", now)
    found = [trade for trade in shop.visible(now) if since <= trade.created <= until]
    found.sort(key=lambda trade: (trade.created, trade.tid), reverse=True)
    return _page(params, found, "trades", "trade", lambda trade: _told(params, shop.row(trade, now)))


def increment_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Trades by their last change, the latest change first, one day at most."""
    since, until = _moment(params, "start_modified"), _moment(params, "end_modified")
    if not since < until or until - since > LONGEST_SPAN:
        raise _wrong("end_modified")
    changed = [(shop.modified(trade, now), trade) for trade in shop.visible(now)]
    found = [(at, trade) for at, trade in changed if since <= at <= until and trade.created >= now - HISTORY]
    found.sort(key=lambda pair: (pair[0], pair[1].tid), reverse=True)
    return _page(params, found, "trades", "trade", lambda pair: _told(params, shop.row(pair[1], now)))


def fullinfo_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """One trade with all that was asked for."""
    trade = shop.trades.get(params.get("tid", ""))
    if trade is None or trade.created > now:
        raise Refused(15, "Remote service error", "isv.trade-not-exist", "交易不存在")
    return {"trade": _told(params, shop.row(trade, now))}


def refunds_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Refunds by their last change, the latest first."""
    since, until = _moment(params, "start_modified", now - HISTORY), _moment(params, "end_modified", now)
    pairs = [pair for pair in shop.refunds(now) if since <= pair[1].modified(now) <= until]
    pairs.sort(key=lambda pair: (pair[1].modified(now), pair[1].refund_id), reverse=True)
    return _page(params, pairs, "refunds", "refund", lambda pair: _told(params, shop.refund_row(*pair, now)))


def refund_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """One refund."""
    for trade, refund in shop.refunds(now):
        if refund.refund_id == params.get("refund_id"):
            return {"refund": _told(params, shop.refund_row(trade, refund, now))}
    raise Refused(15, "Remote service error", "isv.refund-not-exist", "退款不存在")


def user_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The seller whose session it is."""
    return {"user": _told(params, {"user_id": int(SELLER_ID), "nick": "演练店"})}


def permit(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Messages of this seller are told from now on."""
    return {"is_success": True}


def ratings_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What buyers said, of the last 180 days, the latest first."""
    if (params.get("rate_type"), params.get("role")) != ("get", "buyer"):
        raise _wrong("role")
    since = max(_moment(params, "start_date", now - RATINGS_KEPT), now - RATINGS_KEPT)
    until = _moment(params, "end_date", now)
    found = [one for one in ratings_of(shop, now) if since <= one.at <= until]
    found.sort(key=lambda one: (one.at, one.oid), reverse=True)
    return _page(params, found, "trade_rates", "trade_rate", lambda one: _told(params, one.row()), most=150)


def trace_search(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The way of a trade's parcel until now."""
    trade = shop.trades.get(params.get("tid", ""))
    if trade is None or trade.created > now:
        raise Refused(15, "Remote service error", "isv.trade-not-exist", "交易不存在")
    if trade.shipped is None or trade.shipped > now:
        raise Refused(15, "Remote service error", "isv.logistics-order-not-exist", "没有物流订单")
    return trace_row(trade, now)


def members_get(shop: MadeShop, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Members by their last change, a hundred at most; always counted."""
    since, until = _moment(params, "start_modify", datetime(2008, 1, 1)), _moment(params, "end_modify", now)
    found = [one for one in members_of(shop, now) if since <= one.modified <= until]
    found.sort(key=lambda one: (one.modified, one.buyer), reverse=True)
    size, number = _whole(params, "page_size", 20, 100), _whole(params, "current_page", 1, 1000)
    rows = [one.row() for one in found[(number - 1) * size : number * size]]
    return {**({"members": {"basic_member": rows}} if rows else {}), "total_result": len(found)}


METHODS: dict[str, Callable[[MadeShop, Mapping[str, str], datetime], dict[str, Any]]] = {
    "taobao.time.get": time_get,
    "taobao.trades.sold.get": sold_get,
    "taobao.trades.sold.increment.get": increment_get,
    "taobao.trade.fullinfo.get": fullinfo_get,
    "taobao.refunds.receive.get": refunds_get,
    "taobao.refund.get": refund_get,
    "taobao.user.seller.get": user_get,
    "taobao.tmc.user.permit": permit,
    "taobao.traderates.get": ratings_get,
    "taobao.logistics.trace.search": trace_search,
    "taobao.crm.members.increment.get": members_get,
}


def _page(
    params: Mapping[str, str],
    found: Sequence[Row],
    outer: str,
    inner: str,
    told: Callable[[Row], dict[str, Any]],
    most: int = LARGEST_PAGE,
) -> dict[str, Any]:
    number, size = (
        _whole(params, "page_no", 1, 10**6),
        _whole(params, "page_size", DEFAULT_PAGE, most),
    )
    rows = [told(row) for row in found[(number - 1) * size : number * size]]
    answer: dict[str, Any] = {outer: {inner: rows}} if rows else {}
    if params.get("use_has_next") == "true":
        return answer | {"has_next": number * size < len(found)}
    return answer | {"total_results": len(found)}


def _told(params: Mapping[str, str], row: dict[str, Any]) -> dict[str, Any]:
    """The fields that were asked for, and no other."""
    wanted = params.get("fields", "")
    if not wanted:
        raise Refused(40, "Missing required arguments:fields")
    return {name: row[name] for name in wanted.split(",") if name in row}


def _moment(params: Mapping[str, str], name: str, default: datetime | None = None) -> datetime:
    text = params.get(name, "")
    if not text and default is not None:
        return default
    try:
        return datetime.strptime(text, TIME_FORMAT)
    except ValueError:
        raise _wrong(name) from None


def _whole(params: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = params.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise _wrong(name)
    return int(text)


def _wrong(name: str) -> Refused:
    return Refused(41, f"Invalid arguments:{name}", "isv.invalid-parameter", f"参数{name}无效")
