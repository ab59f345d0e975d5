"""Who is who: keys of a source row become a customer id, given once and never recomputed.

Strong keys (nick, member id, open uid, ouid, omid) on one row join by themselves; a phone or an address only proposes.
Masked values are never keys. A key of an erased person gives no customer.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from laoke.customers.contacts import is_masked
from laoke.customers.sealing import digests
from laoke.customers.sealing import keys as key_rings
from laoke.shops import dirty
from laoke.shops.bulk import insert_many, is_sqlite, pieces, write_in_batches
from laoke.shops.models import Shop, User

KINDS = ("nick", "member", "open_uid", "ouid", "omid")

KeySet = tuple[tuple[str, str], ...]


@dataclass
class Resolution:
    """Customers of a sequence of key sets: `ids[i]` is the customer of the i-th set, or None."""

    ids: list[int | None]
    new_customers: set[int] = field(default_factory=set)
    erased: int = 0
    joined: int = 0


def usable_keys(values: dict[str, str | None]) -> KeySet:
    """The strong keys of one row as (kind, value), masked and empty ones left out, in a fixed order."""
    found = []
    for kind in KINDS:
        value = (values.get(kind) or "").strip()
        if value and not is_masked(value):
            found.append((kind, value))
    return tuple(found)


def single_keys(kind: str, values: Iterable[str]) -> list[KeySet]:
    """`usable_keys` of many rows that have a value of this one kind each."""
    return [((kind, value),) if value and not is_masked(value) else () for value in map(str.strip, values)]


def new_customer_ids(random: Callable[[int], int] = secrets.randbelow) -> Callable[[], int]:
    """A source of positive 63-bit ids: a random, unused start of 40 bits, then one by one.

    Neighbouring ids of one import keep the indexes of the ledger and the columns of the facts compact.
    """
    while True:
        start = (random(2**40 - 1) + 1) << 23
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM customers_customer WHERE id BETWEEN %s AND %s LIMIT 1",
                [start, start + 2**23 - 1],
            )
            if cursor.fetchone() is None:
                return itertools.count(start).__next__


def resolve(
    shop: Shop,
    key_sets: Sequence[KeySet],
    *,
    now: datetime,
    new_id: Callable[[], int] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Resolution:
    """Give every key set its customer, making the unknown ones. Safe to repeat after a crash: known keys stay known."""
    rows = key_digests(shop, key_sets)
    wanted = {d for row in rows for d in row}
    new_id = new_id or new_customer_ids()
    known = _known(wanted)
    buried = _buried(wanted)
    # A known key that stands alone has its customer; all others need a look, and where somebody was erased, everybody.
    result = Resolution(ids=[known.get(row[0]) if len(row) == 1 and not buried else None for row in rows])
    fresh: dict[str, tuple[str, int]] = {}
    joins: list[tuple[int, int]] = []
    if not buried and max(map(len, rows), default=0) == 1:
        _give_each(rows, key_sets, result, known, fresh, new_id)
    for position in [n for n, customer in enumerate(result.ids) if customer is None]:
        row = rows[position]
        if not row:
            continue
        if buried and not buried.isdisjoint(row):
            result.erased += 1
            continue
        met = [known[d] for d in row if d in known]
        customer = met[0] if met else new_id()
        if not met:
            result.new_customers.add(customer)
        joins.extend((customer, other) for other in dict.fromkeys(met) if other != customer)
        for d, (kind, _value) in zip(row, key_sets[position], strict=True):
            if d not in known:
                known[d] = customer
                fresh[d] = (kind, customer)
        result.ids[position] = customer
    inserted = _insert(shop, result.new_customers, fresh, now, stopped)
    # Two importers may have met the same unknown key: the one whose insert came first has the say.
    settled = _known(fresh) if inserted < len(fresh) else {}
    if inserted < len(fresh) and any(settled.get(d) != customer for d, (_kind, customer) in fresh.items()):
        final = {**known, **settled}
        result.ids = [
            final[row[0]] if row and result.ids[n] is not None else None for n, row in enumerate(rows)
        ]
        result.new_customers &= set(settled.values())
        joins = _met_on_one_row(rows, result.ids, final)
    for first, second in dict.fromkeys(joins):
        result.joined += join(shop, first, second, reason="same_row", now=now)
    return result


def _give_each(
    rows: Sequence[Sequence[str]],
    key_sets: Sequence[KeySet],
    result: Resolution,
    known: dict[str, int],
    fresh: dict[str, tuple[str, int]],
    new_id: Callable[[], int],
) -> None:
    """New customers for unknown keys where each row has one key alone, as in most files: nothing joins there, and the
    general way costs three times as much."""
    ids, made = result.ids, result.new_customers
    for position, row in enumerate(rows):
        if ids[position] is None and row:
            d = row[0]
            customer = known.get(d)
            if customer is None:
                known[d] = customer = new_id()
                fresh[d] = (key_sets[position][0][0], customer)
                made.add(customer)
            ids[position] = customer


def _met_on_one_row(
    rows: Sequence[Sequence[str]], ids: Sequence[int | None], known: dict[str, int]
) -> list[tuple[int, int]]:
    """Pairs of customers whose keys stand on one row, the row's own customer first."""
    return [
        (customer, other)
        for row, customer in zip(rows, ids, strict=True)
        if customer is not None
        for other in dict.fromkeys(known[d] for d in row)
        if other != customer
    ]


