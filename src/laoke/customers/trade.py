"""Customers who are companies (P1.2): who speaks for them, what was quoted to them, what was agreed, and for how much.

People who speak for a company stand in the vault like buyers do. A quote and a contract each go their own way through a
few states; every move is an audit row.

    TradeRefused    `name`, `name_taken`, `contact` (neither phone nor mail), `phone`, `email`, `title`, `value`,
                    `state`
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from laoke.customers import contacts
from laoke.customers.models import TradeCompany, TradeContact, TradeDeal
from laoke.customers.profiles import find_people
from laoke.customers.sealing import Sealer, VaultError, json_bytes, open_sealed
from laoke.customers.vault import SCHEMA
from laoke.shops import audit
from laoke.shops.models import Shop, Staff, User

Kind, State = TradeDeal.Kind, TradeDeal.State
# Whither each state leads, by kind.
WAYS: dict[str, dict[str, tuple[str, ...]]] = {
    Kind.QUOTE: {
        State.DRAFT: (State.SENT, State.LOST),
        State.SENT: (State.ACCEPTED, State.LOST),
        State.ACCEPTED: (),
        State.LOST: (State.DRAFT,),
    },
    Kind.CONTRACT: {
        State.DRAFT: (State.SIGNED, State.LOST),
        State.SIGNED: (State.DONE, State.LOST),
        State.DONE: (),
        State.LOST: (State.DRAFT,),
    },
}
OPEN = (State.DRAFT, State.SENT, State.SIGNED)


class TradeRefused(Exception):
    """What cannot be written down; `code` as above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Speaker:
    """Who speaks for a company, in clear."""

    name: str
    phone: str = ""
    email: str = ""


def add_company(
    shop: Shop, name: str, *, by: User, now: datetime, in_charge: Staff | None = None
) -> TradeCompany:
    """Write down a company.

    Raises
    ------
    TradeRefused
    """
    name = name.strip()
    if not name or len(name) > 100:
        raise TradeRefused("name")
    try:
        with transaction.atomic():
            row = TradeCompany.objects.create(shop=shop, name=name, in_charge=in_charge, created_at=now)
            audit.record("trade.company", shop=shop, actor=by, at=now, subject=name)
    except IntegrityError as error:
        raise TradeRefused("name_taken") from error
    return row


def add_contact(
    company: TradeCompany, speaker: Speaker, *, role: str, by: User, now: datetime
) -> TradeContact:
    """Seal who speaks for a company. Where exactly one customer has their phone or mail, they are that person.

    Raises
    ------
    TradeRefused
    """
    shop, phone, email = company.shop, contacts.clean_phone(speaker.phone), speaker.email.strip()
    if not speaker.name.strip() or len(speaker.name) > 40:
        raise TradeRefused("name")
    if not phone and not email:
        raise TradeRefused("contact")
    if phone and not (phone.isdigit() and 7 <= len(phone) <= 13):
        raise TradeRefused("phone")
    if email and contacts.email_state(email) != "valid":
        raise TradeRefused("email")
    found = {person for text in (phone, email) if text for person in find_people(shop, text)}
    sealer = Sealer()
    told = {"name": speaker.name.strip(), "phone": phone, "email": email}
    with transaction.atomic():
        row = TradeContact(
            company=company, role=role.strip()[:30], key_id=sealer.key_id, sealed=b"",
            name_mask=contacts.mask_name(told["name"]), phone_mask=contacts.mask_phone(phone),
            email_mask=contacts.mask_email(email), person_id=found.pop() if len(found) == 1 else None,
        )  # fmt: skip
        row.save()
        row.sealed = sealer.seal(json_bytes(told).decode("utf-8", "surrogatepass"), bound_to(row))
        row.save(update_fields=["sealed"])
        audit.record("trade.contact", shop=shop, actor=by, at=now, subject=company.name)
    return row


def opened(row: TradeContact) -> Speaker:
    """Who it is, in clear. Who shows them writes an audit row; see `show_contact`.

    Raises
    ------
    VaultError
    """
    return Speaker(**open_sealed(bytes(row.sealed), row.key_id, bound_to(row)))


def show_contact(row: TradeContact, *, by: User, now: datetime) -> Speaker:
    """Who it is, for a person on screen: one audit row each time."""
    speaker = opened(row)
    audit.record(
        "contact.show", shop=row.company.shop, actor=by, at=now, subject=f"trade {row.pk}", field="speaker"
    )
    return speaker


def remove_contact(row: TradeContact, *, by: User, now: datetime) -> None:
    """Forget who spoke for a company."""
    with transaction.atomic():
        audit.record("trade.contact_gone", shop=row.company.shop, actor=by, at=now, subject=row.company.name)
        row.delete()


def add_deal(
    company: TradeCompany,
    *,
    kind: str,
    title: str,
    value_cents: int | None,
    by: User,
    now: datetime,
    number: str = "",
    until: date | None = None,
) -> TradeDeal:
    """Write down a quote or a contract, as a draft.

    Raises
    ------
    TradeRefused
    """
    if kind not in Kind.values:
        raise TradeRefused("state")
    title = title.strip()
    if not title or len(title) > 100:
        raise TradeRefused("title")
    if value_cents is None or not 0 < value_cents < 10**14:
        raise TradeRefused("value")
    with transaction.atomic():
        row = TradeDeal.objects.create(
            company=company, kind=kind, title=title, number=number.strip()[:40], state=State.DRAFT,
            value_cents=value_cents, until=until, created_by=by, created_at=now, changed_at=now,
        )  # fmt: skip
        audit.record(
            "trade.deal", shop=company.shop, actor=by, at=now, subject=title, kind=kind, cents=value_cents
        )
    return row


def move_deal(deal: TradeDeal, state: str, *, by: User, now: datetime) -> bool:
    """Move a quote or a contract on; False when a colleague moved it meanwhile.

    Raises
    ------
    TradeRefused
        `state` for a way that does not exist.
    """
    if state not in WAYS[deal.kind][deal.state]:
        raise TradeRefused("state")
    with transaction.atomic():
        moved = TradeDeal.objects.filter(pk=deal.pk, state=deal.state).update(state=state, changed_at=now)
        if moved:
            audit.record(
                "trade.state", shop=deal.company.shop, actor=by, at=now, subject=deal.title, before=deal.state,
                after=state,
            )  # fmt: skip
    return bool(moved)


def plain(row: TradeContact) -> dict[str, Any]:
    """What is handed out of a contact; masks where no key opens it."""
    try:
        speaker = opened(row)
    except VaultError:
        return {"name": row.name_mask, "phone": row.phone_mask, "email": row.email_mask}
    return {"name": speaker.name, "phone": speaker.phone, "email": speaker.email}


def bound_to(row: Any) -> str:
    """What a contact is sealed for."""
    return f"trade|{row.company_id}|{row.pk}|{SCHEMA}"
