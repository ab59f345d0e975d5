"""Proposals that two customers are one person, and what people decide on them.

A shared phone or address proposes, it never joins: gifts and families share numbers too. Accepting joins, undoing
splits again; every decision stays as a row with who and when.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from laoke.customers import history
from laoke.customers.carrying import take_back
from laoke.customers.contacts import mask_within
from laoke.customers.identities import join, mark_persons
from laoke.customers.models import Customer, Erasure, PersonChange, PersonLink
from laoke.shops import audit
from laoke.shops.bulk import is_sqlite, pieces, write_in_batches
from laoke.shops.models import Shop, User

# A number that more customers share belongs to an office, a forwarder or a placeholder: it says nothing of anybody.
MOST_SHARING = 5

# Digests in the order of their index, so nothing is sorted; a digest is that of the record's phone or of its address.
# Two queries instead of one with a subquery: right after an import PostgreSQL has no statistics of these tables yet,
# and then reads the inner one again for every row.
_SHARED = """
    SELECT i.digest FROM customers_contactindex i JOIN customers_customer c ON c.id = i.customer_id
    WHERE c.owner_id = %s
    GROUP BY i.digest
    HAVING count(DISTINCT i.customer_id) BETWEEN 2 AND %s AND count(DISTINCT c.person_id) > 1
"""
_SHARERS = """
    SELECT i.digest, i.customer_id, c.person_id,
           CASE WHEN v.phone_digest = i.digest THEN 'phone' ELSE 'email' END AS kind, v.phone_state
    FROM customers_contactindex i
    JOIN customers_customer c ON c.id = i.customer_id
    JOIN customers_vaultrecord v ON v.customer_id = i.customer_id AND v.shop_id = i.shop_id
     AND (v.phone_digest = i.digest OR v.email_digest = i.digest)
    WHERE c.owner_id = %s AND i.digest {among}
    ORDER BY i.digest, i.customer_id
"""
_PROPOSE = (
    "INSERT INTO customers_personlink (owner_id, first_customer_id, second_customer_id, state, reason, evidence, "
    "created_at) VALUES (%s, %s, %s, 'proposed', %s, %s, %s) "
    "ON CONFLICT (first_customer_id, second_customer_id, reason) DO NOTHING"
)


def propose(shop: Shop, *, now: datetime) -> int:
    """After an import: propose a merge for every two customers that share a phone or an address; how many are new.

    A pair that was decided before is not proposed again for the same reason.
    """
    before = PersonLink.objects.filter(owner_id=shop.owner_id).count()
    stamp = now.isoformat(sep=" ") if is_sqlite() else now
    rows = [
        (shop.owner_id, first, second, reason, evidence, stamp)
        for first, second, reason, evidence in _pairs(shop.owner_id)
    ]

    def write(piece: Sequence[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(_PROPOSE, piece)

    write_in_batches(rows, write)
    return PersonLink.objects.filter(owner_id=shop.owner_id).count() - before


def _pairs(owner_id: int) -> list[tuple[int, int, str, str]]:
    """(first, second, reason, evidence) of customers that share a contact and are not one person yet."""
    groups: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    valid: dict[str, bool] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, [owner_id, MOST_SHARING])
        shared = [digest for (digest,) in cursor.fetchall()]
        among = "IN (SELECT value FROM json_each(%s))" if is_sqlite() else "= ANY(%s)"
        for piece in pieces(shared):
            listed: Any = json.dumps(list(piece)) if is_sqlite() else list(piece)
            cursor.execute(_SHARERS.format(among=among), [owner_id, listed])
            for digest, customer, person, kind, phone_state in cursor.fetchall():
                groups[digest, kind][customer] = person
                valid[digest] = kind == "email" or phone_state == "valid"
    pairs = {}
    for (digest, kind), persons in groups.items():
        known = "true" if valid[digest] else "false"
        for first, second in combinations(sorted(persons), 2):
            if persons[first] != persons[second]:
                evidence = f'{{"shared_by": {len(persons)}, "valid": {known}}}'
                pairs[first, second, kind] = evidence
    return [(first, second, kind, evidence) for (first, second, kind), evidence in sorted(pairs.items())]


def waiting(shop: Shop) -> list[PersonLink]:
    """Open proposals of the owner whose customers are still two persons, oldest first."""
    rows = PersonLink.objects.filter(owner_id=shop.owner_id, state=PersonLink.State.PROPOSED)
    return _still_two(list(rows.select_related("decided_by").order_by("created_at", "pk")))


def waiting_count(shop: Shop) -> int:
    """How many open proposals wait."""
    rows = PersonLink.objects.filter(owner_id=shop.owner_id, state=PersonLink.State.PROPOSED)
    return rows.exclude(first_customer__person_id=F("second_customer__person_id")).count()


def links_of(shop: Shop, mine: Sequence[int]) -> list[PersonLink]:
    """Every link that touches one of a person's customers, open proposals first, then the newest."""
    rows = PersonLink.objects.filter(owner_id=shop.owner_id).filter(
        Q(first_customer_id__in=mine) | Q(second_customer_id__in=mine)
    )
    order: dict[str, int] = {PersonLink.State.PROPOSED: 0, PersonLink.State.LINKED: 1}
    found = sorted(rows.select_related("decided_by"), key=lambda link: (order.get(link.state, 2), -link.pk))
    still_open = {link.pk for link in _still_two(found)}
    return [link for link in found if link.state != PersonLink.State.PROPOSED or link.pk in still_open]


