"""The signals of a shop's orders: asked of the facts by one query, and of the contact digests of the ledger.

Nothing is decrypted: whether several customers have one phone is seen from keyed digests alone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import connection

from laoke.customers.models import Customer
from laoke.insights.fake_orders.rules import FLOOR, SHARED_CONTACT, Rules, Scored, score_of
from laoke.shops.bulk import pieces
from laoke.shops.models import Shop

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

EPOCH = date(1970, 1, 1)
# An order joins the windows of its neighbours: they are scored again with it.
NEIGHBOUR_DAYS = 1


def touched_days(reader: Reader, shop_id: int, after_import: int) -> tuple[int, int] | None:
    """The days to score after newer imports, as numbers since 1970-01-01; None when no order is concerned."""
    row = reader.query("fake_days", shop_id=shop_id, import_id=after_import).to_pylist()[0]
    if row["first_day"] is None:
        return None
    return row["first_day"] - NEIGHBOUR_DAYS, row["last_day"] + NEIGHBOUR_DAYS


def score_days(
    reader: Reader, shop_id: int, days: tuple[int, int], rules: Rules, sharers: dict[int, int]
) -> list[Scored]:
    """Orders placed on these days whose score is worth keeping, by order number."""
    rows = reader.query(
        "fake_signals", shop_id=shop_id, from_day=days[0], to_day=days[1], **rules.params()
    ).to_pylist()
    found = []
    for row in rows:
        score, reasons = score_of(row, rules, sharers.get(row["customer_id"] or 0, 0))
        if score >= FLOOR:
            found.append(Scored(row["order_id"], row["created_at"], row["paid_cents"], score, reasons))
    return found


def sharers_of(shop: Shop) -> dict[int, int]:
    """Customer → how many persons of the shop have the same phone or mail, for those who share it with two or more.

    Read from the index of digests alone: it is narrow and lies in the order of the digests.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, customer_id FROM customers_contactindex WHERE shop_id = %s AND digest IN ("
            "  SELECT digest FROM customers_contactindex WHERE shop_id = %s GROUP BY digest"
            "  HAVING count(*) >= %s)",
            [shop.pk, shop.pk, SHARED_CONTACT],
        )
        pairs: list[tuple[str, int]] = cursor.fetchall()
    persons = _persons({customer for _digest, customer in pairs})
    having: dict[str, set[int]] = {}
    for digest, customer in pairs:
        having.setdefault(digest, set()).add(persons.get(customer, customer))
    found: dict[int, int] = {}
    for digest, customer in pairs:
        found[customer] = max(found.get(customer, 0), len(having[digest]))
    return {customer: count for customer, count in found.items() if count >= SHARED_CONTACT}


def _persons(customers: set[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for piece in pieces(sorted(customers)):
        found.update(Customer.objects.filter(pk__in=piece).values_list("pk", "person_id"))
    return found


def day_span(days: tuple[int, int]) -> tuple[datetime, datetime]:
    """The first and the last moment of day numbers."""
    first, last = (date.fromordinal(EPOCH.toordinal() + day) for day in days)
    return datetime.combine(first, datetime.min.time()), datetime.combine(last, datetime.max.time())
