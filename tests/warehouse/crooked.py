"""One small shop whose sources contradict each other; every figure can be counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import at, order, orders, refund, table

DAY = 18_000


def line(order_id: str, number: str, paid_cents: int, *, table_name: str = "order_lines") -> dict[str, Any]:
    dated = {"month": "2019-04", "created_day": DAY} if table_name == "order_lines" else {}
    return dated | {
        "shop_id": 1, "order_id": order_id, "line": number, "product_id": "P1", "sku": "", "outer_code": "",
        "title": "茶", "quantity": 1, "unit_price_cents": paid_cents, "paid_cents": paid_cents,
        "refunded_cents": 0, "line_status": "", "import_id": 1,
    }  # fmt: skip


def move(order_id: str, day: int, income_cents: int) -> dict[str, Any]:
    return {
        "month": "2019-04", "shop_id": 1, "flow_id": f"F{order_id}{day}", "order_id": order_id, "line": "all",
        "kind": "交易", "at": at(day), "n": 1, "day": day, "income_cents": income_cents, "expense_cents": 0,
        "import_id": 1,
    }  # fmt: skip


def shop_day(day: int, sales_cents: int, source: str = "all") -> dict[str, Any]:
    return {
        "shop_id": 1, "date_day": day, "source": source, "visitors": 10, "cost_cents": 0, "orders": 1,
        "sales_cents": sales_cents, "import_id": 1,
    }  # fmt: skip


def review(order_id: str, day: int) -> dict[str, Any]:
    return {
        "month": "2019-04", "shop_id": 1, "order_id": order_id, "product_id": "all", "rating": 5,
        "score_description": None, "score_service": None, "score_logistics": None, "at": at(day), "day": day,
        "has_photo": False, "topics": "", "import_id": 1,
    }  # fmt: skip


def crooked_shop(root: Path) -> Warehouse:
    """The shop's tables below `root`."""
    made = Warehouse(root)
    made.append(
        "orders",
        orders(
            order("A1", 1, day=DAY, paid_cents=10_000, postage_cents=1_000),
            order("A2", 1, day=DAY, paid_cents=10_000),
            order("A3", None, day=DAY + 1, paid_cents=5_000, total_cents=5_000, refunded_cents=5_000),
            order("A4", 2, day=DAY + 1, status="unpaid", paid_cents=0),
            order("A5", 2, day=DAY + 50, paid_cents=10_000, platform_discount_cents=500),
            order("B1", 9, day=DAY, shop_id=2, paid_cents=77_000),
        ),
        app_id="1",
    )
    lines = [
        line("A1", "1", 4_000), line("A1", "2", 5_000),  # without postage: adds up
        line("A2", "1", 9_999),  # a cent is missing
        line("A4", "1", 3_000),  # never paid: left out
    ]  # fmt: skip
    made.append("order_lines", table("order_lines", lines), app_id="1")
    waits = [
        line("W1", "1", 100, table_name="waiting_lines"),
        line("W1", "2", 100, table_name="waiting_lines"),
    ]
    made.append("waiting_lines", table("waiting_lines", waits), app_id="1")
    back = [
        refund("R1", order_id="A3", amount_cents=5_000, day=DAY + 2),
        refund("R2", order_id="A3", amount_cents=1, state="退款成功", day=DAY + 2),
        refund("R3", order_id="A1", amount_cents=99_999, state="退款关闭", day=DAY + 2),
        refund("R4", order_id="gone", amount_cents=100, day=DAY + 3),
        refund("R5", day=DAY + 3),  # names no order: it does not wait for one
    ]
    made.append("refunds", table("refunds", back), app_id="1")
    moves = [
        move("A1", DAY, 10_000),
        move("A5", DAY + 60, 10_501),
        move("X", DAY + 61, 1),
        move("all", DAY + 62, 5),
    ]
    made.append("money_moves", table("money_moves", moves), app_id="1")
    days = [
        shop_day(DAY, 21_000),
        shop_day(DAY + 1, 5_264),
        shop_day(DAY + 50, 10_500),
        shop_day(DAY, 1, "搜索"),
    ]
    made.append("traffic_days", table("traffic_days", days), app_id="1")
    stars = [review("A1", DAY + 4), review("gone", DAY + 4)]
    made.append("reviews", table("reviews", stars), app_id="1")
    return made
