"""The history of list prices: what lists of goods add to it, when they add nothing, and what goes with an import."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from laoke.config.importing import import_file
from laoke.config.repairing import roll_back
from laoke.intake.loading.run import Options
from laoke.intake.models import ImportRun
from laoke.shops.models import Shop
from tests.intake.facts import stored

pytestmark = pytest.mark.django_db(transaction=True)


def listed(shop: Shop, tmp_path: Path, when: date, price: str, name: str = "", **more: Any) -> dict[str, Any]:
    """Take in a list with one product, on a day."""
    path = tmp_path / (name or f"goods-{when:%m%d}-{price}.csv")
    path.write_text(f"商品编号,名称,标价\nP1,云朵被,{price}\n", encoding="utf-8")
    mapping = {"product_id": "商品编号", "title": "名称", "list_price": "标价"}
    options = Options(file_name=path.name, mapping=mapping, grain="product", **more)
    return import_file(shop, path, options, now=lambda: datetime(when.year, when.month, when.day, 9))


def history() -> list[tuple[str, int]]:
    first = date(1970, 1, 1).toordinal()
    return [
        (str(date.fromordinal(first + row["told_day"])), row["list_price_cents"])
        for row in stored("list_prices")
    ]


def test_each_change_is_kept_with_its_day_and_its_import(shop: Shop, tmp_path: Path) -> None:
    listed(shop, tmp_path, date(2026, 9, 1), "299.00")
    listed(shop, tmp_path, date(2026, 9, 3), "259.00")
    listed(shop, tmp_path, date(2026, 9, 4), "299.00")

    assert history() == [("2026-09-01", 29_900), ("2026-09-03", 25_900), ("2026-09-04", 29_900)]
    assert [row["list_price_cents"] for row in stored("products")] == [29_900]


def test_that_a_price_still_holds_is_kept_once_a_week(shop: Shop, tmp_path: Path) -> None:
    for number in (1, 2, 7, 8, 9, 15):
        listed(shop, tmp_path, date(2026, 9, number), "299.00", f"goods-{number}.csv")
    assert [day for day, _ in history()] == ["2026-09-01", "2026-09-08", "2026-09-15"]


def test_a_second_list_of_one_day_corrects_the_first(shop: Shop, tmp_path: Path) -> None:
    listed(shop, tmp_path, date(2026, 9, 1), "299.00")
    listed(shop, tmp_path, date(2026, 9, 1), "289.00")
    assert history() == [("2026-09-01", 28_900)]


def test_a_list_tells_of_the_day_that_was_said_and_never_of_a_day_to_come(shop: Shop, tmp_path: Path) -> None:
    listed(shop, tmp_path, date(2026, 9, 9), "299.00", seen_at=datetime(2026, 9, 2, 10))
    listed(shop, tmp_path, date(2026, 9, 9), "259.00", seen_at=datetime(2027, 1, 1))
    listed(shop, tmp_path, date(2026, 9, 10), "279.00", seen_at=datetime(2026, 9, 4))
    assert history() == [("2026-09-02", 29_900), ("2026-09-04", 27_900), ("2026-09-09", 25_900)]


def test_products_without_a_list_price_and_lists_without_the_column_add_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    listed(shop, tmp_path, date(2026, 9, 1), "0.00")
    path = tmp_path / "stock.csv"
    path.write_text("商品编号,库存\nP1,5\n", encoding="utf-8")
    options = Options(
        file_name=path.name, mapping={"product_id": "商品编号", "stock": "库存"}, grain="product"
    )
    import_file(shop, path, options, now=lambda: datetime(2026, 9, 2))
    assert [row["stock"] for row in stored("products")] == [5]
    assert stored("list_prices") == []


def test_what_an_import_told_goes_with_it_when_it_is_taken_back(shop: Shop, tmp_path: Path) -> None:
    listed(shop, tmp_path, date(2026, 9, 1), "299.00")
    listed(shop, tmp_path, date(2026, 9, 3), "399.00")
    roll_back(settings.PLACE, ImportRun.objects.latest("pk").pk, yes=True, by=None, now=datetime(2026, 9, 4))
    assert history() == [("2026-09-01", 29_900)]
    assert [row["list_price_cents"] for row in stored("products")] == [29_900]
