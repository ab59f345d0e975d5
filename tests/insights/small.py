"""Small shops for the analyses: a few orders with lines, products and joined nicks, and a reader over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from laoke.warehouse.engine import Reader
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import at, order, orders, table

TODAY = 18_000
# Nick 11 is person 1 too.
JOINED = {11: 1}
# Days that meet months, leap days and years from both sides, and the same day twice.
DAYS = st.one_of(st.integers(TODAY - 60, TODAY), st.integers(TODAY - 800, TODAY))
BUYERS = st.sampled_from([None, 1, 2, 3, 11])


def bought(
    number: int, who: int | None, day: int, paid: int = 10_000, back: int = 0, **given: Any
) -> dict[str, Any]:
    """An order with the columns that the warehouse derives of its time."""
    hour = given.pop("hour", 10)
    return order(
        f"O{number}", who, day=day, paid_at=at(day, hour), created_at=at(day, hour), paid_cents=paid,
        refunded_cents=back, **given,
    )  # fmt: skip


def line(order_id: str, n: int, product_id: str, **given: Any) -> dict[str, Any]:
    """A line of one piece for 10.00."""
    return {
        "month": "2019-04", "shop_id": 1, "order_id": order_id, "line": str(n), "product_id": product_id, "sku": "",
        "outer_code": "", "title": f"款{product_id}", "quantity": 1, "unit_price_cents": 1_000, "paid_cents": 1_000,
        "refunded_cents": 0, "line_status": "", "created_day": TODAY, "import_id": 1,
    } | given  # fmt: skip


def product(product_id: str, category: str) -> dict[str, Any]:
    return {
        "shop_id": 1, "product_id": product_id, "title": f"款{product_id}", "category": category,
        "list_price_cents": 1_000, "season": "", "import_id": 1,
    }  # fmt: skip


def person_of(row: dict[str, Any]) -> int | None:
    """Who bought, nicks joined."""
    who = row["customer_id"]
    return JOINED.get(who, who)


def day_of(row: dict[str, Any]) -> int:
    """The day an order was paid."""
    day: int = (row["paid_at"] - at(0, 0)).days
    return day


@contextmanager
def shop(
    rows: Sequence[dict[str, Any]],
    lines: Sequence[dict[str, Any]] = (),
    products: Sequence[dict[str, Any]] = (),
    fakes: Sequence[str] = (),
) -> Iterator[Reader]:
    """A reader over these facts, in a folder that goes with the block."""
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(folder)
        if rows:
            warehouse.append("orders", orders(*rows), app_id="1")
        for name, given in (("order_lines", lines), ("products", products)):
            if given:
                warehouse.append(name, table(name, list(given)), app_id="1")
        links = [
            {"shop_id": 1, "customer_id": nick, "person_id": person, "owner_id": 1}
            for nick, person in JOINED.items()
        ]
        warehouse.append("person_map", table("person_map", links), app_id="1")
        if fakes:
            flags = [
                {"shop_id": 1, "order_id": one, "flag": "suspect", "score": 9, "reasons": ""} for one in fakes
            ]
            warehouse.append("order_flags", table("order_flags", flags), app_id="1")
        yield warehouse.reader()
