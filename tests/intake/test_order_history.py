"""The history of one order: each state with when it was seen and from which file, on its page and in the result."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from laoke.insights.orders import story_of
from laoke.shops import catalog
from laoke.shops.models import Role, Shop, User
from laoke.warehouse.store import Warehouse
from laoke.web import figures
from tests.intake.facts import table, take
from tests.intake.seller_files import FINISHED, SHIPPED, Row, write

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = "1000000000000000001"
REFUND = {
    "退款编号": "77001", "订单编号": ORDER, "买家退款金额": "30.00", "退款的申请时间": "2018-10-12 08:00:00",
    "退款状态": "退款成功", "退款完结时间": "2018-10-13 08:00:00",
}  # fmt: skip


def page_of(shop: Shop, role: str, address: str, **asked: str) -> str:
    user = User.objects.create_user(f"{role}-{User.objects.count()}")
    user.staff.create(shop=shop, role=role)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return html.unescape(client.get(address, asked).content.decode())


def history(shop: Shop) -> list[tuple[Any, ...]]:
    from django.conf import settings

    entry = catalog.current()
    assert entry is not None
    story = story_of(Warehouse(settings.PLACE.warehouse).reader(entry.versions), shop.pk, ORDER)
    return [
        (f"{row['seen_at']:%m-%d}", row["status"], row["paid_cents"], row["refunded_cents"])
        for row in story.history
    ]


def test_each_state_stands_with_its_file_and_nothing_twice(shop: Shop, tmp_path: Path) -> None:
    shipped = write(tmp_path / "ExportOrderList201810050000.csv", [Row(ORDER, status=SHIPPED)])
    done = write(tmp_path / "ExportOrderList201810100000.csv", [Row(ORDER, status=FINISHED)])
    for path in (shipped, done, shipped, done):
        take(shop, path)
    back = table(tmp_path / "refunds201810140000.csv", "tm_refund_15_2017", [REFUND])
    take(shop, back)

    assert history(shop) == [
        ("10-14", "finished", 10_000, 3_000),
        ("10-10", "finished", 10_000, 0),
        ("10-05", "shipped", 10_000, 0),
    ]
    page = page_of(shop, Role.OWNER, reverse("order"), no=ORDER)
    for name in (shipped.name, done.name, back.name):
        assert f"见于 {name}" in page
    assert f"实付 {figures.yuan(10_000)}，退 {figures.yuan(3_000)}" in page


def test_who_may_not_see_imports_reads_the_file_without_the_way_to_it(shop: Shop, tmp_path: Path) -> None:
    result = take(shop, write(tmp_path / "a.csv", [Row(ORDER)]))
    address = reverse("import_result", args=[result["import"]])

    assert address in page_of(shop, Role.OWNER, reverse("order"), no=ORDER)
    service = page_of(shop, Role.SERVICE, reverse("order"), no=ORDER)
    assert "见于 a.csv" in service
    assert address not in service


def test_the_result_of_an_import_leads_to_its_orders(shop: Shop, tmp_path: Path) -> None:
    result = take(shop, write(tmp_path / "a.csv", [Row(ORDER)]))
    page = page_of(shop, Role.OWNER, reverse("import_result", args=[result["import"]]))

    assert "这次看到的订单" in page
    assert f"/orders/?no={ORDER}" in page


def test_a_refund_before_its_order_is_shown_as_waiting(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "a.csv", [Row("1000000000000000009")]))
    take(shop, table(tmp_path / "r.csv", "tm_refund_15_2017", [REFUND]))
    page = page_of(shop, Role.OWNER, reverse("order"), no=ORDER)

    assert "这一单的订单还没有导入" in page
    assert "77001" in page
