"""Trades and refunds as a batch of the loader: columns of the contracts, keys of the buyers beside them, sums."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from laoke.intake.loading.pulled import Pulled
from laoke.intake.reading.batches import QuarantinedRow, ReadingSummary, StagedBatch
from laoke.intake.reading.cells import OK, decimal_units, micros_of
from laoke.intake.reading.statuses import RANKS, STATUSES
from laoke.intake.top.others import Member, Rating, Trace
from laoke.intake.top.trades import Refund, Trade, plain

if TYPE_CHECKING:
    import pyarrow as pa

PROFILE, TRIAL_PROFILE = "top", "top_trial"
PULLED = (PROFILE, TRIAL_PROFILE)
# What of a row put aside is kept beside its number: enough to find it on the platform.
HEADER = ["tid", "status", "created", "modified", "payment"]
KEY_COLUMNS = ("nick", "open_uid", "ouid", "omid")
TEXT_COLUMNS = ("buyer_message", "seller_memo")


@dataclass(frozen=True)
class PutAside:
    """A trade that cannot be taken: the row as the platform told it, and why."""

    row: Mapping[str, Any]
    code: str
    params: dict[str, Any]


@dataclass
class Gathered:
    """What was read and is not stored yet. A trade that is read twice counts as it was read last."""

    trades: dict[str, Trade] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    aside: dict[str, PutAside] = field(default_factory=dict)
    ratings: dict[tuple[str, str], Rating] = field(default_factory=dict)
    traces: dict[tuple[str, datetime, str], Trace] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.refunds or len(self))

    def __len__(self) -> int:
        told = (self.trades, self.aside, self.ratings, self.traces, self.members)
        return sum(len(part) for part in told)


def staged(gathered: Gathered, *, name: str, trial: bool) -> Pulled:
    """The batch with its sums; `name` is what the list of imports calls it."""
    by_order: dict[str, list[Refund]] = {}
    for refund in gathered.refunds.values():
        by_order.setdefault(refund.order_id, []).append(refund)
    trades = list(gathered.trades.values())
    refunded = [trade.refunded_cents(by_order.get(trade.order_id, ())) for trade in trades]
    put_aside = rows_put_aside(gathered, len(trades))
    batch = StagedBatch(
        _orders(trades, refunded), _lines(trades, by_order), _refunds(list(gathered.refunds.values())),
        _identities(trades), put_aside,
    )  # fmt: skip
    sha = digest_of(name, sorted(gathered.trades), sorted(gathered.refunds), sorted(gathered.aside))
    return Pulled(name, profile_of(trial), sha, batch, _summary(trades, refunded, batch), HEADER)


def profile_of(trial: bool) -> str:
    return TRIAL_PROFILE if trial else PROFILE


def digest_of(*told: object) -> str:
    """What names a batch in the list of imports, as a file is named by its digest."""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def rows_put_aside(gathered: Gathered, taken: int) -> list[QuarantinedRow]:
    """What could not be read, numbered behind the rows that were taken."""
    return [_put_aside(number, one) for number, one in enumerate(gathered.aside.values(), taken + 1)]


def _put_aside(number: int, one: PutAside) -> QuarantinedRow:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(
        [plain(one.row.get(n)) for n in HEADER]
    )
    cents, state = decimal_units(str(one.row.get("payment") or ""), 2)
    readable = state == OK and cents >= 0
    return QuarantinedRow(number, one.code, one.params, cents if readable else 0, out.getvalue(), readable)


def _summary(trades: Sequence[Trade], refunded: Sequence[int], batch: StagedBatch) -> ReadingSummary:
    summary = ReadingSummary(
        paid_cents=sum(trade.paid_cents for trade in trades),
        refunded_cents=sum(refunded),
        orders=len(trades),
        lines=batch.lines.num_rows if batch.lines is not None else 0,
        refunds=batch.refunds.num_rows if batch.refunds is not None else 0,
    )
    due = sum(trade.due_cents for trade in trades)
    aside = sum(row.cents for row in batch.quarantined)
    summary.accepted.add(len(trades), due)
    summary.quarantined.add(len(batch.quarantined), aside)
    summary.read.add(len(trades) + len(batch.quarantined), due + aside)
    summary.money_unreadable = sum(not row.money_readable for row in batch.quarantined)
    summary.reasons.update(row.reason_code for row in batch.quarantined)
    if trades:
        summary.seen_at = max(trade.modified for trade in trades)
        summary.first_created = min(trade.created for trade in trades)
        summary.last_created = max(trade.created for trade in trades)
    return summary


def _orders(trades: Sequence[Trade], refunded: Sequence[int]) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from laoke.intake.reading.columns import time_columns

    rank = dict(zip(STATUSES, RANKS, strict=True))
    created = np.array([micros_of(trade.created) for trade in trades], np.int64)
    paid = np.array([micros_of(trade.paid) if trade.paid else 0 for trade in trades], np.int64)
    is_paid = np.array([trade.paid is not None for trade in trades], np.bool_)
    columns: dict[str, Any] = {
        "order_id": text_column(trade.order_id for trade in trades),
        "status": text_column(trade.status for trade in trades),
        **time_columns("created", created, None),
        **time_columns("paid", paid, is_paid),
        "shipped_at": time_column(trade.shipped for trade in trades),
        "finished_at": time_column(trade.finished for trade in trades),
        "modified_at": time_column(trade.modified for trade in trades),
        "goods_cents": _whole(trade.goods_cents for trade in trades),
        "total_cents": _whole(trade.due_cents for trade in trades),
        "paid_cents": _whole(trade.paid_cents for trade in trades),
        "refunded_cents": _whole(refunded),
        "postage_cents": _whole(trade.postage_cents for trade in trades),
        "seller_discount_cents": _whole(trade.seller_discount_cents for trade in trades),
        "platform_discount_cents": _whole(trade.platform_discount_cents for trade in trades),
        "deposit_cents": _whole(trade.deposit_cents for trade in trades),
        "balance_cents": _whole(trade.balance_cents for trade in trades),
        "item_count": pa.array([sum(line.quantity for line in trade.lines) for trade in trades], pa.int32()),
        "channel": text_column(trade.channel for trade in trades),
        "province": text_column(trade.province for trade in trades),
        "city": text_column(trade.city for trade in trades),
        "district": text_column(trade.district for trade in trades),
        "coupon_used": pa.array([trade.coupon_used for trade in trades], pa.bool_()),
        "close_reason": text_column("" for _ in trades),
        "memo_flag": pa.array([trade.memo_flag for trade in trades], pa.int8()),
        "titles": text_column("，".join(line.title for line in trade.lines)[:1000] for trade in trades),
        # The state is as old as its last change, not as our reading of it: read again it is the same row.
        "seen_at": time_column(trade.modified for trade in trades),
        "state_rank": pa.array([rank[trade.status] for trade in trades], pa.int8()),
        "row_no": _whole(range(1, len(trades) + 1)),
    }
    return pa.table(columns)


def _lines(trades: Sequence[Trade], by_order: Mapping[str, Sequence[Refund]]) -> pa.Table:
    import pyarrow as pa

    rows = [
        {
            "month": f"{trade.created:%Y-%m}", "order_id": trade.order_id, "line": line.line,
            "product_id": line.product_id, "sku": line.sku, "outer_code": line.outer_code, "title": line.title,
            "quantity": line.quantity,
            "unit_price_cents": line.unit_cents, "paid_cents": line.paid_cents,
            "refunded_cents": _back(line.line, line.paid_cents, by_order.get(trade.order_id, ())),
            "line_status": line.state, "created_day": _day(trade.created), "row_no": number,
        }
        for number, trade in enumerate(trades, 1)
        for line in trade.lines
    ]  # fmt: skip
    texts = ("month", "order_id", "line", "product_id", "sku", "outer_code", "title", "line_status")
    return pa.Table.from_pylist(
        rows,
        pa.schema(
            [(name, pa.string()) for name in texts]
            + [("quantity", pa.int32()), ("created_day", pa.int32())]
            + [(name, pa.int64()) for name in ("unit_price_cents", "paid_cents", "refunded_cents", "row_no")]
        ),
    )


def _back(line: str, paid: int, refunds: Iterable[Refund]) -> int:
    """What went back for a line; a refund may hold postage too, which is not the line's."""
    return min(paid, sum(refund.gave_back for refund in refunds if refund.line == line))


