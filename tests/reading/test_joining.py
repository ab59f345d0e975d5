"""Orders that are spread over several files become one file of lines."""

from __future__ import annotations

import csv
import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from laoke.intake.reading import IntakeRefused, choose_layout, open_source
from laoke.intake.reading.joining import join_files, wholes
from laoke.intake.reading.messages import refusal_message
from tests.reading.exports import orders_of, read_all, reasons_of, table_text, write

ORDERS = ("order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_approved_at")
ITEMS = ("order_id", "order_item_id", "product_id", "price", "freight_value")
PAYMENTS = ("order_id", "payment_sequential", "payment_type", "payment_value")


def joined(folder: Path, *files: Path) -> Path:
    headers = []
    for file in files:
        with open_source(file) as source:
            headers.append(source.header)
    ((profile, places),) = wholes(headers)
    out = folder / "joined.csv"
    join_files(profile, [[files[place] for place in of_part] for of_part in places], out)
    return out


def three(folder: Path, orders: list[Any], items: list[Any], payments: list[Any]) -> list[Path]:
    return [
        write(folder, table_text(*rows), name, encoding="utf-8")
        for name, rows in (
            ("o.csv", [ORDERS, *orders]),
            ("i.csv", [ITEMS, *items]),
            ("p.csv", [PAYMENTS, *payments]),
        )
    ]


ONE = ["a", "kim", "delivered", "2018-01-02 10:00:00", "2018-01-02 10:05:00"]


def test_items_and_payments_come_to_their_order_and_add_up(tmp_path: Path) -> None:
    files = three(
        tmp_path,
        [ONE],
        [["a", "1", "cup", "10.00", "2.50"], ["a", "2", "pot", "30.00", "1.50"]],
        [["a", "1", "credit_card", "40.00"], ["a", "2", "voucher", "4.00"]],
    )
    batches, reading = read_all(joined(tmp_path, *files))

    (order,) = orders_of(batches)
    assert (order["total_cents"], order["paid_cents"], order["postage_cents"]) == (4_400, 4_400, 400)
    assert (order["status"], order["item_count"]) == ("signed", 2)
    lines = [row for batch in batches for row in batch.lines.to_pylist()]
    assert [(row["line"], row["product_id"], row["paid_cents"]) for row in lines] == [
        ("1", "cup", 1_000),
        ("2", "pot", 3_000),
    ]
    assert reading.summary.lines == 2


def test_an_order_without_goods_is_an_order_without_lines(tmp_path: Path) -> None:
    gone = ["b", "lee", "unavailable", "2018-01-03 10:00:00", "2018-01-03 10:05:00"]
    files = three(
        tmp_path, [ONE, gone], [["a", "1", "cup", "10", "0"]], [["a", "1", "boleto", "10"], ["b", "1", "boleto", "7.5"]]
    )  # fmt: skip
    batches, reading = read_all(joined(tmp_path, *files))

    assert [(o["order_id"], o["status"], o["paid_cents"], o["refunded_cents"]) for o in orders_of(batches)] == [
        ("a", "signed", 1_000, 0),
        ("b", "closed_refunded", 750, 750),
    ]  # fmt: skip
    assert [row["order_id"] for batch in batches for row in batch.lines.to_pylist()] == ["a"]
    assert (reading.summary.orders, reading.summary.lines, reading.summary.read.rows) == (2, 1, 2)


def test_items_and_payments_of_unknown_orders_are_put_aside_not_lost(tmp_path: Path) -> None:
    files = three(
        tmp_path, [ONE], [["a", "1", "cup", "10", "0"], ["x", "1", "cup", "5", "0"]],
        [["a", "1", "boleto", "10"], ["y", "1", "boleto", "9"]],
    )  # fmt: skip
    batches, reading = read_all(joined(tmp_path, *files))

    assert [o["order_id"] for o in orders_of(batches)] == ["a"]
    assert [code for _line, code in reasons_of(batches)] == ["time_missing", "time_missing"]
    assert reading.summary.read.rows == 3


