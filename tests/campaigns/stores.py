"""A shop with facts that a test can count by hand: orders, lines, products, traffic, written and published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from django.conf import settings

from laoke.customers.models import Customer
from laoke.insights.refresh import refresh_features
from laoke.promotions.facts import day_number
from laoke.shops import catalog
from laoke.shops.clock import Clock
from laoke.shops.models import Role, Shop, User
from laoke.shops.setup import add_shop, add_user
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders, table

NOW = datetime(2026, 10, 20, 10, 0)
_runs = count(1)


@dataclass
class Store:
    """One shop of the tests. `now` is what its clock shows, `seen_at` until when its orders were seen."""

    shop: Shop
    owner: User
    now: datetime = NOW
    seen_at: datetime = datetime(2026, 12, 31)
    keyed: set[int] = field(default_factory=set)

    @property
    def clock(self) -> Clock:
        return Clock(start=self.now, frozen=True)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(settings.PLACE.warehouse)

    def sold(self, *rows: dict[str, Any], publish: bool = True) -> None:
        """Write orders; their customers become people of the owner."""
        given = [row | {"shop_id": self.shop.pk, "seen_at": self.seen_at} for row in rows]
        self.warehouse.append("orders", orders(*given), app_id=f"run-{next(_runs)}")
        self.known(sorted({row["customer_id"] for row in given if row["customer_id"]}))
        if publish:
            self.publish()

    def known(self, customers: Sequence[int]) -> None:
        Customer.objects.bulk_create(
            Customer(id=number, owner=self.shop.owner, person_id=number, created_at=self.now)
            for number in customers
            if number not in self.keyed
        )
        self.keyed |= set(customers)

    def wrote(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Write rows of another table of facts."""
        given = [row | {"shop_id": self.shop.pk} for row in rows]
        self.warehouse.append(name, table(name, given), app_id=f"run-{next(_runs)}")

    def publish(self) -> None:
        """Make what was written visible, with features as of today."""
        catalog.publish(self.warehouse.versions(), as_of_day=self.now.date(), now=self.now, reason="test")
        refresh_features(self.shop, settings.PLACE, now=self.now)


def bought(number: str, customer: int | None, when: date, **given: Any) -> dict[str, Any]:
    """An order of 100 yuan, paid on that day at ten."""
    return order(number, customer, day=day_number(when), **given)


def line_of(order_row: dict[str, Any], number: int = 1, **given: Any) -> dict[str, Any]:
    """A line of an order: one piece of product P1 at 100 yuan."""
    row = {
        "month": f"{order_row['created_at']:%Y-%m}",
        "order_id": order_row["order_id"],
        "line": str(number),
        "product_id": "P1",
        "sku": "",
        "outer_code": "",
        "title": "被子",
        "quantity": 1,
        "unit_price_cents": 10_000,
        "paid_cents": 10_000,
        "refunded_cents": 0,
        "line_status": "",
        "created_day": day_number(order_row["created_at"].date()),
    }
    return row | given


def product(product_id: str, cost_cents: int | None, **given: Any) -> dict[str, Any]:
    """A product of the category 被子 with a cost."""
    row = {
        "product_id": product_id, "title": product_id, "category": "被子", "list_price_cents": 10_000,
        "cost_cents": cost_cents, "season": "", "listed_at": None, "stock": None, "import_id": 1,
    }  # fmt: skip
    return row | given


def visitors(when: date, found: int) -> dict[str, Any]:
    """A day's visitors from search."""
    return {
        "date_day": day_number(when), "source": "search", "visitors": found, "cost_cents": 0, "orders": 0,
        "sales_cents": 0, "import_id": 1,
    }  # fmt: skip


def make_store(name: str = "半亩棉旗舰店", *, is_demo: bool = False, owner_name: str = "boss") -> Store:
    """A shop with one owner account and no facts yet."""
    shop = add_shop(name, now=NOW, is_demo=is_demo)
    user = User.objects.filter(username=owner_name).first()
    if user is None:
        user, _password = add_user(owner_name, shops=[shop], role=Role.OWNER, now=NOW, full_name="林夏")
    return Store(shop, user)


def days(first: date, number: int) -> list[date]:
    """So many days from the first on."""
    return [first + timedelta(days=one) for one in range(number)]
