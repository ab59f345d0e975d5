"""What buyers wrote in reviews: sealed words beside the facts of the review, found by order and product.

A review file may come before its orders, so words are kept first and claimed later: they get the buyer of their order
as soon as it is known, and are deleted when that buyer is being erased or is erased already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from laoke.customers.models import Customer, Erasure, ReviewText
from laoke.customers.sealing import Sealer, json_bytes, open_sealed
from laoke.customers.vault import SCHEMA
from laoke.shops.bulk import execute_many, insert_many, pieces, write_in_batches
from laoke.shops.models import Shop

LONGEST = 2_000
_ADDRESSES = re.compile(r"(?:https?:)?//\S+", re.IGNORECASE)
_TABLE = "customers_reviewtext"
_KEPT = f"{_TABLE} (shop_id, order_id, product_id, at_micros, customer_id, sealed, key_id)"
# Of two files that tell the same review the one with the later time counts, whichever comes first.
_REPLACE = (
    "ON CONFLICT (shop_id, order_id, product_id) DO UPDATE SET at_micros = excluded.at_micros, "
    f"sealed = excluded.sealed, key_id = excluded.key_id WHERE {_TABLE}.at_micros <= excluded.at_micros"
)
_CLAIM = f"UPDATE {_TABLE} SET customer_id = %s WHERE id = %s AND customer_id IS NULL"
_FORGET = f"DELETE FROM {_TABLE} WHERE id = %s AND customer_id IS NULL"


@dataclass(frozen=True)
class Words:
    """The words of one review by their role, the time of the review in microseconds since 1970, and its writer, where
    the source tells."""

    order_id: str
    product_id: str
    at_micros: int
    texts: Mapping[str, str]
    customer_id: int | None = None


def keep(shop: Shop, found: Sequence[Words]) -> int:
    """Seal the words of reviews without the addresses of pictures in them; of one review the latest words stay."""
    newest: dict[tuple[str, str], Words] = {}
    for one in found:
        key = one.order_id, one.product_id
        if key not in newest or newest[key].at_micros <= one.at_micros:
            newest[key] = one
    told = [newest[key] for key in sorted(newest)]
    sealer = Sealer()
    contents = [json_bytes(_plain(one.texts)) for one in told]
    bound = [_bound(shop.pk, one.order_id, one.product_id).encode() for one in told]
    rows = [
        (shop.pk, one.order_id, one.product_id, one.at_micros, one.customer_id, sealed, sealer.key_id)
        for one, sealed in zip(told, sealer.seal_all(contents, bound), strict=True)
    ]
    return write_in_batches(rows, lambda piece: insert_many(_KEPT, piece, _REPLACE))


def _plain(texts: Mapping[str, str]) -> dict[str, str]:
    return {role: _ADDRESSES.sub("", text).strip()[:LONGEST] for role, text in texts.items()}


def any_waits(shop: Shop) -> bool:
    """Whether there are words that nobody is the writer of yet."""
    return _waiting(shop).exists()


def claim(shop: Shop, buyers: Mapping[str, int]) -> None:
    """Give words that nobody is the writer of yet to the buyers of their orders, {order id: customer}."""
    waiting = _waiting(shop)
    found: list[tuple[int, int]] = []
    for piece in pieces(sorted(buyers), 500):
        mine = waiting.filter(order_id__in=list(piece)).values_list("order_id", "pk")
        found += [(buyers[order_id], row) for order_id, row in mine]
    living = _living({buyer for buyer, _row in found})
    write_in_batches([pair for pair in found if pair[0] in living], lambda piece: execute_many(_CLAIM, piece))
    write_in_batches(
        [(row,) for buyer, row in found if buyer not in living], lambda piece: execute_many(_FORGET, piece)
    )


def _waiting(shop: Shop) -> QuerySet[ReviewText]:
    return ReviewText.objects.filter(shop=shop, customer=None)


def _living(customers: set[int]) -> set[int]:
    """Those customers that nobody has asked to erase."""
    persons: dict[int, int] = {}
    for piece in pieces(sorted(customers), 500):
        persons.update(Customer.objects.filter(pk__in=list(piece)).values_list("pk", "person_id"))
    gone = set(Erasure.objects.values_list("person_id", flat=True))
    return {customer for customer, person in persons.items() if person not in gone}


def words_of(shop: Shop, order_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, str]]:
    """The plain words of the reviews of these orders, by order and product. Who shows them writes an audit row."""
    rows = ReviewText.objects.filter(shop=shop, order_id__in=list(order_ids)).order_by("pk")
    return {
        (row.order_id, row.product_id): open_sealed(bytes(row.sealed), row.key_id, bound_to(row))
        for row in rows
    }


def bound_to(row: Any) -> str:
    """What the words of a review are sealed for."""
    return _bound(row.shop_id, row.order_id, row.product_id)


def _bound(shop_id: int, order_id: str, product_id: str) -> str:
    return f"review|{shop_id}|{order_id}|{product_id}|{SCHEMA}"


def count_of(shop: Shop, order_id: str) -> int:
    """How many reviews of an order have words."""
    return ReviewText.objects.filter(shop=shop, order_id=order_id).count()
