"""Real exports, where they lie beside the project: exact counts and sums."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from laoke.intake.reading import IntakeRefused, choose_layout, open_source
from tests.reading.exports import orders_of, read_all, table_text, write


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_two_years_of_a_bookshop(shared: Path, engine: Any) -> None:
    batches, reading = read_all(shared / "ExportOrderList_derived_2017_2018.csv", engine=engine)
    summary = reading.summary
    assert (summary.accepted.rows, summary.accepted.cents) == (2660, 48531902)
    assert (summary.quarantined.rows, summary.ignored) == (0, 0)
    # 371,107.39 by the columns, and 8,709.04 of 48 orders that were closed after payment with no amount told
    assert (summary.paid_cents, summary.refunded_cents) == (37_110_739 + 870_904, 2_747_004 + 870_904)
    assert (summary.first_created, summary.last_created) == (
        datetime(2017, 1, 2, 23, 28, 56),
        datetime(2018, 12, 31, 15, 21, 11),
    )
    nicks = {nick for batch in batches for nick in batch.identities.column("nick").to_pylist()}
    assert len(nicks) == 1817
    assert not any(row["paid_at"] for row in orders_of(batches) if row["month"] == "2018-04")


def test_the_bookshop_known_up_to_october(shared: Path) -> None:
    _, reading = read_all(
        shared / "ExportOrderList_derived_2017_2018.csv", until=datetime(2018, 10, 31, 23, 59, 59)
    )
    summary = reading.summary
    assert summary.accepted.rows + summary.held_back.rows == 2660
    assert summary.accepted.cents + summary.held_back.cents == 48531902
    assert summary.last_created is not None and summary.last_created < datetime(2018, 11, 1)


def test_a_year_of_a_gift_wholesaler(shared: Path) -> None:
    _, reading = read_all(shared / "online_retail.csv.gz")
    summary = reading.summary
    assert (summary.read.rows, summary.read.cents) == (541_909, 974_774_793)
    assert (summary.lines, summary.refunds, summary.orders) == (531_282, 9_288, 20_725)
    assert dict(summary.reasons) == {"negative_count": 1336, "bookkeeping_row": 3}


def test_reviews_in_a_book_are_no_orders(shared: Path) -> None:
    with (
        open_source(shared / "reviews_hairwash_tmall.xlsx") as source,
        pytest.raises(IntakeRefused) as caught,
    ):
        choose_layout(source)
    assert caught.value.code == "header_not_recognised"


@pytest.mark.parametrize(
    ("name", "part"),
    [("olist_orders_dataset", 0), ("olist_order_items_dataset", 1), ("olist_order_payments_dataset", 2)],
)
def test_files_of_olist_tell_orders_only_together(shared: Path, name: str, part: int) -> None:
    with open_source(shared / "olist" / f"{name}.csv") as source, pytest.raises(IntakeRefused) as caught:
        choose_layout(source)
    assert (caught.value.code, caught.value.params["part"]) == ("part_alone", part)


def test_olist_joined_to_one_file_of_lines_is_read_by_a_mapping(shared: Path, tmp_path: Path) -> None:
    orders = {row["order_id"]: row for row in _rows(shared / "olist" / "olist_orders_dataset.csv")}
    people = {row["customer_id"]: row for row in _rows(shared / "olist" / "olist_customers_dataset.csv")}
    header = ["order", "placed", "approved", "status", "who", "product", "pieces", "price", "paid"]
    lines, paid = [], 0
    for item in _rows(shared / "olist" / "olist_order_items_dataset.csv"):
        order = orders[item["order_id"]]
        amount = Decimal(item["price"]) + Decimal(item["freight_value"])
        paid += int(amount * 100) if order["order_approved_at"] else 0
        lines.append(
            [
                item["order_id"], order["order_purchase_timestamp"], order["order_approved_at"], order["order_status"],
                people[order["customer_id"]]["customer_unique_id"], item["product_id"], "1", item["price"], str(amount),
            ]
        )  # fmt: skip
    path = write(tmp_path, table_text(header, *lines), encoding="utf-8")
    roles = [
        "order_id", "created_at", "paid_at", "status", "member_id", "product_id", "quantity", "unit_price", "line_paid",
    ]  # fmt: skip
    batches, reading = read_all(path, dict(zip(roles, header, strict=True)), grain="line")
    summary = reading.summary
    assert (summary.orders, summary.lines, dict(summary.reasons)) == (7360, 8365, {})
    assert summary.paid_cents == summary.accepted.cents == paid == 126_555_274
    assert {order["status"] for order in orders_of(batches)} == {
        "paid", "shipped", "signed", "closed_refunded"
    }  # fmt: skip


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
