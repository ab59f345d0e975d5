"""Ratings, traces and levels as batches of the loader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from laoke.intake.loading.pulled import Others, Pulled
from laoke.intake.reading.batches import ReadingSummary, StagedBatch
from laoke.intake.reading.kinds import SHIPMENT, FactKind
from laoke.intake.top.others import Member, Rating, Trace, newest_levels
from laoke.intake.top.staging import (
    Gathered,
    digest_of,
    profile_of,
    rows_put_aside,
    text_column,
    time_column,
)

if TYPE_CHECKING:
    import pyarrow as pa

HEADER = ["tid", "oid", "result", "created"]
# Kinds that no file has, so they are not among its grains.
RATINGS = FactKind("review", "reviews", "评价", "ratings", (), ())  # type: ignore[arg-type]
LEVELS = FactKind("member", "customers", "会员等级", "levels of members", (), ())  # type: ignore[arg-type]


def staged_ratings(gathered: Gathered, *, name: str, trial: bool) -> Pulled:
    """Ratings; their words are set apart for the vault."""
    import pyarrow as pa

    ratings = list(gathered.ratings.values())
    words = pa.table({"review_text": text_column(one.text for one in ratings)})
    told = frozenset({"rating", "at"})
    return _pulled(gathered, name, trial, _rating_rows(ratings), words, Others(RATINGS, told))


def staged_traces(gathered: Gathered, *, name: str, trial: bool) -> Pulled:
    """What happened to parcels."""
    import pyarrow as pa

    traces = list(gathered.traces.values())
    waybills = pa.table({"waybill": text_column(one.waybill for one in traces)})
    told = frozenset({"carrier", "waybill_digest"})
    return _pulled(gathered, name, trial, _trace_rows(traces), waybills, Others(SHIPMENT, told))


def staged_levels(gathered: Gathered, *, name: str, trial: bool, now: datetime) -> Pulled:
    """Levels, with the keys by which their buyers are found."""
    import pyarrow as pa

    members = newest_levels(gathered.members)
    keys = {
        role: pa.array([one.keys.get(role) for one in members], pa.string())
        for role in ("nick", "open_uid", "ouid", "omid")
    }
    told = frozenset({"level"})
    return _pulled(gathered, name, trial, _level_rows(members, now), pa.table(keys), Others(LEVELS, told))


def _pulled(
    gathered: Gathered,
    name: str,
    trial: bool,
    rows: pa.Table,
    identities: pa.Table | None,
    others: Others,
) -> Pulled:
    import pyarrow as pa

    aside = rows_put_aside(gathered, rows.num_rows)
    empty = pa.table({})
    table = others.kind.table
    batch = StagedBatch(empty, None, None, empty if identities is None else identities, aside, {table: rows})
    summary = ReadingSummary()
    summary.accepted.add(rows.num_rows, 0)
    summary.quarantined.add(len(aside), 0)
    summary.read.add(rows.num_rows + len(aside), 0)
    summary.reasons.update(row.reason_code for row in aside)
    told = [
        rows.num_rows,
        sorted(gathered.aside),
        [str(one) for one in gathered.ratings],
        len(gathered.traces),
    ]
    return Pulled(name, profile_of(trial), digest_of(name, told), batch, summary, HEADER, others)


def _rating_rows(ratings: Sequence[Rating]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, Any] = {
        "month": text_column(f"{one.at:%Y-%m}" for one in ratings),
        "order_id": text_column(one.order_id for one in ratings),
        "product_id": text_column(one.product_id for one in ratings),
        "rating": pa.array([one.rating for one in ratings], pa.int8()),
        "at": time_column(one.at for one in ratings),
        # The platform tells no pictures here, and topics are not guessed from words.
        "has_photo": pa.repeat(pa.scalar(False), len(ratings)),
        "topics": text_column("" for _ in ratings),
    }
    return pa.table(columns)


def _trace_rows(traces: Sequence[Trace]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, Any] = {
        "month": text_column(f"{one.at:%Y-%m}" for one in traces),
        "order_id": text_column(one.order_id for one in traces),
        "at": time_column(one.at for one in traces),
        "kind": text_column(one.kind for one in traces),
        "carrier": text_column(one.carrier for one in traces),
    }
    return pa.table(columns)


def _level_rows(members: Sequence[Member], now: datetime) -> pa.Table:
    """Whoever is seen here first is known since the latest deal; of all others the stored row keeps the rest."""
    import pyarrow as pa

    count = len(members)
    nothing, no = text_column("" for _ in members), pa.repeat(pa.scalar(False), count)
    columns: dict[str, Any] = {
        "first_seen": time_column(one.last_trade or now for one in members),
        "province": nothing, "city": nothing, "level": text_column(one.level for one in members), "birthday": nothing,
        "has_nick": no, "has_phone": no, "has_email": no, "phone_state": text_column("none" for _ in members),
    }  # fmt: skip
    return pa.table(columns)
