"""Asking the platform: one page of a stream, and the details of what stands on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.reading.cells import EPOCH, OK, time_micros
from laoke.intake.top.call import TopClient, TopTrouble
from laoke.intake.top.others import RATING_FIELDS, member_of, rating_of, traces_of
from laoke.intake.top.staging import Gathered, PutAside
from laoke.intake.top.trades import (
    LIST_FIELDS,
    REFUND_FIELDS,
    TRADE_FIELDS,
    Refund,
    RowUnreadable,
    listed,
    refund_of,
    trade_of,
)

PAGE_SIZE = 50


@dataclass(frozen=True)
class Page:
    """Rows of one page, and which page comes next: None after the last."""

    rows: list[dict[str, Any]]
    following: int | None


def platform_time(client: TopClient) -> datetime:
    """The platform's own time, GMT+8."""
    told = str(client.call("taobao.time.get").get("time") or "")
    micros, state = time_micros(told)
    if state != OK:
        raise TopTrouble("away", "taobao.time.get", code="unreadable")
    return EPOCH + timedelta(microseconds=micros)


def created_page(client: TopClient, since: datetime, until: datetime, page: int | None) -> Page:
    """Trades by creation, from the first page on: what is created later stands in later windows, so nothing moves."""
    number = page or 1
    answer = client.call(
        "taobao.trades.sold.get",
        {
            "fields": LIST_FIELDS, "start_created": since, "end_created": until, "page_no": number,
            "page_size": PAGE_SIZE, "use_has_next": True,
        },
    )  # fmt: skip
    more = answer.get("has_next") in (True, "true")
    return Page(listed(answer, "trades", "trade"), number + 1 if more else None)


@dataclass(frozen=True)
class Listing:
    """How a method lists its rows: the names of the doubly wrapped list, of the page and of the count, and how many
    rows a page has (None: as many as one of trades)."""

    method: str
    outer: str
    inner: str
    page: str = "page_no"
    total: str = "total_results"
    size: int | None = None
    counts_on_demand: bool = True


_CHANGED = Listing("taobao.trades.sold.increment.get", "trades", "trade")
_REFUNDS = Listing("taobao.refunds.receive.get", "refunds", "refund")
_RATINGS = Listing("taobao.traderates.get", "trade_rates", "trade_rate", size=100)
_MEMBERS = Listing(
    "taobao.crm.members.increment.get", "members", "basic_member", "current_page", "total_result", 100,
    counts_on_demand=False,
)  # fmt: skip
TRACE_METHOD = "taobao.logistics.trace.search"


def changed_page(client: TopClient, since: datetime, until: datetime, page: int | None) -> Page:
    """Trades by their last change, from the last page to the first."""
    told = {"fields": LIST_FIELDS, "start_modified": since, "end_modified": until}
    return _from_the_last(client, _CHANGED, told, page)


def refund_page(client: TopClient, since: datetime, until: datetime, page: int | None) -> Page:
    """Refunds by their last change, from the last page to the first."""
    told = {"fields": REFUND_FIELDS, "start_modified": since, "end_modified": until}
    return _from_the_last(client, _REFUNDS, told, page)


def rating_page(client: TopClient, since: datetime, until: datetime, page: int | None) -> Page:
    """What buyers said of us, by when they said it."""
    told = {
        "fields": RATING_FIELDS,
        "rate_type": "get",
        "role": "buyer",
        "start_date": since,
        "end_date": until,
    }
    return _from_the_last(client, _RATINGS, told, page)


def member_page(client: TopClient, since: datetime, until: datetime, page: int | None) -> Page:
    """Members by their last change."""
    return _from_the_last(client, _MEMBERS, {"start_modify": since, "end_modify": until}, page)


