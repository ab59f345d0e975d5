"""All overlapping files dropped in any order, any of them again: the same tables to the cent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from laoke.intake.models import ImportRun
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from laoke.warehouse.store import Warehouse
from tests.intake.facts import NOW, table, take
from tests.intake.seller_files import FINISHED, SHIPPED, Row, write

pytestmark = pytest.mark.django_db(transaction=True)

# What depends on when a file came, and numbers that each shop gives of its own.
APART = ("shop_id", "import_id", "customer_id")
TABLES = ("orders", "order_lines", "waiting_lines", "refunds", "reviews", "order_states")
UNPAID = "等待买家付款"


def number(n: int) -> str:
    return f"10000000000000000{n:02d}"


def orders(folder: Path) -> list[Path]:
    """Three exports that overlap: every order as it stood at the time."""
    early = [Row(number(n), paid="0.00", paid_at="", status=UNPAID, nick=f"客人{n}") for n in range(1, 7)]
    middle = [
        Row(number(n), status=SHIPPED, nick=f"客人{n}", total=f"{n}9.99", paid=f"{n}9.99")
        for n in range(3, 10)
    ]
    late = [
        Row(number(n), status=FINISHED, nick=f"客人{n}", total=f"{n}9.99", paid=f"{n}9.99")
        for n in range(5, 12)
    ]
    closed = Row(number(12), status="交易关闭", refunded="100.00", nick="客人12")
    return [
        write(folder / "ExportOrderList201810020000.csv", early),
        write(folder / "ExportOrderList201810080000.csv", middle),
        write(folder / "ExportOrderList201810200000.csv", [*late, closed]),
    ]


def refunds(folder: Path) -> list[Path]:
    def row(n: int, amount: str, state: str, settled: str) -> dict[str, str]:
        return {
            "退款编号": f"77{n:02d}", "订单编号": number(n), "买家退款金额": amount, "退款状态": state,
            "退款的申请时间": f"2018-10-12 08:{n:02d}:00", "退款完结时间": settled,
        }  # fmt: skip

    settled = "2018-10-15 08:00:00"
    done = [
        row(4, "49.99", "退款成功", settled),
        row(6, "10.01", "退款成功", settled),
        row(11, "1.00", "退款关闭", settled),
    ]
    return [
        table(folder / "refunds201810160000.csv", "tm_refund_15_2017", done),
        table(folder / "refunds201810170000.csv", "tm_refund_15_2017", done[1:]),
    ]


def items(folder: Path) -> list[Path]:
    def row(n: int, title: str, price: str, pieces: str) -> dict[str, str]:
        return {"订单编号": number(n), "标题": title, "价格": price, "购买数量": pieces, "订单状态": FINISHED}

    some = [part for n in (4, 6, 9, 11) for part in (row(n, "杯", "3.33", "2"), row(n, "壶", f"{n}.00", "1"))]
    return [
        table(folder / "ExportOrderDetailList201810180000.csv", "tb_detail_10_2017", some),
        table(folder / "ExportOrderDetailList201810190000.csv", "tb_detail_10_2017", some[2:]),
    ]


def reviews(folder: Path) -> list[Path]:
    def row(n: int, stars: str, at: str) -> dict[str, str]:
        return {
            "订单编号": number(n),
            "商品ID": "6001",
            "评分": stars,
            "评价时间": at,
            "评价内容": f"评{stars}",
        }

    first = [row(6, "2", "2018-10-21 08:00:00"), row(9, "5", "2018-10-21 09:00:00")]
    return [
        table(folder / "reviews1.csv", "laoke_reviews", first),
        table(folder / "reviews2.csv", "laoke_reviews", [row(6, "4", "2018-10-23 08:00:00")]),
    ]


def facts(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """The shop's tables, without what each shop and each import names for itself."""
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    of_orders = set(ImportRun.objects.filter(shop=shop, grain="order").values_list("pk", flat=True))
    found = {}
    for name in TABLES:
        rows = reader.rows(f"SELECT * FROM {name} WHERE shop_id = {shop.pk}")
        if name == "order_states":
            # A refund file writes down how a known order stood then; of one that is not known yet it knows no state.
            rows = [row for row in rows if row["import_id"] in of_orders]
        kept = [{k: v for k, v in row.items() if k not in APART} for row in rows]
        found[name] = sorted(kept, key=lambda row: sorted((k, str(v)) for k, v in row.items()))
    return found


def after(shop: Shop, files: Sequence[Path]) -> dict[str, list[dict[str, Any]]]:
    for path in files:
        take(shop, path)
    return facts(shop)


def all_files(folder: Path) -> list[Path]:
    return [*orders(folder), *items(folder), *refunds(folder), *reviews(folder)]


def shuffled(files: Sequence[Path], seed: int) -> list[Path]:
    """The files in some order, a third of them twice."""
    drawn = random.Random(seed)
    chosen = [*files, *drawn.sample(list(files), len(files) // 3)]
    drawn.shuffle(chosen)
    return chosen


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_repetition_end_in_the_same_tables(shop: Shop, tmp_path: Path, seed: int) -> None:
    files = all_files(tmp_path)
    expected = after(shop, files)
    found = after(add_shop("另一家", now=NOW), shuffled(files, seed))

    for name in TABLES:
        assert found[name] == expected[name], name
    paid = sum(row["paid_cents"] for row in found["orders"])
    back = sum(row["refunded_cents"] for row in found["orders"])
    assert (len(found["orders"]), paid, back) == (12, 81_991, 16_000)
    assert found["waiting_lines"] == []
