"""Finding the one person that a colleague names: by whole nick, phone, address or key, by order, by customer number."""

from __future__ import annotations

from datetime import datetime

from laoke.audiences.readings import NotReady, reading_of
from laoke.customers import profiles
from laoke.insights import people
from laoke.shops.models import Shop
from laoke.web.numbers import row_number

# A shorter number is an order's or a phone's: customers have about nineteen digits.
CUSTOMER_DIGITS = 13


def persons_named(shop: Shop, text: str, now: datetime) -> list[int]:
    """Everybody that the text may mean; [] for nobody."""
    text = text.strip()
    if not text:
        return []
    found = set(profiles.find_people(shop, text))
    number = row_number(text)
    if number is not None and len(text) >= CUSTOMER_DIGITS:
        found |= set(profiles.persons_of(shop, [number]))
    try:
        reader = reading_of(shop, now.date()).reader
    except NotReady:
        return sorted(found)
    customer = people.customer_of_order(reader, shop.pk, text)
    if customer is not None:
        found |= set(profiles.persons_of(shop, [customer]))
    return sorted(found)
