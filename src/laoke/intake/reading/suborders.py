"""Orders put together from sub-orders that have a state and money of their own, as Douyin exports them.

Money and pieces add up. The order is closed when all of its sub-orders are; else it is as far as the one that lags
behind, and partly shipped when one was shipped and another was not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from laoke.intake.reading import statuses
from laoke.intake.reading.parts import groups_of
from laoke.intake.reading.shares import sums

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.records import Codes, Numbers

_LAST = 2**62


def put_together(units: pa.Table, codes: Codes, begins: Numbers) -> pa.Table:
    """One row per order of sub-orders in the columns of `orders`; orders begin at `begins`, `codes` are the statuses of
    the sub-orders. Where one sub-order speaks for all (place, channel, reason) it is the first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    first = units.take(pa.array(begins))
    status = _together(codes, begins)
    columns = {name: first.column(name) for name in units.column_names}
    for name in units.column_names:
        column = units.column(name)
        if name.endswith("_cents"):
            columns[name] = pa.array(sums(column.to_numpy(), begins))
        elif name == "item_count":
            pieces = sums(column.to_numpy().astype(np.int64), begins)
            columns[name] = pa.array(np.minimum(pieces, 2**31 - 1).astype(np.int32))
    for stem, latest in (
        ("created", False),
        ("paid", False),
        ("shipped", False),
        ("finished", True),
        ("modified", True),
    ):
        chosen = units.take(pa.array(_chosen(units.column(f"{stem}_at"), begins, latest=latest)))
        own = {"month", "created_at"} if stem == "created" else set()
        for name in units.column_names:
            if name in own or (name.startswith(f"{stem}_") and not name.endswith("_cents")):
                columns[name] = chosen.column(name)
    used = (
        units.column("coupon_used").to_numpy(zero_copy_only=False) if len(begins) else np.zeros(0, np.bool_)
    )
    columns["coupon_used"] = pa.array(np.logical_or.reduceat(used, begins) if len(begins) else used)
    columns["status"] = pa.array([statuses.STATUSES[code] for code in status], pa.string())
    columns["state_rank"] = pa.array(np.array(statuses.RANKS, np.int8)[status])
    columns["close_reason"] = pc.if_else(
        pa.array(status >= statuses.CLOSED_UNPAID), first.column("close_reason"), pa.scalar("")
    )
    return pa.table(columns)


def _together(codes: Codes, begins: Numbers) -> Codes:
    if not len(begins):
        return codes
    closed = codes >= statuses.CLOSED_UNPAID
    lagging = np.minimum.reduceat(np.where(closed, 99, codes), begins)
    furthest = np.maximum.reduceat(np.where(closed, -1, codes), begins)
    ended = np.maximum.reduceat(codes, begins)  # refunded goes before never paid
    some_sent = (lagging <= statuses.PARTLY_SHIPPED) & (lagging >= statuses.PAID) & (furthest > statuses.PAID)
    status = np.where(some_sent, statuses.PARTLY_SHIPPED, lagging)
    # one sub-order was paid, so all of them were
    status = np.where((status == statuses.UNPAID) & (furthest > statuses.UNPAID), statuses.PAID, status)
    found: Codes = np.where(furthest < 0, ended, status).astype(np.int32)
    return found


def _chosen(times: pa.ChunkedArray, begins: Numbers, *, latest: bool) -> Numbers:
    """The row of each group with its earliest or latest time; without any, its first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    micros = pc.fill_null(times.cast(pa.int64()), -_LAST if latest else _LAST).to_numpy()
    group = groups_of(begins, len(micros))
    order = np.lexsort((-micros if latest else micros, group))
    chosen: Numbers = order[begins] if len(begins) else begins
    return chosen