def customers_of(shop: Shop, person_id: int) -> list[int]:
    """The customers that are this person, smallest number first; empty when the owner knows nobody of that number."""
    rows = Customer.objects.filter(owner_id=shop.owner_id, person_id=person_id)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def person_of(shop: Shop, customer_id: int) -> int | None:
    """The person a customer belongs to now; None when the owner does not know the number."""
    found = Customer.objects.filter(owner_id=shop.owner_id, pk=customer_id).values_list(
        "person_id", flat=True
    )
    return found.first()


def accept(link: PersonLink, shop: Shop, *, by: User, now: datetime) -> bool:
    """Join the two customers of a proposal; False when somebody decided meanwhile.

    Raises
    ------
    JoinRefused
        `erasing`: who is being erased keeps the customers they have, so that all of them are erased.
    """
    with transaction.atomic():
        _refuse_erasing(shop, (link.first_customer_id, link.second_customer_id))
        if not _decide(link, (PersonLink.State.PROPOSED,), PersonLink.State.LINKED, by, now):
            return False
        join(shop, link.first_customer_id, link.second_customer_id, reason=link.reason, now=now, by=by)
        audit.record("person.join", shop=shop, actor=by, at=now, subject=str(link.pk), reason=link.reason)
    return True


class JoinRefused(Exception):
    """Two numbers that cannot be joined or taken apart; `code` is `unknown`, `same`, `no_reason` or `erasing`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


BY_HAND = "by_hand"


def join_by_hand(
    shop: Shop, person_id: int, other_id: int, *, why: str, by: User, now: datetime
) -> PersonLink:
    """Make two persons one because a colleague knows it; the row holds who, when and why, and can be undone.

    Raises
    ------
    JoinRefused
    """
    if not why.strip():
        raise JoinRefused("no_reason")
    first, second = customers_of(shop, person_id), customers_of(shop, other_id)
    if not first or not second:
        raise JoinRefused("unknown")
    if person_id == other_id:
        raise JoinRefused("same")
    pair = {"first_customer_id": min(first[0], second[0]), "second_customer_id": max(first[0], second[0])}
    with transaction.atomic():
        _refuse_erasing(shop, (first[0], second[0]))
        evidence = {"why": mask_within(why.strip())[:200]}
        join(shop, first[0], second[0], reason=BY_HAND, now=now, by=by, evidence=evidence)
        link = PersonLink.objects.get(**pair, reason=BY_HAND)
        link.decided_by, link.decided_at = by, now
        link.save(update_fields=["decided_by", "decided_at"])
        audit.record("person.join", shop=shop, actor=by, at=now, subject=str(link.pk), reason=BY_HAND)
    return link


def reject(link: PersonLink, shop: Shop, *, by: User, now: datetime) -> bool:
    """Say that the two are different people; the pair is not proposed again for this reason."""
    with transaction.atomic():
        if not _decide(link, (PersonLink.State.PROPOSED,), PersonLink.State.REJECTED, by, now):
            return False
        audit.record("person.keep_apart", shop=shop, actor=by, at=now, subject=str(link.pk))
    return True


def undo(link: PersonLink, shop: Shop, *, by: User, now: datetime) -> bool:
    """Take a merge back; the row stays. Customers that other links hold together stay together.

    Raises
    ------
    JoinRefused
        `erasing`, as in `accept`.
    """
    since = link.decided_at or link.created_at
    with transaction.atomic():
        _refuse_erasing(shop, (link.first_customer_id, link.second_customer_id))
        if not _decide(link, (PersonLink.State.LINKED,), PersonLink.State.UNDONE, by, now):
            return False
        person = person_of(shop, link.first_customer_id)
        if person is not None:
            _split(shop, person, link, since, by, now)
        audit.record("person.split", shop=shop, actor=by, at=now, subject=str(link.pk), reason=link.reason)
    return True


def reopen(link: PersonLink, shop: Shop, *, by: User, now: datetime) -> bool:
    """Put a rejected or undone pair back among the proposals: the undo of a decision."""
    decided = (PersonLink.State.REJECTED, PersonLink.State.UNDONE)
    with transaction.atomic():
        if not _decide(link, decided, PersonLink.State.PROPOSED, by, now):
            return False
        audit.record("person.reopen", shop=shop, actor=by, at=now, subject=str(link.pk))
    return True


def _refuse_erasing(shop: Shop, customers: Sequence[int]) -> None:
    """Within the transaction: the rows are locked, as a request to erase locks them, so that one of both waits."""
    rows = (
        Customer.objects.select_for_update().filter(owner_id=shop.owner_id, pk__in=customers).order_by("pk")
    )
    persons = [row.person_id for row in rows]
    if Erasure.objects.filter(owner_id=shop.owner_id, person_id__in=persons).exists():
        raise JoinRefused("erasing")


def _decide(link: PersonLink, before: Sequence[str], after: str, by: User, now: datetime) -> bool:
    """Move a link by a conditional update: two people who decide at once get one decision."""
    moved = PersonLink.objects.filter(pk=link.pk, state__in=before).update(
        state=after, decided_by=by, decided_at=now
    )
    if moved:
        link.refresh_from_db()
    return bool(moved)


def _split(shop: Shop, person: int, undone: PersonLink, since: datetime, by: User, now: datetime) -> None:
    """Take the person apart where no link holds; `since`: when the undone link joined."""
    members = customers_of(shop, person)
    links = list(
        PersonLink.objects.filter(first_customer_id__in=members, second_customer_id__in=members).order_by(
            "pk"
        )
    )
    held = [link for link in links if link.state == PersonLink.State.LINKED]
    parts = _connected(members, [(link.first_customer_id, link.second_customer_id) for link in held])
    persons = [min(part) for part in parts]
    if len(persons) < 2:
        return
    for part in parts:
        Customer.objects.filter(pk__in=part).update(person_id=min(part))
    # An ended link with copies held before this one did.
    began = [
        link.created_at for link in links if link.pk != undone.pk and link not in held and _has_copies(link)
    ]
    take_back(links, person, parts, min([since, *began]))
    history.write(shop.pk, PersonChange.Act.SPLIT, persons, by=by, at=now, reason=undone.reason)
    mark_persons(shop, {person, *persons}, members)


def _has_copies(link: PersonLink) -> bool:
    return any(link.evidence.get("carried", {}).values())


def _connected(members: Iterable[int], edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected parts of a graph, each sorted."""
    part_of = {member: {member} for member in members}
    for first, second in edges:
        if part_of[first] is not part_of[second]:
            part_of[first] |= part_of[second]
            for member in part_of[second]:
                part_of[member] = part_of[first]
    return sorted(sorted(part) for part in {id(part): part for part in part_of.values()}.values())


def _still_two(links: Sequence[PersonLink]) -> list[PersonLink]:
    wanted = {link.first_customer_id for link in links} | {link.second_customer_id for link in links}
    persons: dict[int, int] = {}
    for start in range(0, len(wanted), 500):
        piece = sorted(wanted)[start : start + 500]
        persons.update(Customer.objects.filter(pk__in=piece).values_list("pk", "person_id"))
    return [
        link
        for link in links
        if persons.get(link.first_customer_id) != persons.get(link.second_customer_id)
        and {link.first_customer_id, link.second_customer_id} <= persons.keys()
    ]
