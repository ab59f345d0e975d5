"""Files of payments: what is read, what is put aside with the way out, and what is no such file at all."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from laoke.campaigns.settlement_files import MOST_ROWS, Payments, columns_of, read_payments
from laoke.campaigns.settlements import file_refusal_text, settle_payments, todo_of
from laoke.campaigns.table_files import FileRefused
from laoke.promotions.engine import (
    BuyersStep,
    DepositExpansion,
    Goods,
    GroupBuy,
    Layer,
    MoreCheaper,
    Offer,
    PaidOrder,
    PercentOff,
    Window,
    offer_to_dict,
)
from laoke.shops.sheets import write_xlsx

START, END = datetime(2026, 11, 1), datetime(2026, 11, 8)
WINDOW = Window(START, END)
DEPOSIT = Offer(
    "d", Layer.ITEM, DepositExpansion(5_000, 10_000, datetime(2026, 11, 5), datetime(2026, 11, 6)), window=WINDOW
)  # fmt: skip
GROUP = Offer("g", Layer.ITEM, GroupBuy(5_900, 2, 24), window=WINDOW)
MORE = Offer("m", Layer.ITEM, MoreCheaper((BuyersStep(2, 9_000), BuyersStep(3, 8_000))), window=WINDOW)
HEADS = {
    "d": "订单号,买家,付定金时间,定金（元）,付尾款时间,尾款（元）",
    "g": "订单号,买家,付款时间,付款（元）,跟哪一单的团",
    "m": "订单号,买家,付款时间,单价（元）,件数,其他优惠减（元）,已退货",
}


def read(tmp_path: Path, offer: Offer, *rows: str, head: str = "") -> Payments:
    file = tmp_path / "payments.csv"
    text = "\n".join([head or HEADS[offer.offer_id], *rows]) + "\n"
    file.write_text(text, encoding="utf-8")
    return read_payments(file, offer)


def told(payments: Payments) -> list[tuple[int, str, str, str, str]]:
    return [
        (one.line, str(one.column), one.found, str(one.expected), str(todo_of(one)))
        for one in payments.refused
    ]


def test_deposits_and_balances_are_read_in_yuan(tmp_path: Path) -> None:
    found = read(
        tmp_path, DEPOSIT, "1,小圆,2026-11-01 20:00,50.00,2026-11-06 20:00,￥299", "2,b,2026/11/2,50,,"
    )

    assert found.orders == [
        PaidOrder("1", "小圆", datetime(2026, 11, 1, 20), 5_000, datetime(2026, 11, 6, 20), 29_900),
        PaidOrder("2", "b", datetime(2026, 11, 2), 5_000),
    ]
    assert (found.rows, found.refused, found.lines) == (2, [], {"1": 2, "2": 3})
    assert [head for _column, head in found.columns] == HEADS["d"].split(",")


def test_columns_are_known_in_any_order_in_english_and_by_the_platforms_names(tmp_path: Path) -> None:
    found = read(
        tmp_path, GROUP, "59,b,2026-11-01,x,1,2", head="paid (¥),buyer,payment time,note,order number,团长订单号"
    )  # fmt: skip
    assert found.orders == [PaidOrder("1", "b", START, 5_900, joins="2")]


def test_goods_of_one_order_stand_in_several_rows(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        MORE,
        "1,a,2026-11-01 10:00,99.99,2,5.00,",
        "2,b,2026-11-01 11:00,20,1,,是",
        "1,a,2026-11-01 10:00,20,1,0.50,否",
    )
    assert found.orders == [
        PaidOrder("1", "a", START + timedelta(hours=10), goods=(Goods(9_999, 2), Goods(2_000, 1)), off_cents=550),
        PaidOrder("2", "b", START + timedelta(hours=11), goods=(Goods(2_000, 1),), returned=True),
    ]  # fmt: skip
    without = read(tmp_path, MORE, "1,a,2026-11-01,20,1", head="订单号,买家,付款时间,单价,件数")
    assert (without.orders[0].off_cents, without.orders[0].returned) == (0, False)
    assert [head for _column, head in without.columns][-2:] == ["", ""]


def test_a_workbook_says_the_same_as_a_text(tmp_path: Path) -> None:
    file = tmp_path / "payments.xlsx"
    rows: list[list[Any]] = [["6234567890123456789", "a", datetime(2026, 11, 1, 20), 50, "", ""]]
    write_xlsx(file, HEADS["d"].split(","), rows, sheet="结算")

    assert read_payments(file, DEPOSIT).orders == [
        PaidOrder("6234567890123456789", "a", datetime(2026, 11, 1, 20), 5_000)
    ]


@pytest.mark.parametrize(
    ("offer", "row", "column", "found", "expected"),
    [
        (DEPOSIT, ",a,2026-11-01,50,,", "订单号", "", "订单号，最多 64 个字"),
        (DEPOSIT, "6.23E+18,a,2026-11-01,50,,", "订单号", "6.23E+18", "订单号的每一位"),
        (DEPOSIT, "1,,2026-11-01,50,,", "买家", "", "买家昵称或编号，最多 200 个字"),
        (DEPOSIT, "1,a,昨天,50,,", "付定金时间", "昨天", "时间，例如 2026-11-11 20:00"),
        (DEPOSIT, "1,a,,50,,", "付定金时间", "", "时间，例如 2026-11-11 20:00"),
        (DEPOSIT, "1,a,2026-11-01,0,,", "定金（元）", "0", "大于 0 的金额，例如 50.00"),
        (DEPOSIT, "1,a,2026-11-01,1.234,,", "定金（元）", "1.234", "金额，最多到分，例如 39.90"),
        (DEPOSIT, "1,a,2026-11-01,50,2026-11-06,", "尾款（元）", "", "尾款和付尾款时间都写，或都空着"),
        (DEPOSIT, "1,a,2026-11-01,50,,299", "付尾款时间", "", "尾款和付尾款时间都写，或都空着"),
        (MORE, "1,a,2026-11-01,20,0,,", "件数", "0", "大于 0 的整数，例如 2"),
        (MORE, "1,a,2026-11-01,20,1.5,,", "件数", "1.5", "大于 0 的整数，例如 2"),
        (MORE, "1,a,2026-11-01,20,1,,退了一点", "已退货", "退了一点", "是或否，空着当没退"),
    ],
)
def test_a_row_that_cannot_be_read_says_what_was_expected(
    tmp_path: Path, offer: Offer, row: str, column: str, found: str, expected: str
) -> None:
    payments = read(tmp_path, offer, row)

    assert payments.orders == []
    [(line, *rest, todo)] = told(payments)
    assert (line, rest) == (2, [column, found, expected])
    assert todo.startswith("Excel 里先把这一列设成文本" if "E+" in found else "改好这一格")


def test_other_offers_take_off_no_more_than_the_goods_cost(tmp_path: Path) -> None:
    found = read(
        tmp_path, MORE, "1,a,2026-11-01,20,2,40,", "2,b,2026-11-01,20,1,20.01,", "2,b,2026-11-01,0,1,,"
    )  # fmt: skip

    assert [order.order_id for order in found.orders] == ["1"]
    assert [(line, *rest) for line, *rest in told(found)] == [
        (3, "其他优惠减（元）", "20.01", "一单的优惠加起来不超过单价乘件数", "改好这一格再传"),
        (4, "其他优惠减（元）", "0.00", "一单的优惠加起来不超过单价乘件数", "改好这一格再传"),
    ]
    order = {"order_id": "3", "buyer": "c", "at": "2026-11-01T10:00:00", "off_cents": 2_001}
    file = tmp_path / "payments.json"
    file.write_text(
        json.dumps({"orders": [order | {"goods": [{"unit_price_cents": 2_000, "quantity": 1}]}]}),
        encoding="utf-8",
    )
    assert [row[:3] for row in told(read_payments(file, MORE))] == [(1, "off_cents", "2001")]


def test_an_order_stands_once(tmp_path: Path) -> None:
    found = read(tmp_path, GROUP, "1,a,2026-11-01,59,", "1,b,2026-11-02,59,")

    assert [order.buyer for order in found.orders] == ["a"]
    assert told(found) == [(3, "订单号", "1", "一单写一行；第 2 行已经有它", "留一行，别的删掉")]


def test_half_an_order_is_not_settled(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        MORE,
        "1,a,2026-11-01,20,1,,",
        "2,b,2026-11-01,20,1,,",
        "1,a,2026-11-01,zwanzig,1,,",
        "2,c,2026-11-01,20,1,,",
        "3,d,2026-11-01,20,1,,",
    )
    assert [order.order_id for order in found.orders] == ["3"]
    assert told(found) == [
        (2, "订单号", "1", "同一单的每一行都读得懂", "第 4 行改好，这一单才能算"),
        (3, "订单号", "2", "同一单的每一行都读得懂", "第 5 行改好，这一单才能算"),
        (4, "单价（元）", "zwanzig", "金额，最多到分，例如 39.90", "改好这一格再传"),
        (5, "买家", "c", "和第 3 行的一样，它们是同一单", "改好这一格再传"),
    ]


def test_what_the_command_takes_is_taken_here_too(tmp_path: Path) -> None:
    orders = [
        {"order_id": "1", "buyer": "a", "at": "2026-11-01T10:00:00", "paid_cents": 5_900},
        {"order_id": "1", "buyer": "b", "at": "2026-11-01T11:00:00", "paid_cents": 5_900},
        {"order_id": "2", "buyer": "b\ud800", "at": "morgen", "paid_cents": 5_900},
        "3",
    ]
    data = {"offer": offer_to_dict(GROUP), "orders": orders, "at": "2026-11-03T00:00:00"}
    file = tmp_path / "payments.json"
    file.write_text(json.dumps(data), encoding="utf-8-sig")
    found = read_payments(file, GROUP)

    assert (found.rows, found.at, found.columns) == (4, datetime(2026, 11, 3), [])
    assert [order.buyer for order in found.orders] == ["a"]
    assert [(line, column, said) for line, column, said, *_ in told(found)] == [
        (2, "order_id", "1"),
        (3, "at", "morgen"),
        (4, "order", "3"),
    ]


def json_of(**changed: Any) -> str:
    order = {"order_id": "1", "buyer": "a", "at": "2026-11-01T10:00:00"}
    return json.dumps({"orders": [order], **changed})


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (
            "订单号,买家\n1,a\n",
            "payment_columns",
            "文件缺这些列：付定金时间、定金（元）、付尾款时间、尾款（元）",
        ),
        (HEADS["d"] + "\n,,,,,\n", "empty", "表头下面没有一行写了东西"),
        (HEADS["d"] + "\n" + "1,a,2026-11-01,50,,\n" * (MOST_ROWS + 1), "too_long", "最多 20,000 行"),
        ("{", "not_json", "读不懂"),
        ("[" * 100_000, "not_json", "读不懂"),
        ("[]", "json", "JSON 读不懂"),
        (json_of(orders=[]), "no_orders", "文件里没有一单"),
        (json_of(surprise=1), "json", "surprise"),
        (json_of(offer=offer_to_dict(GROUP)), "other_offer", "去掉文件里的 offer 一项"),
    ],
)
def test_what_is_no_file_of_payments_is_refused_whole(
    tmp_path: Path, text: str, code: str, said: str
) -> None:
    file = tmp_path / "payments.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        read_payments(file, DEPOSIT)
    assert refused.value.code == code
    assert said in file_refusal_text(refused.value)


def test_orders_that_were_none_of_the_offer_are_put_aside_with_the_way_out(tmp_path: Path) -> None:
    payments = read(
        tmp_path,
        DEPOSIT,
        "late,a,2026-11-05 00:00,50,2026-11-06 20:00,299",
        "paid,b,2026-11-01 20:00,50,2026-11-06 20:00,299",
        "soon,c,2026-11-01 20:00,50,2026-11-05 23:59:59,299",
        "before,d,2026-10-31 23:59,50,,",
        "lost,e,2026-11-04 23:59:59,50,,",
    )
    settled = settle_payments(DEPOSIT, payments, datetime(2026, 11, 9))

    assert [(one.order_id, one.state) for one in settled.settlement.orders] == [
        ("paid", "completed"),
        ("lost", "forfeited"),
    ]
    assert [
        (one.line, str(one.column), one.found, str(one.expected), str(one.todo)[:8])
        for one in settled.refused
    ] == [
        (2, "付定金时间", "2026-11-05 00:00", "早于付定金的截止 2026-11-05 00:00", "晚付的不算定金，"),
        (4, "付尾款时间", "2026-11-05 23:59:59", "2026-11-06 00:00 到 2026-11-08 00:00", "不在这段时间里付"),
        (5, "付定金时间", "2026-10-31 23:59", "2026-11-01 00:00 到 2026-11-08 00:00", "不是这个优惠的单"),
    ]
    early = settle_payments(DEPOSIT, payments, datetime(2026, 11, 2))
    assert next((one.line, str(one.expected)) for one in early.refused) == (
        2, "不晚于结算的时间 2026-11-02 00:00",
    )  # fmt: skip


def test_orders_whose_group_is_not_in_the_file_are_counted(tmp_path: Path) -> None:
    payments = read(
        tmp_path, GROUP, "1,a,2026-11-01,59,", "2,b,2026-11-01 01:00,59,1", "3,c,2026-11-01 02:00,59,9"
    )
    settled = settle_payments(GROUP, payments, END)

    assert settled.astray == 1
    assert [one.state for one in settled.settlement.orders] == ["formed", "formed", "failed"]


def test_only_three_kinds_of_offer_are_settled() -> None:
    with pytest.raises(TypeError):
        columns_of(Offer("p", Layer.ITEM, PercentOff(8_000)))
