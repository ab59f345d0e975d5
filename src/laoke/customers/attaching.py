"""What a person tells the shop themselves, as when they add it on WeChat: sealed under a source of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from laoke.customers.contacts import clean_phone, mobile_state
from laoke.customers.identities import key_digests
from laoke.customers.links import customers_of
from laoke.customers.models import Customer, Erasure, Identity, IdentityKind
from laoke.customers.sealing import keys
from laoke.customers.vault import Contact, store_contacts
from laoke.shops import audit, dirty
from laoke.shops.models import Shop, User

SOURCE = "told"
LONGEST_WECOM = 64


class AttachRefused(Exception):
    """Something that cannot be attached; `code` is `phone`, `wecom`, `other` (another person has it) or `erasing`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def attach(shop: Shop, person_id: int, *, by: User, now: datetime, wecom: str = "", phone: str = "") -> None:
    """Keep a WeCom external id as a key of the person, and a phone in the vault; '' leaves either as it is.

    Raises
    ------
    AttachRefused
    """
    number = clean_phone(phone)
    if phone and mobile_state(number, demo=shop.is_demo) != "valid":
        raise AttachRefused("phone")
    if wecom and (len(wecom) > LONGEST_WECOM or any(letter.isspace() or letter == "*" for letter in wecom)):
        raise AttachRefused("wecom")
    if Erasure.objects.filter(owner_id=shop.owner_id, person_id=person_id).exists():
        raise AttachRefused("erasing")
    customer = customers_of(shop, person_id)[0]
    with transaction.atomic():
        if wecom:
            _own(shop, customer, wecom)
        if number:
            seen = int((now - datetime(1970, 1, 1)).total_seconds() * 1_000_000)
            told = Contact(customer, phone=number, seen_micros=seen)
            store_contacts(shop, [told], source=SOURCE)
            dirty.mark(shop.pk, "customer_reach", [person_id])
        kinds = [name for name, value in (("wecom", wecom), ("phone", number)) if value]
        audit.record("contact.attach", shop=shop, actor=by, at=now, subject=str(person_id), kinds=kinds)


def _own(shop: Shop, customer: int, wecom: str) -> None:
    """The external id as a key of this customer; it may be known already, but not as somebody else's."""
    [[digest]] = key_digests(shop, [((IdentityKind.WECOM.value, wecom),)])
    key, made = Identity.objects.get_or_create(
        digest=digest,
        defaults={
            "kind": IdentityKind.WECOM, "customer_id": customer, "key_id": keys().identity.current.key_id
        },
    )  # fmt: skip
    if made:
        return
    persons = Customer.objects.filter(pk__in=(key.customer_id, customer)).values_list("person_id", flat=True)
    if len(set(persons)) > 1:
        raise AttachRefused("other")