def key_digests(shop: Shop, key_sets: Sequence[KeySet]) -> list[list[str]]:
    """The digests of every key; a ouid is of one shop, everything else of the owner's shops on one platform."""
    everywhere, here = f"owner:{shop.owner_id}:{shop.platform}", f"shop:{shop.pk}"
    contents = (
        f"{kind}\x1f{here if kind == 'ouid' else everywhere}\x1f{value}".encode("utf-8", "surrogatepass")
        for keys in key_sets
        for kind, value in keys
    )
    found = digests(key_rings().identity.current, contents)
    if len(found) == len(key_sets) and all(map(len, key_sets)):
        return [[d] for d in found]
    left = iter(found)
    return [list(itertools.islice(left, len(keys))) for keys in key_sets]


def known_customer(shop: Shop, keys: KeySet) -> int | None:
    """The customer of the first of these keys that anybody has; None when nobody was seen with one."""
    [wanted] = key_digests(shop, [keys])
    found = _known(wanted)
    return next((found[digest] for digest in wanted if digest in found), None)


def _known(wanted: Iterable[str]) -> dict[str, int]:
    return dict(_select_in("SELECT digest, customer_id FROM customers_identity WHERE digest", wanted))


def _buried(wanted: Iterable[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM customers_tombstone LIMIT 1")
        if cursor.fetchone() is None:
            return set()
    return {row[0] for row in _select_in("SELECT digest FROM customers_tombstone WHERE digest", wanted)}


def _select_in(select: str, values: Iterable[str]) -> Iterable[tuple]:
    """Rows of `select IN (values)`; the list travels as one parameter, so its length has no limit.

    In order, each piece meets its own part of the index instead of all of it."""
    test = " IN (SELECT value FROM json_each(%s))" if is_sqlite() else " = ANY(%s)"
    for piece in pieces(sorted(values)):
        with connection.cursor() as cursor:
            cursor.execute(select + test, [json.dumps(list(piece)) if is_sqlite() else list(piece)])
            yield from cursor.fetchall()


def _insert(
    shop: Shop,
    customers: set[int],
    identities: dict[str, tuple[str, int]],
    now: datetime,
    stopped: Callable[[], bool] | None,
) -> int:
    """Write customers and identities that are not there; how many identities were not."""
    key_id = key_rings().identity.current.key_id
    stamp = now.isoformat(sep=" ") if is_sqlite() else now
    people = [(customer, shop.owner_id, customer, stamp) for customer in sorted(customers)]
    write_in_batches(people, lambda rows: insert_many(_CUSTOMERS, rows, _UNLESS_THERE), stopped=stopped)
    # Sorted by digest, the index grows at one end of a page at a time instead of everywhere.
    keys = [(d, kind, customer, key_id) for d, (kind, customer) in sorted(identities.items())]
    inserted = 0

    def write(rows: Sequence[tuple]) -> None:
        nonlocal inserted
        inserted += insert_many(_IDENTITIES, rows, _UNLESS_THERE)

    write_in_batches(keys, write, stopped=stopped)
    return inserted


_CUSTOMERS = "customers_customer (id, owner_id, person_id, created_at)"
_IDENTITIES = "customers_identity (digest, kind, customer_id, key_id)"
_UNLESS_THERE = "ON CONFLICT DO NOTHING"


def join(
    shop: Shop,
    first: int,
    second: int,
    *,
    reason: str,
    now: datetime,
    by: User | None = None,
    evidence: dict[str, Any] | None = None,
) -> int:
    """Make two customers one person, with a link row that can be undone; 1 when something changed, else 0.

    What a colleague took apart stays apart: one row of a source does not join it again.
    """
    from django.db import transaction

    from laoke.customers import history
    from laoke.customers.carrying import carry_over
    from laoke.customers.models import Customer, Erasure, PersonChange, PersonLink

    pair = {"first_customer_id": min(first, second), "second_customer_id": max(first, second)}
    with transaction.atomic():
        locked = Customer.objects.select_for_update().filter(pk__in=(first, second)).order_by("pk")
        persons = dict(locked.values_list("pk", "person_id"))
        if len(persons) < 2 or persons[first] == persons[second]:
            return 0
        # Who is being erased keeps the customers they have: those that joined or left would not be erased with them.
        if Erasure.objects.filter(owner_id=shop.owner_id, person_id__in=persons.values()).exists():
            return 0
        if reason == "same_row" and PersonLink.objects.filter(**pair, state=PersonLink.State.UNDONE).exists():
            return 0
        kept, given_up = sorted((persons[first], persons[second]))
        moved = list(Customer.objects.filter(person_id=given_up).values_list("pk", flat=True))
        Customer.objects.filter(person_id=given_up).update(person_id=kept)
        link, _ = PersonLink.objects.get_or_create(
            **pair,
            reason=reason,
            defaults={
                "owner_id": shop.owner_id,
                "state": PersonLink.State.LINKED,
                "created_at": now,
            },
        )
        link.state = PersonLink.State.LINKED
        link.evidence = {**link.evidence, **(evidence or {}), "carried": carry_over(kept, given_up)}
        link.save(update_fields=["state", "evidence"])
        source = history.IMPORT if reason == "same_row" else history.HAND
        history.write(shop.pk, PersonChange.Act.JOINED, [kept], by=by, at=now, source=source, reason=reason)
        mark_persons(shop, [kept, given_up], moved)
    return 1


def mark_persons(shop: Shop, persons: Iterable[int], customers: Iterable[int]) -> None:
    """The mirrors are behind for these persons and customers, in every shop of the owner."""
    people, moved = list(persons), list(customers)
    for other in shop.owner.shops.all():
        dirty.mark(other.pk, "person_map", moved)
        dirty.mark(other.pk, "customer_reach", people)
        dirty.mark(other.pk, "customer_tags", people)
        dirty.mark(other.pk, "group_members", people)
