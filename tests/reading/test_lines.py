"""Files of which each row is one product: orders, lines, goods sent back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from laoke.intake.reading import Limits
from laoke.intake.reading.lines import line_cents
from laoke.warehouse.contracts import CONTRACTS
from tests.reading.exports import orders_of, read_all, reasons_of, table_text, write

HEADER = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]


def row(
    invoice: str, stock: str, quantity: object, price: object, customer: str = "17850", minute: int = 26
) -> list[str]:
    return [
        invoice,
        stock,
        "HEART",
        str(quantity),
        f"2010-12-01 08:{minute}:00",
        str(price),
        customer,
        "France",
    ]


ROWS = [
    row("536365", "85123A", 6, "2.55"),
    row("536366", "22632", 2, "0.001", "17851.0"),
    row("536365", "85123A", 6, "2.55", minute=25),  # an exact twin, and not beside its order
    row("536365", "POST", 1, "0", minute=27),
    row("C536379", "85123A", -2, "2.55"),
    row("C536379", "D", 1, "27.50"),
    row("536367", "22632", -3, "0", ""),
    row("A563185", "B", 1, "-11062.06", ""),
    row("536368", "22632", 1, "-1.00", ""),
    row("536369", "22632", 1, "1.00", ""),
]


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_rows_become_orders_lines_and_refunds(tmp_path: Path, engine: str) -> None:
    batches, reading = read_all(write(tmp_path, table_text(HEADER, *ROWS), encoding="utf-8"), engine=engine)
    batch = batches[0]
    assert [(o["order_id"], o["total_cents"], o["item_count"]) for o in batch.orders.to_pylist()] == [
        ("536365", 3060, 13),
        ("536366", 0, 2),
        ("536369", 100, 1),
    ]
    first = batch.orders.to_pylist()[0]
    assert (first["created_at"], first["paid_at"]) == (
        datetime(2010, 12, 1, 8, 25),
        datetime(2010, 12, 1, 8, 25),
    )
    assert (first["status"], first["province"], first["paid_cents"]) == ("finished", "France", 3060)
    assert [(line["order_id"], line["line"], line["row_no"]) for line in batch.lines.to_pylist()] == [
        ("536365", "85123A#1", 1),
        ("536365", "85123A#2", 1),
        ("536365", "POST#1", 1),
        ("536366", "22632#1", 2),
        ("536369", "22632#1", 10),
    ]
    assert [
        (r["refund_id"], r["amount_cents"], r["kind"], r["row_no"]) for r in batch.refunds.to_pylist()
    ] == [("C536379/85123A#1", 510, "goods", 5)]
    assert [(i["row_no"], i["member_id"]) for i in batch.identities.to_pylist()] == [
        (1, "17850"),
        (2, "17851"),
        (10, None),
        (5, "17850"),
    ]
    assert reasons_of(batches) == [
        (7, "cancellation_positive"),
        (8, "negative_count"),
        (9, "bookkeeping_row"),
        (10, "negative_amount"),
    ]
    assert reading.summary.read.cents == 3060 - 510 + 2750 - 1106206 - 100 + 100


def test_a_book_in_a_cell_is_put_aside_where_it_is_a_key_and_cut_where_it_is_shown(tmp_path: Path) -> None:
    rows = [row("536365", "85123A", 6, "2.55"), row("536366", "9" * 201, 1, "2.00")]
    rows[0][HEADER.index("Description")] = "心" * 20_000
    rows[0][HEADER.index("Country")] = "远" * 13_000
    batches, _ = read_all(write(tmp_path, table_text(HEADER, *rows), encoding="utf-8"))

    assert reasons_of(batches) == [(3, "id_too_long")]
    assert batches[0].orders.column("province").to_pylist() == ["远" * 40]
    assert batches[0].lines.column("title").to_pylist() == ["心" * 1_000]


def test_the_tables_keep_the_contracts_of_the_warehouse(tmp_path: Path) -> None:
    import pyarrow as pa

    batches, _ = read_all(write(tmp_path, table_text(HEADER, *ROWS), encoding="utf-8"))
    for name, table in (
        ("orders", batches[0].orders),
        ("order_lines", batches[0].lines),
        ("refunds", batches[0].refunds),
    ):
        table = table.drop_columns(["row_no"])
        table = table.append_column("shop_id", pa.array([1] * table.num_rows, pa.int64()))
        kept = CONTRACTS[name].conform(table)
        CONTRACTS[name].check(kept)
        assert (kept.column_names, kept.num_rows) == (list(CONTRACTS[name].names), table.num_rows)


def test_an_order_is_whole_however_many_parts_a_file_is_dealt_to(tmp_path: Path) -> None:
    rows = [row(str(500000 + n % 97), f"S{n % 7}", 1 + n % 3, "1.25") for n in range(900)]
    path = write(tmp_path, table_text(HEADER, *rows), encoding="utf-8")
    whole, one = read_all(path)
    dealt, many = read_all(path, limits=Limits(part_bytes=4000, batch_rows=100), engine="compiled")
    assert (len(whole), len(dealt) > 5) == (1, True)
    assert one.summary == many.summary

    def by_id(batches: list) -> dict:
        return {order["order_id"]: order for order in orders_of(batches)}

    assert by_id(whole) == by_id(dealt)
    lines = [
        sorted(
            (line["order_id"], line["line"], line["quantity"])
            for batch in batches
            for line in batch.lines.to_pylist()
        )
        for batches in (whole, dealt)
    ]
    assert lines[0] == lines[1]


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    import numpy as np

    quantity = np.array([1, -1, 1, 3, -3, 1])
    price = np.array([50, 50, 49, 10, 10, 25500])
    assert line_cents(quantity, price).tolist() == [1, -1, 0, 0, 0, 255]
