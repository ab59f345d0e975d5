"""Asking the platform: one page of a stream, and the details of what stands on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.reading.cells import EPOCH, OK, time_micros
from laoke.intake.top.call import TIME_FORMAT, TopClient, TopTrouble, not_believed, plain_text
from laoke.intake.top.others import RATING_FIELDS, member_of, rating_of, traces_of
from laoke.intake.top.staging import Gathered, PutAside
from laoke.intake.top.trades import (
    LIST_FIELDS,
    MOST_PARTS,
    REFUND_FIELDS,
    TRADE_FIELDS,
    Refund,
    RowUnreadable,
    listed,
    plain,
    refund_of,
    trade_of,
)

PAGE_SIZE = 50
# More rows than the largest shop that Laoke is made for holds in all; no window of a stream tells as many.
MOST_ROWS = 10_000_000
# A clock that is off by more than ten minutes would have been refused; the rest is for a slow answer.
CLOCK_BEARS = timedelta(minutes=15)


@dataclass(frozen=True)
class Page:
    """Rows of one page, which page comes next (None after the last), and the method that told it."""

    rows: list[dict[str, Any]]
    following: int | None
    method: str


def platform_time(client: TopClient, now: Callable[[], datetime]) -> datetime:
    """The platform's own time, GMT+8. `now` is ours: from a time far off, windows would begin years ago or ahead."""
    method = "taobao.time.get"
    told = str(client.call(method).get("time") or "")
    micros, state = time_micros(told)
    ours = now()
    at = EPOCH + timedelta(microseconds=micros)
    if state != OK or abs(at - ours) > CLOCK_BEARS:
        minutes = CLOCK_BEARS // timedelta(minutes=1)
        raise not_believed(
            method, plain_text(told[:80]) or "time = ?", f"{ours.strftime(TIME_FORMAT)} ± {minutes} min"
        )
    return at


def created_page(client: TopClient, since: datetime, until: datetime, page: int | None) -> Page:
    """Trades by creation, from the first page on: what is created later stands in later windows, so nothing moves."""
    number = page or 1
    method = _CREATED.method
    answer = client.call(
        method,
        {
            "fields": LIST_FIELDS, "start_created": since, "end_created": until, "page_no": number,
            "page_size": PAGE_SIZE, "use_has_next": True,
        },
    )  # fmt: skip
    more = answer.get("has_next") in (True, "true")
    most = MOST_ROWS // PAGE_SIZE
    if more and number >= most:
        raise not_believed(method, f"page_no = {number}, has_next = true", f"page_no 1–{most}")
    return Page(_rows(answer, _CREATED), number + 1 if more else None, method)


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


