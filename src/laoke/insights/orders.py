"""One order as a whole: how it stands, the states it went through, its goods, refunds, reviews and parcels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

Row = dict[str, Any]


@dataclass(frozen=True)
class OrderStory:
    """What is known of an order number. `order` is None where no file told the order itself: refunds and reviews may
    come before it."""

    order: Row | None
    history: list[Row]
    goods: list[Row]
    refunds: list[Row]
    reviews: list[Row]
    parcels: list[Row]

    @property
    def is_known(self) -> bool:
        return bool(self.order or self.history or self.refunds or self.reviews or self.parcels)


def story_of(reader: Reader, shop_id: int, order_id: str) -> OrderStory:
    """Everything the facts tell of an order number."""

    def ask(name: str) -> list[Row]:
        rows: list[Row] = reader.query(name, shop_id=shop_id, order_id=order_id).to_pylist()
        return rows

    found = ask("order_whole")
    return OrderStory(
        found[0] if found else None,
        ask("order_history"),
        ask("order_goods"),
        ask("order_refunds"),
        ask("order_reviews"),
        ask("order_parcels"),
    )


def states_of_import(reader: Reader, shop_id: int, import_id: int, most: int) -> list[Row]:
    """States of orders that an import saw, those with the most money first."""
    rows: list[Row] = reader.query(
        "import_orders", shop_id=shop_id, import_id=import_id, page_rows=most
    ).to_pylist()
    return rows
