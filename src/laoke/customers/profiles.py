"""What a page may show of people without opening the vault: masks, states, kinds of keys; and finding them exactly.

A search knows a whole nick, phone, address or member id only: it compares keyed digests, so nothing can be found by a
part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from laoke.customers.contacts import clean_phone
from laoke.customers.identities import KINDS, key_digests
from laoke.customers.models import ContactIndex, Customer, Identity, PersonCard, PersonTag, VaultRecord
from laoke.customers.sealing import contact_digest
from laoke.shops.bulk import pieces
from laoke.shops.models import Shop


@dataclass(frozen=True)
class Masks:
    """How a person is shown: masks of the newest record that has them."""

    nick: str = ""
    name: str = ""
    phone: str = ""
    phone_state: str = "none"
    email: str = ""
    email_state: str = "none"

    @property
    def title(self) -> str:
        return self.nick or self.name


def masks_of(shop: Shop, people: Sequence[int]) -> dict[int, Masks]:
    """Masks by person; a person without any record is absent."""
    return masks_in(records_of(shop, people))


def masks_in(records: Iterable[VaultRecord]) -> dict[int, Masks]:
    """What the records, the newest first, say of their persons."""
    found: dict[int, Masks] = {}
    for record in records:
        person = record.customer.person_id
        known = found.get(person, Masks())
        found[person] = Masks(
            nick=known.nick or record.nick_mask,
            name=known.name or record.name_mask,
            phone=known.phone or record.phone_mask,
            phone_state=known.phone_state if known.phone else record.phone_state,
            email=known.email or record.email_mask,
            email_state=known.email_state if known.email else record.email_state,
        )
    return found


def records_of(shop: Shop, people: Sequence[int]) -> list[VaultRecord]:
    """The sealed records of these persons in a shop, the newest first."""
    found: list[VaultRecord] = []
    for piece in pieces(list(people), 500):
        rows = VaultRecord.objects.filter(
            shop=shop, customer__person_id__in=list(piece), customer__owner=shop.owner_id
        )
        found += rows.select_related("customer", "shop")
    return sorted(found, key=lambda record: (record.seen_at, record.pk), reverse=True)


def find_people(shop: Shop, text: str) -> list[int]:
    """Persons whose whole nick, member id, platform key, phone or address is `text`."""
    text = text.strip()
    if not text:
        return []
    digests = [row[0] for row in key_digests(shop, [((kind, text),) for kind in KINDS])]
    customers = set(Identity.objects.filter(digest__in=digests).values_list("customer_id", flat=True))
    contacts = [contact_digest("email", text.lower())]
    phone = clean_phone(text)
    if phone.isdigit():
        contacts.append(contact_digest("phone", phone))
    customers |= set(ContactIndex.objects.filter(digest__in=contacts).values_list("customer_id", flat=True))
    return persons_of(shop, customers)


def persons_of(shop: Shop, customers: Iterable[int]) -> list[int]:
    """The persons these customers belong to, by number."""
    rows = Customer.objects.filter(owner_id=shop.owner_id, pk__in=list(customers))
    return sorted(set(rows.values_list("person_id", flat=True)))


def key_kinds_of(members: Sequence[int]) -> dict[str, int]:
    """How many keys of each kind the customers have. Reads the whole table of keys: for one person's page only."""
    kinds: dict[str, int] = {}
    for kind in Identity.objects.filter(customer_id__in=members).values_list("kind", flat=True):
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def tags_of(shop: Shop, people: Sequence[int]) -> dict[int, list[str]]:
    """Names of tags by person, in the order they were set."""
    found: dict[int, list[str]] = {}
    for piece in pieces(list(people), 500):
        rows = PersonTag.objects.filter(tag__shop=shop, person_id__in=list(piece)).order_by("pk")
        for person, name in rows.values_list("person_id", "tag__name"):
            found.setdefault(person, []).append(name)
    return found


def cards_of(shop: Shop, people: Sequence[int]) -> dict[int, PersonCard]:
    """Cards (person in charge, importance) by person."""
    found: dict[int, PersonCard] = {}
    for piece in pieces(list(people), 500):
        rows = PersonCard.objects.filter(shop=shop, person_id__in=list(piece))
        found.update((card.person_id, card) for card in rows.select_related("in_charge", "in_charge__user"))
    return found
