"""Every figure leaves flagged orders out: sums computed anew from the raw rows.

Which queries may read all orders, and why, is held by tests/warehouse/test_queries.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

ALL = {"from_day": 0, "to_day": 30_000}

Row = dict[str, Any]


class Rival:
    """The figures of a shop, slowly and straight from the orders, with or without those that are left out."""

    def __init__(self, orders: list[Row], persons: dict[int, int], out: set[str]) -> None:
        self.paid = [row for row in orders if row["paid_at"] is not None and row["order_id"] not in out]
        self.persons = persons

    def person(self, row: Row) -> int | None:
        customer = row["customer_id"]
        return None if customer is None else self.persons.get(customer, customer)

    def refunds(self) -> Row:
        back = [row for row in self.paid if row["refunded_cents"] > 0]
        return {
            "paid_orders": len(self.paid),
            "refunded_orders": len(back),
            "fully_refunded_orders": sum(1 for row in back if row["refunded_cents"] >= row["paid_cents"]),
            "paid_cents": sum(row["paid_cents"] for row in self.paid),
            "refunded_cents": sum(row["refunded_cents"] for row in self.paid),
        }

    def titles(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for row in self.paid:
            orders, cents = found.get(row["titles"], (0, 0))
            found[row["titles"]] = (orders + 1, cents + row["paid_cents"])
        return found

    def hours(self) -> dict[tuple[int, int], int]:
        return dict(Counter((row["paid_at"].weekday(), row["paid_at"].hour) for row in self.paid))

    def repurchase(self) -> Row:
        days: dict[int, set[Any]] = defaultdict(set)
        net: Counter[int] = Counter()
        for row in self.paid:
            person = self.person(row)
            if person is not None:
                days[person].add(row["paid_at"].date())
                net[person] += row["paid_cents"] - row["refunded_cents"]
        again = [person for person in days if len(days[person]) >= 2]
        return {
            "buyers": len(days), "repeat_buyers": len(again), "net_cents": sum(net.values()),
            "repeat_net_cents": sum(net[person] for person in again),
        }  # fmt: skip

    def products(self, lines: list[Row]) -> dict[str, tuple[int, int]]:
        mine = {row["order_id"] for row in self.paid}
        orders: dict[str, set[str]] = defaultdict(set)
        cents: Counter[str] = Counter()
        for line in lines:
            if line["order_id"] in mine:
                orders[line["product_id"]].add(line["order_id"])
                cents[line["product_id"]] += line["paid_cents"]
        return {product: (len(found), cents[product]) for product, found in orders.items()}

    def customers(self) -> dict[int, tuple[int, int, int]]:
        """Person → days of buying, paid, net."""
        days: dict[int, set[Any]] = defaultdict(set)
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for row in self.paid:
            person = self.person(row)
            if person is not None:
                days[person].add(row["paid_at"].date())
                sums[person][0] += row["paid_cents"]
                sums[person][1] += row["paid_cents"] - row["refunded_cents"]
        return {person: (len(days[person]), *sums[person]) for person in days}


@pytest.mark.django_db
@pytest.mark.parametrize("with_fakes", [False, True], ids=["without", "with"])
def test_figures_are_those_of_the_raw_orders(demo: Demo, with_fakes: bool) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.config.refreshing import refresh_shop
    from laoke.insights.fake_orders import flags
    from laoke.insights.models import OrderFlag

    refresh_shop(demo.shop, demo.place, now=demo.now)
    some = list(flags.suspects(demo.shop).order_by("order_id").values_list("order_id", flat=True))
    flags.decide(demo.shop, some[:3], "cleared", by=demo.operator, now=demo.now)
    flags.decide(demo.shop, some[3:9], "confirmed", by=demo.operator, now=demo.now)
    out = set(some[3:])
    assert len(out) == OrderFlag.objects.exclude(decision="cleared").filter(score__gte=50).count() == 24

    reading = reading_of(demo.shop, demo.now.date())
    raw = reading.reader
    persons = {row["customer_id"]: row["person_id"] for row in raw.rows("SELECT * FROM person_map")}
    rival = Rival(raw.rows("SELECT * FROM orders"), persons, set() if with_fakes else out)
    lines = raw.rows("SELECT * FROM order_lines")
    reader = (reading.with_fakes() if with_fakes else reading).reader

    def asked(name: str, **given: Any) -> list[Row]:
        return reader.query(name, shop_id=demo.shop.pk, **ALL, **given).to_pylist()

    assert asked("refund_rate") == [rival.refunds()]
    titles = asked("top_titles", page_rows=10_000)
    assert {row["titles"]: (row["orders"], row["paid_cents"]) for row in titles} == rival.titles()
    assert {(r["weekday"], r["hour"]): r["orders"] for r in asked("hour_demand")} == rival.hours()
    assert asked("repurchase") == [rival.repurchase()]
    products = asked("top_products", page_rows=10_000)
    assert {r["product_id"]: (r["orders"], r["paid_cents"]) for r in products} == rival.products(lines)
    money = rival.refunds()
    [sums] = asked("overview", as_of_day=reading.as_of_day, year_before_from_day=-2, year_before_to_day=-1)
    assert (sums["orders"], sums["paid_cents"], sums["refunded_cents"]) == (
        money["paid_orders"], money["paid_cents"], money["refunded_cents"],
    )  # fmt: skip
    assert sums["buyers"] == rival.repurchase()["buyers"]
    for name, given in (("daily_sales", {"as_of_day": reading.as_of_day}), ("month_demand", {})):
        rows = asked(name, **given)
        assert sum(row["orders"] for row in rows) == money["paid_orders"], name
        assert sum(row["paid_cents"] for row in rows) == money["paid_cents"], name
    tested = asked("backtest_lines") + asked("backtest_totals")
    assert {row["order_id"] for row in tested} == {row["order_id"] for row in rival.paid}


@pytest.mark.django_db
def test_customers_are_known_without_what_was_left_out(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.config.mirroring import write_all_mirrors
    from laoke.config.refreshing import refresh_shop
    from laoke.insights.fake_orders import flags

    refresh_shop(demo.shop, demo.place, now=demo.now)
    some = list(flags.suspects(demo.shop).order_by("order_id").values_list("order_id", flat=True))
    for cleared in ([], some[:5], some):
        flags.decide(demo.shop, cleared, "cleared", by=demo.operator, now=demo.now)
        write_all_mirrors(demo.place, demo.now)
        reading = reading_of(demo.shop, demo.now.date())
        raw = reading.reader
        persons = {row["customer_id"]: row["person_id"] for row in raw.rows("SELECT * FROM person_map")}
        rival = Rival(raw.rows("SELECT * FROM orders"), persons, set(some) - set(cleared))
        known = raw.rows(
            "SELECT person_id, orders, paid_cents, net_cents FROM customer_features "
            "WHERE as_of_day = $day AND orders > 0",
            {"day": reading.as_of_day},
        )
        found = {r["person_id"]: (r["orders"], r["paid_cents"], r["net_cents"]) for r in known}
        assert found == rival.customers(), len(cleared)