_CREATED = Listing("taobao.trades.sold.get", "trades", "trade")
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
        page = -(-_total(first, listing) // size)
        if page <= 1:
            return Page(_rows(first, listing), None, listing.method)
    answer = asked(page, counted=False)
    return Page(_rows(answer, listing), page - 1 if page > 1 else None, listing.method)


def _total(answer: Mapping[str, Any], listing: Listing) -> int:
    """How many rows the platform counts; none where it says nothing and lists nothing."""
    told = answer.get(listing.total)
    text, rows = "0" if told is None else str(told), len(_rows(answer, listing))
    total = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1
    if not rows <= total <= MOST_ROWS:
        shown = "?" if told is None else plain_text(text)[:40]
        raise not_believed(
            listing.method, f"{listing.total} = {shown}", f"{listing.total} {rows}–{MOST_ROWS}"
        )
    return total


def _rows(answer: Mapping[str, Any], listing: Listing) -> list[dict[str, Any]]:
    """The rows of a page: as many as were asked for at most, so that none of it is passed over unseen."""
    size = listing.size or PAGE_SIZE
    try:
        rows = listed(answer, listing.outer, listing.inner)
    except RowUnreadable as unreadable:
        found = str(unreadable.params["found"])
        raise not_believed(listing.method, f"{listing.outer} = {plain_text(found)}", "[{…}]") from None
    if len(rows) > size:
        raise not_believed(listing.method, f"{listing.outer} × {len(rows)}", f"{listing.outer} × 0–{size}")
    return rows


def gather_ratings(client: TopClient, rows: Iterable[Mapping[str, Any]], into: Gathered) -> None:
    """Keep the listed ratings. Of two of one product the later counts."""
    for row in rows:
        try:
            rating = rating_of(row, client.latest)
        except RowUnreadable as unreadable:
            _put_aside(row, unreadable, into, f"{plain(row.get('tid'))}-{plain(row.get('oid'))}")
            continue
        key = (rating.order_id, rating.product_id)
        if key not in into.ratings or into.ratings[key].at <= rating.at:
            into.ratings[key] = rating


def gather_members(client: TopClient, rows: Iterable[Mapping[str, Any]], into: Gathered) -> None:
    """Keep the listed members that have a key. What has none says nothing of anybody here, and holds a name."""
    for row in rows:
        try:
            member = member_of(row, client.latest)
        except RowUnreadable:
            member = member_of({**row, "last_trade_time": None}, client.latest)
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
        try:
            traces = traces_of(tid, answer, client.latest)
        except RowUnreadable as unreadable:
            found = plain_text(str(unreadable.params["found"]))
            raise not_believed(TRACE_METHOD, f"trace_list = {found}", f"[{{…}}] × 0–{MOST_PARTS}") from None
        for trace in traces:
            into.traces[trace.order_id, trace.at, trace.kind] = trace


def gather_trades(client: TopClient, rows: Iterable[Mapping[str, Any]], into: Gathered) -> None:
    """Ask for each listed trade in full, and for the refunds of its lines."""
    for row in rows:
        _gather(client, plain(row.get("tid") or ""), row, into)


def gather_refunds(client: TopClient, rows: Sequence[Mapping[str, Any]], into: Gathered) -> None:
    """Keep the listed refunds, and ask for the trade of each: its sums follow from them."""
    for row in rows:
        try:
            _keep(refund_of(row, client.latest), into)
        except RowUnreadable as unreadable:
            _put_aside(row, unreadable, into)
    for tid in dict.fromkeys(plain(row.get("tid") or "") for row in rows):
        _gather(client, tid, {"tid": tid}, into)


def _gather(client: TopClient, tid: str, listed_as: Mapping[str, Any], into: Gathered) -> None:
    row: Mapping[str, Any] = listed_as
    try:
        told = client.call("taobao.trade.fullinfo.get", {"fields": TRADE_FIELDS, "tid": tid}).get("trade")
        row = told if isinstance(told, dict) else listed_as
        trade = trade_of(row, client.latest)
        if trade.order_id != tid:
            # Else what was asked for would be neither here nor put aside, and asked for again without end.
            raise RowUnreadable("id_unreadable", "tid", trade.order_id)
        for refund_id in dict.fromkeys(
            line.refund_id for line in trade.lines if line.refund_id not in ("", "0")
        ):
            _keep(_refund(client, refund_id), into)
    except RowUnreadable as unreadable:
        _put_aside(row, unreadable, into, tid)
    except TopTrouble as trouble:
        if trouble.kind != "refused":
            raise
        # One trade that the platform does not tell must not hold up all others; it is put aside with its reason.
        _put_aside(row, RowUnreadable("platform_refused", "tid", trouble.text or trouble.code), into, tid)
    else:
        into.trades[trade.order_id] = trade
        into.aside.pop(trade.order_id, None)


def _refund(client: TopClient, refund_id: str) -> Refund:
    told = client.call("taobao.refund.get", {"fields": REFUND_FIELDS, "refund_id": refund_id}).get("refund")
    return refund_of(told if isinstance(told, dict) else {}, client.latest)


def _keep(refund: Refund, into: Gathered) -> None:
    """The later of what is known of a refund."""
    known = into.refunds.get(refund.refund_id)
    if known is None or known.modified <= refund.modified:
        into.refunds[refund.refund_id] = refund


def _put_aside(row: Mapping[str, Any], unreadable: RowUnreadable, into: Gathered, key: str = "") -> None:
    key = key or plain(row.get("tid") or row.get("refund_id"))
    if key not in into.trades:
        into.aside[key] = PutAside(row, unreadable.code, unreadable.params)
