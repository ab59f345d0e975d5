"""What a row of an order export becomes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.intake.reading import ReadingStopped
from laoke.warehouse.contracts import CONTRACTS
from tests.reading.exports import csv_text, order, orders_of, read_all, table_text, write


def only_order(folder: Path, **changes: str) -> dict[str, Any]:
    batches, reading = read_all(write(folder, csv_text([order(1, **changes)])))
    assert reading.summary.accepted.rows == 1
    return orders_of(batches)[0]


def test_a_good_row_is_read_whole(tmp_path: Path) -> None:
    found = only_order(tmp_path)
    wanted = {
        "order_id": "2100000000000000001",
        "status": "finished",
        "state_rank": 5,
        "month": "2018-10",
        "created_at": datetime(2018, 10, 1, 9, 30),
        "created_day": 17805,
        "created_weekday": 0,
        "created_hour": 9,
        "paid_at": datetime(2018, 10, 1, 9, 31, 5),
        "paid_hour": 9,
        "goods_cents": 8800,
        "postage_cents": 1000,
        "total_cents": 9800,
        "paid_cents": 9800,
        "refunded_cents": 0,
        "item_count": 2,
        "channel": "mobile",
        "province": "浙江",
        "city": "杭州",
        "district": "西湖区",
        "close_reason": "订单未关闭",
        "titles": "保温杯",
        "coupon_used": False,
        "row_no": 1,
    }
    assert {name: found[name] for name in wanted} == wanted


def test_batches_keep_the_contract_of_the_warehouse(tmp_path: Path) -> None:
    import pyarrow as pa

    batches, _ = read_all(
        write(tmp_path, csv_text([order(1), order(2, 订单付款时间="", 订单状态="等待买家付款")]))
    )
    table = batches[0].orders.drop_columns(["row_no"])
    for name, value, kind in (
        ("shop_id", 1, pa.int64()),
        ("import_id", 7, pa.int64()),
        ("customer_id", None, pa.int64()),
    ):
        table = table.append_column(name, pa.array([value] * table.num_rows, kind))
    kept = CONTRACTS["orders"].conform(table)
    CONTRACTS["orders"].check(kept)
    assert (kept.column_names, kept.num_rows) == (list(CONTRACTS["orders"].names), 2)


def test_the_keys_of_a_buyer_stand_beside_the_order(tmp_path: Path) -> None:
    changes = {"买家支付宝账号": "someone@example.com", "买家留言": ""}
    batches, _ = read_all(
        write(tmp_path, csv_text([order(1, **changes), order(2, 买家支付宝账号="10012345678")]))
    )
    rows = batches[0].identities.to_pylist()
    assert (rows[0]["nick"], rows[0]["phone"], rows[0]["email"]) == (
        "tb341298787",
        "10012345678",
        "someone@example.com",
    )
    assert (rows[1]["alipay_account"], rows[1]["email"]) == ("10012345678", None)
    assert rows[0]["address"] == "浙江省 杭州市 西湖区 某某路1号(310000)"
    assert (rows[0]["buyer_message"], rows[0]["ouid"]) == (None, None)
    assert [row["row_no"] for row in rows] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "status", "paid", "refunded"),
    [
        (
            {"订单状态": "交易关闭", "买家实际支付金额": "0.00", "退款金额": "98.00"},
            "closed_refunded",
            9800,
            9800,
        ),
        (
            {"订单状态": "交易关闭", "买家实际支付金额": "0.00", "退款金额": "0.00"},
            "closed_refunded",
            9800,
            9800,
        ),
        ({"订单状态": "交易关闭", "退款金额": "0.00"}, "closed_refunded", 9800, 0),
        ({"订单状态": "交易关闭", "订单付款时间": "", "订单关闭原因": "买家未付款"}, "closed_unpaid", 0, 0),
        ({"订单状态": "交易关闭", "订单付款时间": "", "退款金额": "98.00"}, "closed_unpaid", 0, 0),
        ({"买家实际支付金额": "80.00", "退款金额": "18.00"}, "finished", 9800, 1800),
        ({"买家实际支付金额": "80.00", "退款金额": "20.00"}, "finished", 8000, 2000),
        ({"买家实际支付金额": "60.00"}, "finished", 6000, 0),
        ({"订单状态": "等待买家付款", "订单付款时间": "", "买家实际支付金额": "0.00"}, "unpaid", 0, 0),
        ({"订单状态": "卖家已发货,等待买家确认"}, "shipped", 9800, 0),
        ({"订单状态": ""}, "paid", 9800, 0),
    ],
)
def test_status_and_money_by_what_came_in_and_went_back(
    tmp_path: Path, changes: dict[str, str], status: str, paid: int, refunded: int
) -> None:
    found = only_order(tmp_path, **changes)
    assert (found["status"], found["paid_cents"], found["refunded_cents"]) == (status, paid, refunded)
    assert (found["paid_day"] is None) == (found["paid_at"] is None)


def test_a_file_without_status_tells_it_from_money_and_payment(tmp_path: Path) -> None:
    header = [
        "订单编号",
        "总金额",
        "买家实付金额",
        "订单创建时间",
        "订单付款时间",
        "退款金额",
        "确认收货打款金额",
    ]
    rows = [
        ["1", "50.00", "50.00", "2025-10-01 10:00:00", "2025-10-01 10:01:00", "0.00", "50.00元"],
        ["2", "50.00", "50.00", "2025-10-01 10:00:00", "2025-10-01 10:01:00", "0.00", "0.00元"],
        ["3", "50.00", "0.00", "2025-10-01 10:00:00", "2025-10-01 10:01:00", "50.00", "-"],
        ["4", "50.00", "0.00", "2025-10-01 10:00:00", "", "无退款申请", ""],
    ]
    batches, _ = read_all(write(tmp_path, table_text(header, *rows)))
    assert [row["status"] for row in orders_of(batches)] == ["finished", "paid", "closed_refunded", "unpaid"]
    assert [row["paid_cents"] for row in orders_of(batches)] == [5000, 5000, 5000, 0]


def test_an_order_closed_after_payment_went_back_whole_where_the_file_has_no_refunds(tmp_path: Path) -> None:
    header = ["单号", "下单", "付款", "总额", "实付", "状态"]
    rows = [
        ["1", "20181001", "20181002", "9", "8", "交易成功"],
        ["2", "20181001", "20181002", "9", "8", "交易关闭"],
        ["3", "20181001", "20181002", "9", "0", "交易关闭"],
        ["4", "20181001", "", "9", "0", "交易关闭"],
    ]
    mapping = {
        "order_id": "单号",
        "created_at": "下单",
        "paid_at": "付款",
        "total": "总额",
        "paid": "实付",
        "status": "状态",
    }
    text = table_text(header, *rows)
    batches, _ = read_all(write(tmp_path, text), mapping)
    money = [(row["paid_cents"], row["refunded_cents"]) for row in orders_of(batches)]
    assert money == [(800, 0), (800, 800), (900, 900), (0, 0)]

    del mapping["paid"]
    batches, _ = read_all(write(tmp_path, text), mapping)
    money = [(row["paid_cents"], row["refunded_cents"]) for row in orders_of(batches)]
    assert money == [(900, 0), (900, 900), (900, 900), (0, 0)]


def test_a_mapped_file_without_time_of_payment_takes_that_of_the_order(tmp_path: Path) -> None:
    header = ["单号", "下单", "实付", "退款", "状态"]
    rows = [
        ["1", "20181001", "5", "0", "交易成功"],
        ["2", "20181001", "5", "5", "交易关闭"],
        ["3", "20181001", "5", "0", "交易关闭"],
    ]
    mapping = {"order_id": "单号", "created_at": "下单", "paid": "实付", "refunded": "退款", "status": "状态"}
    batches, _ = read_all(write(tmp_path, table_text(header, *rows)), mapping)
    found = orders_of(batches)
    assert [row["status"] for row in found] == ["finished", "closed_refunded", "closed_unpaid"]
    assert [row["paid_cents"] for row in found] == [500, 500, 0]
    assert [row["paid_at"] for row in found] == [datetime(2018, 10, 1), datetime(2018, 10, 1), None]


def test_province_and_city_may_have_columns_of_their_own(tmp_path: Path) -> None:
    text = table_text(["单号", "下单", "实付", "省", "市"], ["1", "20181001", "5", "广东省", "深圳市"])
    mapping = {"order_id": "单号", "created_at": "下单", "paid": "实付", "province": "省", "city": "市"}
    batches, _ = read_all(write(tmp_path, text), mapping)
    assert (orders_of(batches)[0]["province"], orders_of(batches)[0]["city"]) == ("广东", "深圳")


def test_rows_after_until_are_held_back_and_counted(tmp_path: Path) -> None:
    rows = [order(1), order(2, 订单创建时间="2018-11-11 00:00:01", 总金额="50.00"), order(3, 总金额="-1.00")]
    batches, reading = read_all(write(tmp_path, csv_text(rows)), until=datetime(2018, 10, 31, 23, 59, 59))
    summary = reading.summary
    assert [row["order_id"][-1] for row in orders_of(batches)] == ["1"]
    assert (summary.held_back.rows, summary.held_back.cents) == (1, 5000)
    assert (summary.quarantined.rows, summary.quarantined.cents) == (1, -100)
    assert (summary.read.rows, summary.read.cents) == (3, 9800 + 5000 - 100)
    assert summary.seen_at == datetime(2018, 10, 31, 23, 59, 59)


def test_the_as_of_time_is_told_or_named_or_the_latest_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text([order(1), order(2, 订单付款时间="2018-10-03 08:00:00")]))
    for options, seen in (
        ({}, datetime(2018, 10, 3, 8)),
        ({"file_name": "ExportOrderList201905151650.csv"}, datetime(2019, 5, 15, 16, 50)),
        (
            {"file_name": "ExportOrderList201905151650.csv", "seen_at": datetime(2019, 6, 1)},
            datetime(2019, 6, 1),
        ),
    ):
        batches, reading = read_all(path, **options)
        assert {row["seen_at"] for row in orders_of(batches)} == {seen} == {reading.summary.seen_at}


def test_rows_are_numbered_through_all_batches(tmp_path: Path) -> None:
    from laoke.intake.reading import Limits

    path = write(tmp_path, csv_text([order(n) for n in range(250)]))
    batches, reading = read_all(path, engine="compiled", limits=Limits(batch_rows=100))
    assert [batch.orders.num_rows for batch in batches] == [100, 100, 50]
    assert [row["row_no"] for row in orders_of(batches)] == list(range(1, 251))
    assert reading.summary.accepted.cents == 250 * 9800


def test_progress_is_told_and_a_cancelled_reading_stops(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text([order(1)]))
    told: list[tuple[int, int]] = []
    read_all(path, progress=lambda done, size: told.append((done, size)))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    with pytest.raises(ReadingStopped):
        read_all(path, cancelled=lambda: True)
