"""The written order export has the layout, the quirks and the sums of a real one."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc
import pytest

from laoke.intake.demo import DemoShop, generate, write_export, write_gbk_bench_export
from laoke.intake.demo.export import LAYOUTS

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
END = datetime(2026, 11, 13, 9, 30)


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return generate(5, 800, 2_400, END)


@pytest.fixture(scope="module")
def text(shop: DemoShop, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("export") / "ExportOrderList.csv"
    assert write_export(shop, path) == 2_400
    return path.read_bytes().decode("gb18030")


@pytest.fixture(scope="module")
def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def cents(rows: list[dict[str, str]], name: str) -> int:
    return sum(round(float(row[name].removesuffix("元")) * 100) for row in rows)


def test_the_quirks_of_real_exports_are_there(text: str) -> None:
    header, first, *_ = text.split("\r\n")
    assert '"收货地址 "' in header and '"联系电话 "' in header and '"订单付款时间 "' in header
    assert first.startswith('="')
    assert ',="",' in first
    assert ",\"'100" in first
    assert '(000000)"' in first
    assert '"0元"' in first
    assert text.endswith("\r\n")
    assert len(text.split("\r\n")) == 2_400 + 2


def test_every_row_has_the_cells_of_the_header(text: str) -> None:
    assert {len(row) for row in csv.reader(text.splitlines())} == {54}


def test_sums_are_those_of_the_shop(shop: DemoShop, rows: list[dict[str, str]]) -> None:
    orders = shop.orders
    assert cents(rows, "总金额") == pc.sum(orders["total_cents"]).as_py()
    assert cents(rows, "退款金额") == pc.sum(orders["refunded_cents"]).as_py()
    returned = pc.equal(orders["status"], "closed_refunded")
    received = pc.sum(pc.if_else(returned, 0, orders["paid_cents"])).as_py()
    assert cents(rows, "买家实际支付金额") == received


def test_rows_are_the_orders_newest_first(shop: DemoShop, rows: list[dict[str, str]]) -> None:
    ids = [row["订单编号"].strip('="') for row in rows]
    assert ids == shop.orders["order_id"].to_pylist()[::-1]
    nicks = dict(
        zip(shop.order_people["order_id"].to_pylist(), shop.order_people["nick"].to_pylist(), strict=True)
    )
    assert [row["买家会员名"] for row in rows] == [nicks[order_id] for order_id in ids]
    times = [row["订单创建时间"] for row in rows]
    assert times == sorted(times, reverse=True)


def test_closed_orders_are_told_apart_only_by_their_payment(
    shop: DemoShop, rows: list[dict[str, str]]
) -> None:
    closed = [row for row in rows if row["订单状态"] == "交易关闭"]
    status = shop.orders["status"].to_pylist()
    assert len(closed) == status.count("closed_unpaid") + status.count("closed_refunded")
    assert sum(not row["订单付款时间 "] for row in closed) == status.count("closed_unpaid")
    assert all(row["买家实际支付金额"] == "0.00" for row in closed)
    assert all((row["订单关闭原因"] == "订单未关闭") == (row["订单状态"] != "交易关闭") for row in rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_headers_are_the_published_ones(layout: str) -> None:
    if not SHARED.exists():
        pytest.skip("the shared data folder is absent")
    layouts = json.loads((SHARED / "headers" / "headers.json").read_text(encoding="utf-8"))
    assert list(LAYOUTS[layout]) == next(found["columns"] for found in layouts if found["id"] == layout)


def test_the_older_layout_can_be_written_too(shop: DemoShop, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    write_export(shop, path, layout="tb_orderlist_46_2017", encoding="utf-8")
    assert {len(row) for row in csv.reader(path.read_text(encoding="utf-8").splitlines())} == {46}


def test_an_unknown_layout_is_refused_and_writes_nothing(shop: DemoShop, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    with pytest.raises(ValueError, match="expected one of tb_orderlist_46_2017, tb_orderlist_54_2018"):
        write_export(shop, path, layout="jd")
    assert not path.exists()


def test_the_file_for_measuring_has_the_rows_and_people_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "bench.csv"
    assert write_gbk_bench_export(path, rows=900, people=300, seed=1) == 900
    rows = list(csv.DictReader(path.read_bytes().decode("gb18030").splitlines()))
    assert len(rows) == 900
    # A mail belongs to a buyer; nicks and phones do not always.
    assert len({row["买家支付宝账号"] for row in rows}) == 300
    assert max(row["订单创建时间"] for row in rows) <= "2018-10-31 12:00:00"
