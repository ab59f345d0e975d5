"""Small shops for the signals of fake orders: orders by the minute, parcels by the hour, read straight from memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from laoke.insights.fake_orders.rules import Rules
from laoke.warehouse.engine import Reader
from tests.warehouse.shops import EPOCH, order, table

DAY = 18_000
MIDDAY = EPOCH + timedelta(days=DAY, hours=12)
TEA = "龙井茶 250g"
EVERY_SIGNAL = Rules(threshold=30, memo_flags=(4,))


def placed(order_id: str, customer_id: int | None = 1, *, seconds: int = 0, **given: Any) -> dict[str, Any]:
    """An order of tea, so many seconds after the midday of DAY, shipped after six hours, confirmed after ten days."""
    at = MIDDAY + timedelta(seconds=seconds)
    row = order(
        order_id, customer_id, created_at=at, paid_at=at, titles=TEA, province="浙江省", city="杭州市"
    )
    return row | {
        "shipped_at": at + timedelta(hours=6),
        "finished_at": at + timedelta(days=10),
    } | given  # fmt: skip


def event(order_id: str, kind: str, hours: float, waybill: str = "") -> dict[str, Any]:
    """What happened to a parcel, so many hours after the midday of DAY."""
    at = MIDDAY + timedelta(hours=hours)
    return {
        "month": at.strftime("%Y-%m"), "shop_id": 1, "order_id": order_id, "at": at, "kind": kind,
        "day": (at - EPOCH).days, "carrier": "中通", "waybill_digest": waybill or f"w-{order_id}", "import_id": 1,
    }  # fmt: skip


def refund(order_id: str, cents: int, hours: float, **given: Any) -> dict[str, Any]:
    """Money alone given back, asked for so many hours after the midday of DAY and settled an hour later."""
    at = MIDDAY + timedelta(hours=hours)
    return {
        "month": at.strftime("%Y-%m"), "shop_id": 1, "refund_id": f"R{order_id}", "order_id": order_id, "line": "",
        "customer_id": 1, "amount_cents": cents, "kind": "money", "phase": "after", "reason": "", "state": "done",
        "created_at": at, "finished_at": at + timedelta(hours=1), "created_day": (at - EPOCH).days, "import_id": 1,
    } | given  # fmt: skip


def reader_of(tmp_path: Any, **tables: list[dict[str, Any]]) -> Reader:
    """A reader of these rows and of nothing else."""
    return Reader(tmp_path / "nothing", {}, {name: table(name, rows) for name, rows in tables.items()})


def rows_of(
    reader: Reader, rules: Rules = EVERY_SIGNAL, days: tuple[int, int] = (DAY, DAY)
) -> list[dict[str, Any]]:
    """What the query says of every order with any signal at all."""
    asked = {**rules.params(), "floor": 1, "elsewhere": 0}
    return reader.query("fake_signals", shop_id=1, from_day=days[0], to_day=days[1], **asked).to_pylist()


def moment(seconds: int) -> datetime:
    return MIDDAY + timedelta(seconds=seconds)
