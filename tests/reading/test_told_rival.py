"""Rows that tell the money of their order, read by the reader and by a slow one written for nothing but clarity."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laoke.intake.reading import Limits, choose_layout, open_source, read_batches
from laoke.money import allocate
from tests.reading.exports import table_text

HEADER = ["单", "时", "付", "态", "应付", "实付", "退款", "邮费", "号", "货", "件", "价", "行付", "行退"]
ROLES = [
    "order_id", "created_at", "paid_at", "status", "total", "paid", "refunded", "postage", "nick", "product_id",
    "quantity", "unit_price", "line_paid", "line_refunded",
]  # fmt: skip
SMALL = Limits(batch_rows=3, buffer_bytes=4096, cell_bytes=300, part_bytes=300)
FORMS = [
    ROLES,
    [role for role in ROLES if role not in ("line_paid", "line_refunded")],
    [role for role in ROLES if role not in ("total", "paid", "refunded")],
    [role for role in ROLES if role not in ("paid", "paid_at", "unit_price")],
    [role for role in ROLES if role not in ("total", "paid", "refunded", "line_paid", "line_refunded")],
]

MONEY = st.sampled_from(["", "", "0.00", "0.05", "9.99", "10.00", "30.00", "99.98", "x", "-1.00"])
CELLS = st.tuples(
    st.sampled_from(["A1", "A2", "A3", "A4", ""]),
    st.sampled_from(["", "2024-01-02 10:00:00", "2024-01-02 10:00:00", "2024-01-03 10:00:00", "soon"]),
    st.sampled_from(["", "", "2024-01-02 11:00:00"]),
    st.sampled_from(["", "", "交易成功", "交易成功", "交易关闭", "等待买家付款", "飞走了"]),
    MONEY, MONEY, MONEY, st.sampled_from(["", "0.00", "5.00"]),
    st.sampled_from(["", "", "one", "two"]),
    st.sampled_from(["p", "q", ""]),
    st.sampled_from(["1", "1", "2", "3", "0", "", "1.5", "-1"]),
    st.sampled_from(["10.00", "9.99", "0", "", "33.333", "y"]),
    MONEY, MONEY,
)  # fmt: skip
REPEATED = ("created_at", "paid_at", "status", "total", "paid", "refunded", "postage", "nick")


def cents(text: str) -> int | None:
    """None where the cell is empty; ValueError where it is no amount."""
    if not text:
        return None
    try:
        amount = Decimal(text) * 100
    except InvalidOperation as error:
        raise ValueError(text) from error
    if amount != int(amount) or amount < 0:
        raise ValueError(text)
    return int(amount)


def usable(row: dict[str, str]) -> bool:
    """Whether a line can be used as it stands."""
    try:
        pieces = int(row["quantity"])
        price = Decimal(row.get("unit_price") or "0")
        cents(row.get("line_paid", "")), cents(row.get("line_refunded", ""))
    except (ValueError, InvalidOperation):
        return False
    return pieces >= 0 and price >= 0 and bool(row["product_id"])


def goods_of(row: dict[str, str]) -> int:
    return int((int(row["quantity"]) * Decimal(row.get("unit_price") or "0") * 100 + Decimal("0.5")) // 1)


def rival(rows: list[dict[str, str]]) -> tuple[dict[str, Any], int]:
    """Orders with what was paid, given back, and paid for each line; and how many rows were put aside."""
    orders: dict[str, Any] = {}
    aside = sum(1 for row in rows if not row["order_id"])
    for number in dict.fromkeys(row["order_id"] for row in rows if row["order_id"]):
        mine = [row for row in rows if row["order_id"] == number]
        found = settled(mine) if all(map(usable, mine)) else None
        if found is None:
            aside += len(mine)
        else:
            orders[number] = found
    return orders, aside


def settled(mine: list[dict[str, str]]) -> Any:
    """One order, or None where it has to be put aside."""
    told: dict[str, str] = {}
    for role in REPEATED:
        values = [row[role] for row in mine if row.get(role)]
        if role in mine[0] and len(set(values)) > 1:
            return None
        told[role] = values[0] if values else ""
    if not told["created_at"] or told["created_at"] == "soon" or told["status"] == "飞走了":
        return None
    try:
        money = {role: cents(told[role]) for role in ("total", "paid", "refunded", "postage")}
    except ValueError:
        return None
    goods, line_paid = [goods_of(row) for row in mine], [cents(row.get("line_paid", "")) for row in mine]
    line_back = [cents(row.get("line_refunded", "")) or 0 for row in mine]
    postage = money["postage"] or 0
    if not {"total", "paid"} & set(mine[0]):
        if "line_paid" not in mine[0]:
            money["total"] = sum(goods) + postage
        elif any(paid is not None for paid in line_paid):
            money["total"] = sum(paid or 0 for paid in line_paid) + postage
    if money["total"] is None and money["paid"] is None:
        return None
    total = money["paid"] if money["total"] is None else money["total"]
    refunded = money["refunded"] or 0
    if "refunded" not in mine[0]:
        refunded = sum(line_back)
    paid, back, status = came_in(mine[0], told, total or 0, money["paid"], refunded)
    share = max(paid - postage, 0)
    all_told = "line_paid" in mine[0] and None not in line_paid
    weights = [paid or 0 for paid in line_paid] if all_told else goods
    return status, paid, back, allocate(share, weights if any(weights) else [1] * len(weights))


def came_in(
    row: dict[str, str], told: dict[str, str], total: int, paid: int | None, refunded: int
) -> tuple[int, int, str]:
    """Rules 5 to 7 of docs/reference/layouts.md."""
    has_paid = "paid" in row
    actual = (paid or 0) if has_paid else total
    if "paid_at" in row:
        is_paid = bool(told["paid_at"])
    else:
        refused = told["status"] == "等待买家付款" or (told["status"] == "交易关闭" and not refunded)
        is_paid = not refused and total > 0
    word = told["status"]
    if word == "交易关闭":
        told_back = is_paid if "paid_at" in row else refunded > 0
        status = "closed_refunded" if told_back else "closed_unpaid"
    elif word:
        status = {"交易成功": "finished", "等待买家付款": "unpaid"}[word]
    else:
        full = refunded > 0 and refunded >= (total if total > 0 else actual)
        status = "unpaid" if not is_paid else "closed_refunded" if full else "paid"
    if not is_paid:
        return 0, 0, status
    amount = total if has_paid and actual + refunded == total else max(actual, refunded)
    if status == "closed_refunded" and refunded == 0:
        tells_refund = "refunded" in row or "line_refunded" in row
        if not (has_paid and actual > 0):
            return total, total, status
        if not tells_refund:
            return amount, amount, status
    return amount, refunded, status


def by_reader(path: Path, roles: list[str], engine: Any) -> tuple[dict[str, Any], int]:
    mapping = dict(zip(ROLES, HEADER, strict=True))
    mapping = {role: name for role, name in mapping.items() if role in roles}
    with open_source(path, limits=SMALL, mapping=mapping) as source:
        reading = read_batches(source, choose_layout(source, mapping, grain="line"), engine=engine)
        batches = list(reading)
    assert reading.summary.adds_up
    paid_by: dict[str, list[int]] = {}
    for batch in batches:
        for line in batch.lines.to_pylist() if batch.lines else []:
            paid_by.setdefault(line["order_id"], []).append(line["paid_cents"])
    orders = {
        order["order_id"]: (
            order["status"],
            order["paid_cents"],
            order["refunded_cents"],
            paid_by[order["order_id"]],
        )
        for batch in batches
        for order in batch.orders.to_pylist()
    }
    assert reading.summary.accepted.cents == sum(sum(order[3]) for order in orders.values())
    assert reading.summary.quarantined.rows == sum(len(batch.quarantined) for batch in batches)
    return orders, reading.summary.quarantined.rows


@pytest.mark.parametrize("roles", FORMS, ids=["all", "order money", "line money", "no times", "prices"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CELLS, min_size=1, max_size=7))
def test_the_slow_reader_finds_the_same_orders_and_shares(
    tmp_path: Path, roles: list[str], rows: Any
) -> None:
    path = tmp_path / "lines.csv"
    # the first row keeps the file readable whatever is drawn
    first = (
        "A0",
        "2024-01-02 10:00:00",
        "",
        "等待买家付款",
        "1.00",
        "",
        "",
        "",
        "",
        "p",
        "1",
        "1.00",
        "",
        "",
    )
    path.write_text(table_text(HEADER, first, *rows), encoding="utf-8")
    told = [
        {role: cell for role, cell in zip(ROLES, row, strict=True) if role in roles} for row in (first, *rows)
    ]
    assert by_reader(path, roles, "plain") == rival(told)
    assert by_reader(path, roles, "compiled") == rival(told)
