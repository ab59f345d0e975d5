"""Which contact a person is reached by, and opening it: gates work on digests, only the call sees a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from laoke.customers.models import Channel, VaultRecord
from laoke.customers.sealing import Sealer, open_text
from laoke.customers.vault import Contact, open_contact
from laoke.dispatch.models import Occasion
from laoke.dispatch.sets import listed, people_table, rows
from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.template import Template
from laoke.dispatch.text.variables import VARIABLES, fitting_value
from laoke.shops.bulk import pieces
from laoke.shops.models import Shop

_STATES = ("valid", "invalid", "masked", "none")
_REASONS = {"invalid": "invalid_contact", "masked": "masked_contact", "none": "no_contact"}
# What the vault knows of a person and a text may use; everything else is the same for all and given by the occasion.
PERSONAL = ("buyer_nick", "receiver_name")


@dataclass(frozen=True)
class Address:
    """The contact of a person: where its record stands, its digest, and why it cannot be used ('' = it can)."""

    customer_id: int
    digest: str | None
    reason: str


def addresses_of(shop: Shop, channel: str, people: Sequence[int]) -> dict[int, Address]:
    """The best contact of each person in this shop: a usable one before all others, then the one seen last.

    Persons without any record are absent.
    """
    column = "email" if channel == Channel.EMAIL else "phone"
    sql = f"""
        SELECT p.id, v.customer_id, v.{column}_state, v.{column}_digest, v.seen_at
        FROM {people_table()} JOIN customers_customer c ON c.person_id = p.id
        JOIN customers_vaultrecord v ON v.customer_id = c.id AND v.shop_id = %s
    """
    best: dict[int, tuple[tuple[Any, ...], Address]] = {}
    for piece in pieces(people):
        for person, customer, state, digest, seen_at in rows(sql, [listed(piece), shop.pk]):
            rank = (-_STATES.index(state) if state in _STATES else -9, str(seen_at), -customer)
            if person not in best or rank > best[person][0]:
                best[person] = (rank, _address(channel, customer, state, digest))
    return {person: address for person, (_rank, address) in best.items()}


def _address(channel: str, customer: int, state: str, digest: str | None) -> Address:
    if channel == Channel.HANDOVER:
        # The platform's tool finds people by nick or encrypted id; a number is not needed.
        return Address(customer, None, "")
    if state == "valid" and digest:
        return Address(customer, digest, "")
    return Address(customer, None, _REASONS.get(state, "no_contact"))


def contacts_by_digest(shop_id: int, wanted: Mapping[int, str]) -> dict[int, Contact]:
    """The open contacts of customers {customer: phone digest}; one whose number changed since planning is absent."""
    found: dict[int, Contact] = {}
    for piece in pieces(list(wanted), 2_000):
        records = VaultRecord.objects.filter(
            shop_id=shop_id, customer_id__in=list(piece), phone_digest__isnull=False
        )
        for record in records:
            if record.phone_digest == wanted[record.customer_id]:
                found[record.customer_id] = open_contact(record)
    return found


def contacts_of(shop_id: int, customers: Sequence[int]) -> dict[int, Contact]:
    """The newest open contact of each customer, for a list that is handed over."""
    found: dict[int, Contact] = {}
    for piece in pieces(customers, 2_000):
        records = VaultRecord.objects.filter(shop_id=shop_id, customer_id__in=list(piece)).order_by(
            "seen_at", "pk"
        )
        for record in records:
            found[record.customer_id] = open_contact(record)
    return found


def values_for(
    occasion: Occasion, template: Template, contact: Contact, provider: str
) -> dict[str, str] | None:
    """The values of a text's variables for one person; None when one is missing and nothing may stand in for it."""
    given = {**occasion.variables, "buyer_nick": contact.nick, "receiver_name": contact.name}
    given.setdefault("shop_name", occasion.signature)
    value_max = rules_of(provider).value_max
    values: dict[str, str] = {}
    for name in template.names:
        value = (
            fitting_value(VARIABLES[name], str(given.get(name, "")), value_max) if name in VARIABLES else None
        )
        if value is None:
            return None
        values[name] = value
    return values


def sealed_recipients(sealer: Sealer, shop_id: int, addresses: Sequence[tuple[int, str]]) -> list[bytes]:
    """The address that each message's attempt goes to, sealed for the questions that may follow."""
    return sealer.seal_all(
        [address.encode("utf-8", "surrogatepass") for _, address in addresses],
        [recipient_bound_to(shop_id, message).encode() for message, _ in addresses],
    )


def open_recipient(shop_id: int, message_id: int, sealed: bytes, key_id: str) -> str:
    """The address of an attempt in clear."""
    return open_text(sealed, key_id, recipient_bound_to(shop_id, message_id))


def recipient_bound_to(shop_id: int, message_id: int) -> str:
    """What the address of an attempt is sealed for."""
    return f"attempt|{shop_id}|{message_id}"
