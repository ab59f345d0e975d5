"""Exports of other platforms taken into a shop: sums, buyers, lines, newer states, the same file twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from laoke.config.importing import import_file
from laoke.customers.models import Customer, Identity
from laoke.intake.loading.run import Options
from laoke.intake.models import QuarantinedRow
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from laoke.warehouse.store import Warehouse
from tests.reading.rows_of_orders import BEHIND, EXPORTS, export_text

NOW = datetime(2026, 6, 1, 9, 0)
PAID = {
    "jd_order_30_2016": 41901, "pdd_order_23": 3480, "douyin_order_75": 17500, "xhs_order": 7550,
    "alibaba1688_order": 31000, "shopify_order_79": 6498, "wechat_shop_57": 10500, "youzan_order_60": 10800,
    "woocommerce_order_55": 3300,
}  # fmt: skip
CUSTOMERS = {
    "jd_order_30_2016": 2, "pdd_order_23": 0, "douyin_order_75": 0, "xhs_order": 0, "alibaba1688_order": 2,
    "shopify_order_79": 2, "wechat_shop_57": 0, "youzan_order_60": 1, "woocommerce_order_55": 2,
}  # fmt: skip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(home: Path) -> Shop:
    return add_shop("别家店", now=NOW, platform="other")


def take(
    shop: Shop, folder: Path, layout: str, rows: Sequence[Any] = (), name: str = "a.csv"
) -> dict[str, Any]:
    path = folder / name
    path.write_text(
        export_text(layout, rows or EXPORTS[layout], more=BEHIND.get(layout, "")), encoding="utf-8"
    )
    return import_file(shop, path, Options(file_name=name), now=lambda: NOW)


def stored(text: str) -> list[dict[str, Any]]:
    entry = catalog.current()
    assert entry is not None
    return Warehouse(settings.PLACE.warehouse).reader(entry.versions).rows(text)


@pytest.mark.parametrize("layout", PAID)
def test_an_export_is_taken_in_once_with_its_buyers(shop: Shop, tmp_path: Path, layout: str) -> None:
    result = take(shop, tmp_path, layout)
    cents = result["total_cents"]
    assert (result["accepted"], result["quarantined"]) == (result["rows_read"], 0)
    assert cents["read"] == cents["accepted"]
    [orders] = stored("SELECT count(*) AS n, CAST(sum(paid_cents) AS BIGINT) AS paid FROM orders")
    assert orders["paid"] == PAID[layout]
    assert Customer.objects.count() == CUSTOMERS[layout]

    again = take(shop, tmp_path, layout)
    assert (again["accepted"], again["unchanged"]) == (0, result["rows_read"])
    assert again["total_cents"]["unchanged"] == cents["read"]
    [after] = stored("SELECT count(*) AS n, CAST(sum(paid_cents) AS BIGINT) AS paid FROM orders")
    assert after == orders


def test_lines_and_orders_tell_the_same_money_when_an_older_export_comes_later(
    shop: Shop, tmp_path: Path
) -> None:
    [newer, *_others] = [dict(row) for row in EXPORTS["wechat_shop_57"]]
    older = {**newer, "订单状态": "待付款", "支付时间": "", "商品已退款金额": "0.00", "订单确认收货时间": ""}
    take(shop, tmp_path, "wechat_shop_57", [newer], "newer.csv")
    result = take(shop, tmp_path, "wechat_shop_57", [older], "older.csv")
    assert (result["accepted"], result["unchanged"], result["quarantined"]) == (0, 1, 0)
    assert result["total_cents"]["read"] == result["total_cents"]["unchanged"] == 0
    [order] = stored("SELECT status, paid_cents, refunded_cents FROM orders")
    [line] = stored("SELECT line_status, paid_cents, refunded_cents FROM order_lines")
    assert list(order.values()) == ["finished", 10500, 3500]
    assert list(line.values()) == ["finished", 10000, 3500]


def test_a_newer_export_goes_over_an_older_one(shop: Shop, tmp_path: Path) -> None:
    [newer, *_others] = [dict(row) for row in EXPORTS["wechat_shop_57"]]
    older = {**newer, "订单状态": "待付款", "支付时间": "", "商品已退款金额": "0.00", "订单确认收货时间": ""}
    take(shop, tmp_path, "wechat_shop_57", [older], "older.csv")
    result = take(shop, tmp_path, "wechat_shop_57", [newer], "newer.csv")
    assert (result["accepted"], result["unchanged"]) == (1, 0)
    [line] = stored("SELECT line_status, paid_cents, refunded_cents FROM order_lines")
    assert list(line.values()) == ["finished", 10000, 3500]


def test_what_was_put_aside_can_be_mended_and_taken_in(shop: Shop, tmp_path: Path) -> None:
    rows = [dict(row) for row in EXPORTS["jd_order_30_2016"]]
    rows[1]["下单帐号"] = "somebody"
    result = take(shop, tmp_path, "jd_order_30_2016", rows)
    assert (result["rows_read"], result["accepted"], result["quarantined"]) == (5, 3, 2)
    assert result["total_cents"]["read"] == result["total_cents"]["accepted"] + 29001
    kept = QuarantinedRow.objects.order_by("line")
    assert [(row.line, row.reason, row.cents) for row in kept] == [
        (2, "order_contradicts", 29001),
        (3, "order_contradicts", 0),
    ]
    assert "somebody" not in str([row.params for row in kept])

    mended = take(shop, tmp_path, "jd_order_30_2016", name="mended.csv")
    assert (mended["accepted"], mended["unchanged"], mended["quarantined"]) == (2, 3, 0)


def test_accounts_are_keys_and_masked_phones_are_none(shop: Shop, tmp_path: Path) -> None:
    take(shop, tmp_path, "shopify_order_79")
    take(shop, tmp_path, "youzan_order_60", name="b.csv")
    assert sorted(Identity.objects.values_list("kind", flat=True)) == ["member", "member", "member"]
    without = stored("SELECT order_id FROM orders WHERE customer_id IS NULL")
    assert [row["order_id"] for row in without] == ["E20240101000000000000002"]