def _refunds(refunds: Sequence[Refund]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, Any] = {
        "month": text_column(f"{refund.created:%Y-%m}" for refund in refunds),
        "refund_id": text_column(refund.refund_id for refund in refunds),
        "order_id": text_column(refund.order_id for refund in refunds),
        "line": text_column(refund.line for refund in refunds),
        "amount_cents": _whole(refund.cents for refund in refunds),
        "kind": text_column(refund.kind for refund in refunds),
        "phase": text_column(refund.phase for refund in refunds),
        "reason": text_column(refund.reason for refund in refunds),
        "state": text_column(refund.state for refund in refunds),
        "created_at": time_column(refund.created for refund in refunds),
        "finished_at": time_column(refund.finished for refund in refunds),
        "created_day": pa.array([_day(refund.created) for refund in refunds], pa.int32()),
        "row_no": _whole(range(1, len(refunds) + 1)),
    }
    return pa.table(columns)


def _identities(trades: Sequence[Trade]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, Any] = {"row_no": _whole(range(1, len(trades) + 1))}
    for name in KEY_COLUMNS:
        columns[name] = pa.array([trade.keys.get(name) for trade in trades], pa.string())
    for name in TEXT_COLUMNS:
        columns[name] = pa.array([trade.texts.get(name) for trade in trades], pa.string())
    return pa.table(columns)


def _day(moment: datetime) -> int:
    return micros_of(moment) // 86_400_000_000


def text_column(values: Iterable[str]) -> pa.Array:
    """Texts as a column."""
    import pyarrow as pa

    return pa.array(list(values), pa.string())


def _whole(values: Iterable[int]) -> pa.Array:
    import pyarrow as pa

    return pa.array(list(values), pa.int64())


def time_column(values: Iterable[datetime | None]) -> pa.Array:
    """Moments as a column, none as null."""
    import pyarrow as pa

    return pa.array(list(values), pa.timestamp("us"))
