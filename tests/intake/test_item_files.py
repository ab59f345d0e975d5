"""Files of item details: before or after their orders, with line numbers or without, and money to the cent."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from laoke.intake.reading.profiles import profiles
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from tests.intake.facts import NOW, counts, stored, take
from tests.intake.seller_files import Row, write

pytestmark = pytest.mark.django_db(transaction=True)


def old_items(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """ExportOrderDetailList of 2017: guarded order numbers, and one comma more in each row than in the header."""
    header = profiles()["tb_detail_10_2017"].header
    lines = [",".join(header)]
    for order_id, title, price, pieces, status in rows:
        lines.append(
            f'="{order_id}","{title}","{price}","{pieces}","","颜色：蓝","","","{status}","C-{title}",'
        )
    path.write_bytes("\r\n".join([*lines, ""]).encode("gb18030"))
    return path


def new_items(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """商品明细 of 2024: numbers of lines, what was paid for each, 无退款申请 where nothing went back."""
    header = list(profiles()["tb_detail_27_2024"].header)
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for order_id, line, title, price, pieces, paid, refunded in rows:
            told = {
                "主订单编号": order_id, "子订单编号": line, "商品标题": title, "商品价格": price, "购买数量": pieces,
                "买家实付金额": paid, "退款金额": refunded, "商品ID": f"6{line}", "订单状态": "交易成功",
            }  # fmt: skip
            writer.writerow([told.get(name, "") for name in header])
    return path


def lines_now() -> list[tuple[Any, ...]]:
    names = ("order_id", "line", "title", "quantity", "unit_price_cents", "paid_cents", "refunded_cents")
    return sorted(tuple(row[name] for name in names) for row in stored("order_lines"))


OLD = [
    ("1001", "床单", "60.00", "1", "交易成功"),
    ("1001", "枕套", "20.00", "2", "交易成功"),
    ("1002", "毛巾", "19.90", "3", "交易成功"),
]
SPLIT = [
    ("1001", "#1", "床单", 1, 6_000, 6_000, 0),
    ("1001", "#2", "枕套", 2, 2_000, 4_000, 0),
    ("1002", "#1", "毛巾", 3, 1_990, 5_985, 0),
]


def test_items_before_and_after_their_orders_come_to_the_same(shop: Shop, tmp_path: Path) -> None:
    orders = write(tmp_path / "o.csv", [Row("1001"), Row("1002", total="59.85", paid="59.85")])
    items = old_items(tmp_path / "ExportOrderDetailList.csv", OLD)
    for number, files in enumerate(itertools.permutations([orders, items])):
        own = add_shop(f"店{number}", now=NOW)
        for path in files:
            take(own, path)

    assert lines_now() == sorted(SPLIT * 2)
    assert stored("waiting_lines") == []
    assert {row["month"] for row in stored("order_lines")} == {"2018-10"}


def test_lines_wait_without_loss_until_their_order_comes(shop: Shop, tmp_path: Path) -> None:
    items = old_items(tmp_path / "i.csv", OLD)
    result = take(shop, items)

    assert counts(result) == (3, 3, 0, 0, 0)
    assert result["waiting"] == 3
    assert result["total_cents"]["read"] == 6_000 + 4_000 + 5_970
    assert [row["order_id"] for row in stored("waiting_lines")] == ["1001", "1001", "1002"]
    assert counts(take(shop, items)) == (3, 0, 0, 3, 0)

    take(shop, write(tmp_path / "o.csv", [Row("1001")]))

    assert lines_now() == SPLIT[:2]
    assert [row["order_id"] for row in stored("waiting_lines")] == ["1002"]


def test_the_same_items_again_change_nothing(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "o.csv", [Row("1001"), Row("1002", total="59.85", paid="59.85")]))
    items = old_items(tmp_path / "i.csv", OLD)
    take(shop, items)
    before = stored("order_lines")

    again = take(shop, items)

    assert counts(again) == (3, 0, 0, 3, 0)
    assert again["total_cents"]["unchanged"] == again["total_cents"]["read"] == 15_970
    assert stored("order_lines") == before


def test_what_was_paid_is_split_anew_when_the_order_is_paid(shop: Shop, tmp_path: Path) -> None:
    unpaid = Row("1001", status="等待买家付款", paid="0.00", paid_at="")
    take(shop, write(tmp_path / "a.csv", [unpaid]))
    take(shop, old_items(tmp_path / "i.csv", OLD[:2]))
    assert [row[5] for row in lines_now()] == [0, 0]

    take(shop, write(tmp_path / "b.csv", [Row("1001", total="90.01", paid="90.01")]))

    assert [row[5] for row in lines_now()] == [5_401, 3_600]


def test_a_closed_line_takes_no_share_of_what_was_paid(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "o.csv", [Row("1001", total="40.00", paid="40.00")]))
    take(shop, old_items(tmp_path / "i.csv", [(*OLD[0][:4], "交易关闭"), OLD[1]]))

    assert [(row[2], row[5]) for row in lines_now()] == [("床单", 0), ("枕套", 4_000)]


def test_lines_with_numbers_replace_those_without_and_never_the_other_way(shop: Shop, tmp_path: Path) -> None:
    old = old_items(tmp_path / "old.csv", OLD[:2])
    new = new_items(
        tmp_path / "new.csv",
        [
            ("1001", "10011", "床单", "60.00", "1", "58.00", "无退款申请"),
            ("1001", "10012", "枕套", "20.00", "2", "42.00", "2.50"),
        ],
    )
    take(shop, write(tmp_path / "o.csv", [Row("1001")]))
    expected = [
        ("1001", "10011", "床单", 1, 6_000, 5_800, 0),
        ("1001", "10012", "枕套", 2, 2_000, 4_200, 250),
    ]

    take(shop, old)
    take(shop, new)
    assert lines_now() == expected

    assert counts(take(shop, old)) == (2, 0, 0, 2, 0)
    assert lines_now() == expected


@pytest.mark.parametrize("table", ["order_lines", "waiting_lines"])
def test_an_order_of_which_one_line_has_a_number_and_one_has_none_keeps_both(
    shop: Shop, tmp_path: Path, table: str
) -> None:
    if table == "order_lines":
        take(shop, write(tmp_path / "o.csv", [Row("1001")]))
    mixed = new_items(
        tmp_path / "mixed.csv",
        [
            ("1001", "10011", "床单", "60.00", "1", "58.00", "无退款申请"),
            ("1001", "", "枕套", "20.00", "2", "42.00", "2.50"),
        ],
    )
    assert counts(take(shop, mixed)) == (2, 2, 0, 0, 0)
    both = stored(table)
    assert sorted((row["line"], row["paid_cents"]) for row in both) == [("#2", 4_200), ("10011", 5_800)]

    assert counts(take(shop, mixed)) == (2, 0, 0, 2, 0)
    assert stored(table) == both


def test_a_line_that_left_the_order_goes_with_the_next_file(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "o.csv", [Row("1001")]))
    both = [
        ("1001", "10011", "床单", "60.00", "1", "60.00", "无退款申请"),
        ("1001", "10012", "枕套", "20.00", "2", "40.00", "无退款申请"),
    ]
    take(shop, new_items(tmp_path / "a.csv", both))
    take(shop, new_items(tmp_path / "b.csv", both[:1]))

    assert [row[1] for row in lines_now()] == ["10011"]


def test_items_that_cannot_be_read_are_put_aside(shop: Shop, tmp_path: Path) -> None:
    rows = [
        OLD[0],
        ("", *OLD[1][1:]),
        ("1001", "枕套", "不详", "2", "交易成功"),
        ("1001", "枕套", "20.00", "-2", "交易成功"),
    ]
    result = take(shop, old_items(tmp_path / "i.csv", rows))

    assert counts(result) == (4, 1, 0, 0, 3)
    assert result["reasons"] == {"order_id_missing": 1, "money_unreadable": 1, "negative_count": 1}
    money = result["total_cents"]
    assert money["read"] == money["accepted"] + money["quarantined"]


def test_two_item_files_before_the_order_are_not_counted_twice(shop: Shop, tmp_path: Path) -> None:
    old = old_items(tmp_path / "old.csv", OLD[:2])
    new = new_items(
        tmp_path / "new.csv",
        [
            ("1001", "10011", "床单", "60.00", "1", "58.00", "无退款申请"),
            ("1001", "10012", "枕套", "20.00", "2", "42.00", "无退款申请"),
        ],
    )
    orders = write(tmp_path / "o.csv", [Row("1001")])
    expected = [("1001", "10011", 5_800), ("1001", "10012", 4_200)]
    for number, files in enumerate(itertools.permutations([old, new, orders])):
        own = add_shop(f"店{number}", now=NOW)
        for path in files:
            take(own, path)

    assert [(row[0], row[1], row[5]) for row in lines_now()] == sorted(expected * 6)


def test_what_was_paid_is_split_anew_beside_lines_that_waited(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "a.csv", [Row("1001", status="等待买家付款", paid="0.00", paid_at="")]))
    take(shop, old_items(tmp_path / "i.csv", OLD))

    take(shop, write(tmp_path / "b.csv", [Row("1001"), Row("1002", total="59.85", paid="59.85")]))

    assert lines_now() == SPLIT


def test_a_line_without_pieces_is_put_aside(shop: Shop, tmp_path: Path) -> None:
    result = take(shop, old_items(tmp_path / "i.csv", [OLD[0], ("1001", "枕套", "20.00", "", "交易成功")]))

    assert result["reasons"] == {"count_unreadable": 1}


def test_lines_that_wait_go_when_a_file_tells_the_lines_of_their_order_itself(
    shop: Shop, tmp_path: Path
) -> None:
    take(shop, old_items(tmp_path / "i.csv", OLD))
    path = tmp_path / "lines.csv"
    path.write_text("单号,下单,品名,几件,单价,付了\n1001,2018-10-01 10:00,床单,1,60.00,58.00\n", "utf-8")
    told = {
        "order_id": "单号", "created_at": "下单", "title": "品名", "quantity": "几件", "unit_price": "单价",
        "line_paid": "付了",
    }  # fmt: skip
    take(shop, path, mapping=told, grain="line")

    assert [(line[0], line[2], line[5]) for line in lines_now()] == [("1001", "床单", 5_800)]
    assert [row["order_id"] for row in stored("waiting_lines")] == ["1002"]


def own_lines(path: Path) -> Path:
    path.write_text(
        "单号,下单,品名,几件,单价,付了\n"
        "1001,2018-10-01 10:00,床单,1,60.00,60.00\n1001,2018-10-01 10:00,枕套,2,20.00,40.00\n",
        "utf-8",
    )
    return path


OWN_LINES: dict[str, Any] = {
    "grain": "line",
    "mapping": {
        "order_id": "单号", "created_at": "下单", "title": "品名", "quantity": "几件", "unit_price": "单价",
        "line_paid": "付了",
    },
}  # fmt: skip


@pytest.mark.parametrize("files", ["li", "il", "lil", "ili", "oil", "olil", "ilo"])
def test_an_order_told_by_lines_and_by_numbered_items_has_its_goods_once(
    shop: Shop, tmp_path: Path, files: str
) -> None:
    orders, lines = write(tmp_path / "o.csv", [Row("1001")]), own_lines(tmp_path / "lines.csv")
    items = new_items(
        tmp_path / "new.csv",
        [
            ("1001", "10011", "床单", "60.00", "1", "58.00", "无退款申请"),
            ("1001", "10012", "枕套", "20.00", "2", "42.00", "无退款申请"),
        ],
    )
    for file in files:
        if file == "l":
            read = take(shop, lines, **OWN_LINES)["total_cents"]
            assert read["read"] == read["new"] + read["changed"] + read["unchanged"] == 10_000
        else:
            take(shop, {"o": orders, "i": items}[file])

    assert [(row[1], row[5]) for row in lines_now()] == [("10011", 5_800), ("10012", 4_200)]
    assert [row["paid_cents"] for row in stored("orders")] == [10_000]
    assert stored("waiting_lines") == []


@pytest.mark.parametrize("files", ["li", "il", "oil", "oli", "oilil"])
def test_an_order_told_by_lines_and_by_items_without_numbers_has_the_goods_of_its_lines(
    shop: Shop, tmp_path: Path, files: str
) -> None:
    orders, lines = write(tmp_path / "o.csv", [Row("1001")]), own_lines(tmp_path / "lines.csv")
    items = old_items(tmp_path / "old.csv", OLD[:2])
    for file in files:
        if file == "l":
            take(shop, lines, **OWN_LINES)
        else:
            take(shop, {"o": orders, "i": items}[file])

    assert sorted((row[1], row[5]) for row in lines_now()) == [("床单#1", 6_000), ("枕套#1", 4_000)]
    assert stored("waiting_lines") == []