def test_files_that_overlap_and_the_order_they_are_given_in_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    orders, items, payments = three(
        tmp_path / "first", [ONE], [["a", "1", "cup", "10", "0"]], [["a", "1", "boleto", "10"]]
    )
    (tmp_path / "second").mkdir()
    more = three(
        tmp_path / "second",
        [ONE, ["b", "lee", "paid", "2018-01-03 10:00:00", "2018-01-03 10:05:00"]],
        [["a", "1", "cup", "10", "0"], ["b", "1", "cup", "3", "0"]],
        [["a", "1", "boleto", "10"], ["b", "1", "boleto", "3"]],
    )
    one = joined(tmp_path, orders, items, payments, *more).read_bytes()

    assert joined(tmp_path, *reversed(more), payments, orders, items).read_bytes() == one
    assert [o["paid_cents"] for o in orders_of(read_all(tmp_path / "joined.csv")[0])] == [1_000, 300]


@pytest.mark.parametrize("amount", ["ten", "1.234", "1e9999"])
def test_a_payment_that_is_no_amount_is_told_with_its_order(tmp_path: Path, amount: str) -> None:
    files = three(
        tmp_path,
        [ONE],
        [["a", "1", "cup", "10", "0"]],
        [["a", "1", "boleto", "10"], ["a", "2", "boleto", amount]],
    )
    batches, _reading = read_all(joined(tmp_path, *files))

    (row,) = [row for batch in batches for row in batch.quarantined]
    assert (row.reason_code, row.params) == (
        "money_unreadable",
        {"column": "payment_value", "found": amount},
    )


def test_a_part_alone_says_which_others_belong_to_it(tmp_path: Path) -> None:
    orders, items, _payments = three(
        tmp_path, [ONE], [["a", "1", "cup", "10", "0"]], [["a", "1", "boleto", "10"]]
    )
    with open_source(items) as source, pytest.raises(IntakeRefused) as refused:
        choose_layout(source)

    assert refusal_message(refused.value.code, refused.value.params) == (
        "这是“Olist 订单（订单、商品、付款三个文件合成）”的一部分：商品。"
        "只有这一部分还算不出订单，把几部分（订单、商品、付款）的文件一起选进来。"
    )
    with open_source(orders) as first, open_source(items) as second:
        assert wholes([first.header, second.header]) == []


@pytest.mark.parametrize("harm", ["gb18030", "a quote left open", "packed"])
def test_a_part_that_cannot_be_read_is_named(tmp_path: Path, harm: str) -> None:
    orders, items, payments = three(
        tmp_path, [ONE], [["a", "1", "杯子", "10", "0"]] * 3, [["a", "1", "boleto", "10"]]
    )
    text = items.read_text(encoding="utf-8")
    if harm == "gb18030":
        items.write_text(text, encoding="gb18030")
    elif harm == "packed":
        items.write_bytes(gzip.compress(text.encode()))
    else:
        items.write_text(text + 'a,2,"杯子,10,0\n', encoding="utf-8")
    with pytest.raises(IntakeRefused) as refused:
        joined(tmp_path, orders, items, payments)

    assert (refused.value.code, refused.value.params["part"]) == ("part_unreadable", 1)
    assert refusal_message(refused.value.code, refused.value.params).startswith("“商品”的文件读不了：")


def test_a_key_that_stands_everywhere_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    many = range(2_000)
    files = three(
        tmp_path,
        [["a", f"kim{n}", "delivered", "2018-01-02 10:00:00", "2018-01-02 10:05:00"] for n in many],
        [["a", str(n), "cup", "1", "0"] for n in many],
        [["a", "1", "boleto", "10"]],
    )
    with pytest.raises(IntakeRefused) as refused:
        joined(tmp_path, *files)

    assert (refused.value.code, refused.value.params["column"]) == ("parts_not_keyed", "order_id")
    assert not (tmp_path / "joined.csv").exists()


def test_the_real_files_of_olist_are_whole_to_the_cent(shared: Path, tmp_path: Path) -> None:
    files = [
        shared / "olist" / f"olist_{name}_dataset.csv" for name in ("order_payments", "orders", "order_items")
    ]
    orders = {row["order_id"]: row for row in _rows(files[1])}
    payments, items = _rows(files[0]), _rows(files[2])
    _batches, reading = read_all(joined(tmp_path, *files))
    summary = reading.summary

    assert (summary.orders, summary.lines, dict(summary.reasons)) == (8_135, 8_365, {})
    assert (len(orders), len(items)) == (8_135, 8_365)
    came_in = sum(
        Decimal(row["payment_value"]) for row in payments if orders[row["order_id"]]["order_approved_at"]
    )
    assert (Decimal(summary.paid_cents) / 100, summary.paid_cents) == (came_in, 139_342_764)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