def _from_the_last(client: TopClient, listing: Listing, told: Mapping[str, object], page: int | None) -> Page:
    """A row that is changed while we read leaves the window, and what stood behind it moves one place to the front:
    onto pages that are still to be read when reading goes from the last page to the first. So it may be read twice,
    and is never left out. The row itself stands in a later window."""
    size = listing.size or PAGE_SIZE

    def asked(number: int, counted: bool) -> dict[str, Any]:
        more = {"use_has_next": not counted} if listing.counts_on_demand else {}
        return client.call(listing.method, {**told, listing.page: number, "page_size": size, **more})

    if page is None:
        first = asked(1, counted=True)
        page = -(-int(first.get(listing.total) or 0) // size)
        if page <= 1:
            return Page(listed(first, listing.outer, listing.inner), None)
    answer = asked(page, counted=False)
    return Page(listed(answer, listing.outer, listing.inner), page - 1 if page > 1 else None)


def gather_ratings(client: TopClient, rows: Iterable[Mapping[str, Any]], into: Gathered) -> None:
    """Keep the listed ratings. Of two of one product the later counts."""
    for row in rows:
        try:
            rating = rating_of(row)
        except RowUnreadable as unreadable:
            _put_aside(row, unreadable, into, f"{row.get('tid')}-{row.get('oid')}")
            continue
        key = (rating.order_id, rating.product_id)
        if key not in into.ratings or into.ratings[key].at <= rating.at:
            into.ratings[key] = rating


def gather_members(client: TopClient, rows: Iterable[Mapping[str, Any]], into: Gathered) -> None:
    """Keep the listed members that have a key. What has none says nothing of anybody here, and holds a name."""
    for row in rows:
        try:
            member = member_of(row)
        except RowUnreadable:
            member = member_of({**row, "last_trade_time": None})
        if member.keys:
            into.members.append(member)


def gather_traces(client: TopClient, order_ids: Iterable[str], into: Gathered) -> None:
    """Ask what happened to the parcel of each order; one without a parcel tells nothing."""
    for tid in order_ids:
        try:
            answer = client.call(TRACE_METHOD, {"tid": tid})
        except TopTrouble as trouble:
            # Refused for this order, not for all of them.
            if trouble.kind != "refused" or not trouble.code.startswith("15 "):
                raise
            continue
        for trace in traces_of(tid, answer):
            into.traces[trace.order_id, trace.at, trace.kind] = trace


def gather_trades(client: TopClient, rows: Iterable[Mapping[str, Any]], into: Gathered) -> None:
    """Ask for each listed trade in full, and for the refunds of its lines."""
    for row in rows:
        _gather(client, str(row.get("tid") or ""), row, into)


def gather_refunds(client: TopClient, rows: Sequence[Mapping[str, Any]], into: Gathered) -> None:
    """Keep the listed refunds, and ask for the trade of each: its sums follow from them."""
    for row in rows:
        try:
            _keep(refund_of(row), into)
        except RowUnreadable as unreadable:
            _put_aside(row, unreadable, into)
    for tid in dict.fromkeys(str(row.get("tid") or "") for row in rows):
        _gather(client, tid, {"tid": tid}, into)


def _gather(client: TopClient, tid: str, listed_as: Mapping[str, Any], into: Gathered) -> None:
    row: Mapping[str, Any] = listed_as
    try:
        told = client.call("taobao.trade.fullinfo.get", {"fields": TRADE_FIELDS, "tid": tid}).get("trade")
        row = told if isinstance(told, dict) else listed_as
        trade = trade_of(row)
        for refund_id in dict.fromkeys(
            line.refund_id for line in trade.lines if line.refund_id not in ("", "0")
        ):
            _keep(_refund(client, refund_id), into)
    except RowUnreadable as unreadable:
        _put_aside(row, unreadable, into)
    except TopTrouble as trouble:
        if trouble.kind != "refused":
            raise
        # One trade that the platform does not tell must not hold up all others; it is put aside with its reason.
        _put_aside(row, RowUnreadable("platform_refused", "tid", trouble.text or trouble.code), into)
    else:
        into.trades[trade.order_id] = trade
        into.aside.pop(trade.order_id, None)


def _refund(client: TopClient, refund_id: str) -> Refund:
    told = client.call("taobao.refund.get", {"fields": REFUND_FIELDS, "refund_id": refund_id}).get("refund")
    return refund_of(told if isinstance(told, dict) else {})


def _keep(refund: Refund, into: Gathered) -> None:
    """The later of what is known of a refund."""
    known = into.refunds.get(refund.refund_id)
    if known is None or known.modified <= refund.modified:
        into.refunds[refund.refund_id] = refund


def _put_aside(row: Mapping[str, Any], unreadable: RowUnreadable, into: Gathered, key: str = "") -> None:
    key = key or str(row.get("tid") or row.get("refund_id") or "")
    if key not in into.trades:
        into.aside[key] = PutAside(row, unreadable.code, unreadable.params)
