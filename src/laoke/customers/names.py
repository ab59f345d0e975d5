"""Finding people by a part of their name without opening the vault: keyed digests of pairs of characters.

Of a name every two neighbouring characters and the first one alone have a digest, of a nick its first four characters.
The digests are written by the worker soon after the contacts were sealed (`NameWaiting` says for whom). A search opens
only the few records that have all digests of what was typed, and keeps those that really hold it. A digest that a name
no longer holds stays until the person is erased: it finds a record that is then left out.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.db import connection

from laoke.customers.contacts import is_masked
from laoke.customers.models import NameWaiting, VaultRecord
from laoke.customers.sealing import VaultError, keys
from laoke.customers.vault import Contact, make_findable, open_contact
from laoke.shops.bulk import insert_many, is_sqlite, write_in_batches
from laoke.shops.models import Shop

NICK_LETTERS = 4
LONGEST = 60
# So many records are opened for one search, and so many people are waiting for one turn of the worker.
MOST_OPENED = 300
AT_ONCE = 5_000

_PARTS = "customers_namepart (shop_id, digest, customer_id)"


@dataclass(frozen=True)
class Found:
    """The persons found, and whether more records might have fitted than were opened."""

    persons: list[int]
    more: bool = False


def normal(text: str) -> str:
    """As names are compared: full width and case apart, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())[:LONGEST]


def parts_of(contact: Contact) -> set[str]:
    """What a contact can be found by; masked names and nicks give nothing."""
    found: set[str] = set()
    name, nick = normal(contact.name), normal(contact.nick)
    if name and not is_masked(name):
        found |= {f"1{name[0]}", *_pairs(name)}
    if nick and not is_masked(nick):
        found.add(f"n{nick[:NICK_LETTERS]}")
    return found


def _pairs(text: str) -> set[str]:
    return {f"2{text[at : at + 2]}" for at in range(len(text) - 1)}


def _digests(parts: Iterable[str]) -> list[int]:
    """Keyed digests of 64 bits as signed numbers: short, because there are some for everybody."""
    key = keys().index.current
    found = []
    for part in parts:
        content = f"name\x1f{part}".encode("utf-8", "surrogatepass")
        raw = blake2b(content, key=key.secret, digest_size=8).digest()
        found.append(int.from_bytes(raw, "big", signed=True))
    return found


def index_waiting(stopped: Callable[[], bool] | None = None) -> int:
    """Make those findable who wait for it, some thousand at a time; how many rows were taken off the list."""
    rows = list(NameWaiting.objects.order_by("pk")[:AT_ONCE].values_list("pk", "shop_id", "customer_id"))
    return write_in_batches(rows, _index, stopped=stopped)


def _index(rows: Sequence[tuple[int, int, int]]) -> None:
    """One transaction. A record that changes meanwhile puts its customer on the list again, under a new row."""
    wanted = {(shop, customer) for _pk, shop, customer in rows}
    records = VaultRecord.objects.filter(customer_id__in=sorted({customer for _shop, customer in wanted}))
    found: set[tuple[int, int, int]] = set()
    digests: set[tuple[str, int, int]] = set()
    for record in records:
        if (record.shop_id, record.customer_id) not in wanted:
            continue
        held = (one for one in (record.phone_digest, record.email_digest) if one)
        digests |= {(one, record.customer_id, record.shop_id) for one in held}
        try:
            parts = parts_of(open_contact(record))
        except VaultError:
            continue  # a record that no key opens is found by nothing
        found |= {(record.shop_id, digest, record.customer_id) for digest in _digests(parts)}
    insert_many(_PARTS, sorted(found), "ON CONFLICT DO NOTHING")
    # Mostly there already: only an import that died between sealing people and this left it to be done.
    make_findable(sorted(digests))
    NameWaiting.objects.filter(pk__in=[pk for pk, _shop, _customer in rows]).delete()


def find(shop: Shop, text: str) -> Found:
    """Persons of a shop whose name holds the text (its first character when it is one alone), or whose nick begins with
    it (four characters at least)."""
    wanted = normal(text)
    if not wanted:
        return Found([])
    asked = _pairs(wanted) or {f"1{wanted}"}
    customers, more = _with_all(shop, _digests(sorted(asked)))
    if len(wanted) >= NICK_LETTERS:
        by_nick, more_nicks = _with_all(shop, _digests([f"n{wanted[:NICK_LETTERS]}"]))
        customers, more = customers | by_nick, more or more_nicks
    return Found(_really(shop, customers, wanted), more)


def _with_all(shop: Shop, digests: Sequence[int]) -> tuple[set[int], bool]:
    """Customers that have all these digests, at most `MOST_OPENED` of them, and whether there are more."""
    among = "IN (SELECT value FROM json_each(%s))" if is_sqlite() else "= ANY(%s)"
    given: Any = json.dumps(list(digests)) if is_sqlite() else list(digests)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT customer_id FROM customers_namepart WHERE shop_id = %s AND digest {among} "
            "GROUP BY customer_id HAVING count(*) = %s ORDER BY customer_id LIMIT %s",
            [shop.pk, given, len(digests), MOST_OPENED + 1],
        )
        found = [row[0] for row in cursor.fetchall()]
    return set(found[:MOST_OPENED]), len(found) > MOST_OPENED


def _really(shop: Shop, customers: set[int], wanted: str) -> list[int]:
    """The persons of those whose record holds the text now."""
    persons: set[int] = set()
    records = VaultRecord.objects.filter(
        shop=shop, customer_id__in=sorted(customers), customer__owner=shop.owner_id
    )
    for record in records.select_related("customer", "shop"):
        try:
            contact = open_contact(record)
        except VaultError:
            continue
        name, nick = normal(contact.name), normal(contact.nick)
        in_name = wanted in name if len(wanted) > 1 else name.startswith(wanted)
        if in_name or (len(wanted) >= NICK_LETTERS and nick.startswith(wanted)):
            persons.add(record.customer.person_id)
    return sorted(persons)
