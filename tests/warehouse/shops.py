"""Small histories for the warehouse's tests: an order by what matters, everything else neutral."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from laoke.warehouse.contracts import CONTRACTS, STATE_RANKS

EPOCH = datetime(1970, 1, 1)
CENTS = [name for name in CONTRACTS["orders"].names if name.endswith("_cents")]


def at(day: int, hour: int = 10) -> datetime:
    """A time on a day counted from 1970-01-01."""
    return EPOCH + timedelta(days=day, hours=hour)


def order(order_id: str, customer_id: int | None = 1, *, day: int = 17_000, **given: Any) -> dict[str, Any]:
    """One order, paid for 100.00 on `day` at ten unless told otherwise."""
    status = given.get("status", "finished")
    paid = None if status in ("unpaid", "closed_unpaid") else at(day)
    row: dict[str, Any] = dict.fromkeys(CENTS, 0)
    row |= dict.fromkeys(("channel", "province", "city", "district", "close_reason", "titles"), "")
    row |= {
        "shop_id": 1,
        "order_id": order_id,
        "customer_id": customer_id,
        "status": status,
        "created_at": at(day),
        "paid_at": paid,
        "goods_cents": 10_000,
        "total_cents": 10_000,
        "paid_cents": 0 if paid is None else 10_000,
        "item_count": 1,
        "coupon_used": False,
        "memo_flag": 0,
        "seen_at": at(18_000),
        "state_rank": STATE_RANKS[status],
        "import_id": 1,
    }
    return row | given


def refund(refund_id: str, customer_id: int | None = 1, *, day: int = 17_000, **given: Any) -> dict[str, Any]:
    """Goods sent back for 10.00 on `day` that name no order, settled, unless told otherwise."""
    return {
        "month": at(day).strftime("%Y-%m"), "shop_id": 1, "refund_id": refund_id, "order_id": "", "line": "",
        "customer_id": customer_id, "amount_cents": 1_000, "kind": "goods", "phase": "after", "reason": "",
        "state": "success", "created_at": at(day), "finished_at": at(day), "created_day": day, "import_id": 1,
    } | given  # fmt: skip


def orders(*rows: dict[str, Any]) -> pa.Table:
    """The rows as a table that keeps the contract of `orders`."""
    return table("orders", rows)


def numbered(*rows: dict[str, Any]) -> pa.Table:
    """Orders as intake hands them over: with a row_no each."""
    return orders(*rows).append_column("row_no", pa.array(range(len(rows)), pa.int64()))


def table(name: str, rows: list[dict[str, Any]] | tuple[dict[str, Any], ...]) -> pa.Table:
    contract = CONTRACTS[name]
    if not rows:
        return contract.empty()
    present = [field for field in contract.arrow_schema() if field.name in rows[0]]
    return contract.conform(pa.Table.from_pylist(list(rows), schema=pa.schema(present)))
