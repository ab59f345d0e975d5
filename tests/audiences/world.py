"""A small shop for segments: facts with known answers in a warehouse of the test's own, features, one catalog entry."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings

from laoke.insights.models import ValueReport
from laoke.shops import catalog
from laoke.shops.models import CatalogEntry, Owner, Shop, User
from laoke.warehouse.customer_value import HORIZONS
from laoke.warehouse.features import build_features, write_features
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders, table

AS_OF = 20_400
TODAY = date.fromordinal(AS_OF + date(1970, 1, 1).toordinal())
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10)


def value_row(
    person: int, orders: float, model: str = "bg_nbd", p_alive: float | None = 0.5
) -> dict[str, Any]:
    """A row of `customer_value` without its shop."""
    row: dict[str, Any] = {
        "person_id": person, "as_of_day": AS_OF, "model": model, "p_alive": p_alive, "import_id": 0,
    }  # fmt: skip
    for days in HORIZONS:
        expected = orders * days / 30
        row |= {f"orders_{days}": expected, f"orders_{days}_low": 0, f"orders_{days}_high": 9}
        row |= {
            f"spend_{days}": round(expected * 10_000),
            f"spend_{days}_low": None,
            f"spend_{days}_high": None,
        }
    return row


class World:
    """One owner's shops with their facts."""

    def __init__(self) -> None:
        self.owner = Owner.objects.create(name="老王")
        self.shop = self.another_shop("主店")
        self.user = User.objects.create(username="wang")
        self.warehouse = Warehouse(settings.PLACE.warehouse)
        self.writes = 0

    def another_shop(self, name: str) -> Shop:
        return Shop.objects.create(owner=self.owner, name=name, created_at=NOW)

    def load(
        self,
        rows: list[dict[str, Any]],
        *,
        shop: Shop | None = None,
        people: dict[int, int] | None = None,
        customers: list[dict[str, Any]] | None = None,
        lines: list[dict[str, Any]] | None = None,
        refunds: list[dict[str, Any]] | None = None,
        products: list[dict[str, Any]] | None = None,
        reviews: list[dict[str, Any]] | None = None,
    ) -> CatalogEntry:
        """Write a shop's orders (and who is one person), build its features, publish."""
        shop = shop or self.shop
        self.write("orders", orders(*({**row, "shop_id": shop.pk} for row in rows)), f"orders-{shop.pk}")
        mapped = [
            {"shop_id": shop.pk, "customer_id": c, "person_id": p, "owner_id": 1}
            for c, p in (people or {}).items()
        ]
        self.write("person_map", table("person_map", mapped), f"map-{shop.pk}")
        self.write(
            "customers",
            table("customers", [{**c, "shop_id": shop.pk} for c in customers or []]),
            f"c-{shop.pk}",
        )
        self.write(
            "order_lines",
            table("order_lines", [{**one, "shop_id": shop.pk} for one in lines or []]),
            f"l-{shop.pk}",
        )
        self.write(
            "refunds",
            table("refunds", [{**one, "shop_id": shop.pk} for one in refunds or []]),
            f"r-{shop.pk}",
        )
        for name, given in (("products", products), ("reviews", reviews)):
            self.write(
                name, table(name, [{**one, "shop_id": shop.pk} for one in given or []]), f"{name}-{shop.pk}"
            )
        features = build_features(self.warehouse.reader(), AS_OF, shop.pk)
        write_features(self.warehouse, features, AS_OF, shop.pk, app_id=self.new("features"))
        return catalog.publish(self.warehouse.versions(), as_of_day=TODAY, now=NOW, reason="import")

    def write(self, name: str, rows: Any, app_id: str) -> None:
        if rows.num_rows:
            self.warehouse.upsert(name, rows, app_id=self.new(app_id))

    def new(self, app_id: str) -> str:
        """An id of a write that was never used, so that a second load is no repeat of the first."""
        self.writes += 1
        return f"{app_id}-{self.writes}"

    def value(self, said: dict[int, float], *, model: str = "bg_nbd", p_alive: float | None = 0.5) -> None:
        """Customer value by person: so many purchases in 30 days and as often more in longer ones, 100 yuan each."""
        rows = [value_row(person, orders, model, p_alive) for person, orders in said.items()]
        self.write(
            "customer_value",
            table("customer_value", [{**row, "shop_id": self.shop.pk} for row in rows]),
            "value",
        )
        catalog.publish(self.warehouse.versions(), as_of_day=TODAY, now=NOW, reason="value")
        ValueReport.objects.create(
            shop=self.shop, as_of_day=TODAY, catalog_ref=1, model=model, report={}, computed_at=NOW
        )

    def buyers(self, *people: int, days_ago: int = 10) -> None:
        """One order each, so that these persons are known."""
        self.load([order(f"o{person}", person, day=AS_OF - days_ago) for person in people])
