"""Consent and refusal, per channel and purpose. Marketing needs a basis the owner declared; a refusal wins.

Imported buyers have no consent. The owner declares on what it rests (wording, channel, purpose, period, proof); that
gives each reachable person a row of their own. An opt-out is by person and by contact, of one purpose or of all, and is
asked again before every send.

    marketing    needs a consent; refused by an opt-out of marketing or of all, or of being picked by analysis
    care         notices rest on the order; refused by an opt-out of care or of all
    profiling    may be refused: then rounds, which pick people by what they bought, leave the person out
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from laoke.customers import history
from laoke.customers.contacts import mask_within
from laoke.customers.models import (
    EVERY_PURPOSE,
    REFUSED_PURPOSES,
    Channel,
    Consent,
    ConsentBasis,
    Customer,
    Erasure,
    OptOut,
    PersonChange,
    Purpose,
    VaultRecord,
)
from laoke.shops import audit, dirty
from laoke.shops.bulk import is_sqlite, pieces, write_in_batches
from laoke.shops.models import Shop, User

# A phone number or an address must exist before consent on that channel can mean anything.
_CONTACT_TEST = {
    Channel.SMS: "v.phone_state = 'valid'",
    Channel.CALL: "v.phone_state = 'valid'",
    Channel.EMAIL: "v.email_state = 'valid'",
    Channel.HANDOVER: "1 = 1",
}


@dataclass(frozen=True)
class Declaration:
    """What the owner declares. Dates are the period in which the consents were given."""

    channel: str
    role: str
    wording: str
    wording_version: str
    collected_from: date
    collected_to: date
    proof: str
    expires_on: date | None = None
    purpose: str = Purpose.MARKETING


class DeclarationRefused(Exception):
    """A declaration without wording, proof or a sensible period. `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_declaration(declared: Declaration, today: date) -> None:
    """Refuse a declaration that would not stand up if somebody asked.

    Raises
    ------
    DeclarationRefused
        with code `wording`, `proof`, `channel`, `purpose`, `period` or `expired`.
    """
    if declared.channel not in Channel.values:
        raise DeclarationRefused("channel")
    if declared.purpose not in Purpose.values:
        raise DeclarationRefused("purpose")
    if len(declared.wording.strip()) < 6:
        raise DeclarationRefused("wording")
    if not declared.proof.strip():
        raise DeclarationRefused("proof")
    if declared.collected_from > declared.collected_to or declared.collected_to > today:
        raise DeclarationRefused("period")
    if declared.expires_on is not None and declared.expires_on <= today:
        raise DeclarationRefused("expired")


def would_cover(shop: Shop, declared: Declaration) -> int:
    """How many people a declaration would cover: known in its period, with a usable contact, no refusal, no consent."""
    return len(_covered(shop, declared))


def declare(
    shop: Shop,
    declared: Declaration,
    *,
    by: User,
    now: datetime,
    only: Iterable[int] | None = None,
) -> ConsentBasis:
    """Record a basis of consent and give it to everyone that it covers (`only` these persons, when given).

    The basis counts whom it was given to, slice by slice: cut short by a crash it says how many have it, and nobody
    else gets it unless somebody declares again.
    """
    check_declaration(declared, now.date())
    people = _covered(shop, declared)
    if only is not None:
        people = sorted(set(people) & set(only))
    with transaction.atomic():
        basis = ConsentBasis.objects.create(
            shop=shop,
            channel=declared.channel,
            purpose=declared.purpose,
            role=declared.role,
            wording=declared.wording.strip(),
            wording_version=declared.wording_version,
            collected_from=declared.collected_from,
            collected_to=declared.collected_to,
            proof=declared.proof.strip(),
            expires_on=declared.expires_on,
            declared_by=by,
            declared_at=now,
        )
        audit.record(
            "consent.declare", shop=shop, actor=by, at=now, subject=str(basis.pk), count=len(people),
            channel=declared.channel, purpose=declared.purpose,
        )  # fmt: skip
    _give(shop, basis, people, now)
    basis.refresh_from_db(fields=["people"])
    return basis


def withdraw_basis(basis: ConsentBasis, *, by: User, now: datetime) -> int:
    """Take a basis back: every consent that rests on it ends. Returns how many."""
    with transaction.atomic():
        ConsentBasis.objects.filter(pk=basis.pk).update(withdrawn_at=now)
        rows = basis.consents.filter(withdrawn_at=None)
        people = list(rows.values_list("person_id", flat=True))
        rows.update(withdrawn_at=now)
        dirty.mark(basis.shop_id, "customer_reach", people)
        audit.record(
            "consent.withdraw", shop=basis.shop, actor=by, at=now, subject=str(basis.pk), count=len(people)
        )
    return len(people)


class ConsentRefused(Exception):
    """A person's consent that cannot be written down: `unknown`, `contact`, `opted_out` or `erasing`, in `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def give(
    shop: Shop,
    person_id: int,
    declared: Declaration,
    *,
    by: User,
    now: datetime,
    asked_again: bool = False,
) -> Consent:
    """Write down that one person consented to a purpose, with where, on what wording and with what proof.

    A refusal of theirs, of this purpose or of all, stands against it unless `asked_again` says that they agreed after
    refusing: then it ends. Refusals of other purposes stand.

    Raises
    ------
    DeclarationRefused
        as in `check_declaration`.
    ConsentRefused
        when nobody is known by that number, no contact can be used on the channel, they refused, or are being erased.
    """
    check_declaration(declared, now.date())
    channel, purpose = Channel(declared.channel), Purpose(declared.purpose)
    if not Customer.objects.filter(owner_id=shop.owner_id, person_id=person_id).exists():
        raise ConsentRefused("unknown")
    if Erasure.objects.filter(owner_id=shop.owner_id, person_id=person_id).exists():
        raise ConsentRefused("erasing")
    if not _has_contact(shop, channel, person_id):
        raise ConsentRefused("contact")
    told: dict[str, Any] = {"by": by, "at": now, "channel": channel, "purpose": purpose}
    with transaction.atomic():
        touched = _end_refusals(shop, person_id, told, asked_again)
        basis = ConsentBasis.objects.create(
            shop=shop, channel=channel, purpose=purpose, role=declared.role, wording=declared.wording.strip(),
            wording_version=declared.wording_version, collected_from=declared.collected_from,
            collected_to=declared.collected_to, proof=mask_within(declared.proof.strip()),
            expires_on=declared.expires_on, people=1, declared_by=by, declared_at=now, person_id=person_id,
        )  # fmt: skip
        given, _ = Consent.objects.update_or_create(
            shop=shop, person_id=person_id, channel=channel, purpose=purpose,
            defaults={
                "basis": basis, "given_at": now, "expires_on": declared.expires_on, "withdrawn_at": None
            },
        )  # fmt: skip
        history.write(shop.pk, PersonChange.Act.CONSENT, [person_id], **told, reason=declared.wording_version)
        dirty.mark(shop.pk, "customer_reach", touched)
        audit.record(
            "consent.give", shop=shop, actor=by, at=now, subject=str(person_id), count=1, channel=channel,
            purpose=purpose, asked_again=asked_again,
        )  # fmt: skip
    return given


def _end_refusals(shop: Shop, person_id: int, told: dict[str, Any], asked_again: bool) -> set[int]:
    """End what the person refused of a purpose or of all, now that they agree: whose reach that changes."""
    standing = refusals_of(shop, person_id).filter(
        channel=told["channel"], ended_at=None, purpose__in=(EVERY_PURPOSE, told["purpose"])
    )
    if not standing.exists():
        return {person_id}
    if not asked_again:
        raise ConsentRefused("opted_out")
    touched = {person_id}
    for digest in standing.exclude(contact_digest=None).values_list("contact_digest", flat=True):
        touched |= set(persons_of_contact(str(digest)))
    standing.update(ended_at=told["at"])
    history.write(shop.pk, PersonChange.Act.ASKED_AGAIN, [person_id], **told)
    return touched


def withdraw(
    shop: Shop, person_id: int, channel: str, purpose: str, *, by: User, now: datetime, reason: str = ""
) -> bool:
    """Take back the consent of one person to one purpose on one channel; False when there was none."""
    with transaction.atomic():
        rows = Consent.objects.filter(
            shop=shop, person_id=person_id, channel=channel, purpose=purpose, withdrawn_at=None
        ).update(withdrawn_at=now)
        if not rows:
            return False
        told = {"by": by, "at": now, "channel": channel, "purpose": purpose, "reason": reason}
        history.write(shop.pk, PersonChange.Act.WITHDRAWN, [person_id], **told)  # type: ignore[arg-type]
        dirty.mark(shop.pk, "customer_reach", [person_id])
        audit.record(
            "consent.take", shop=shop, actor=by, at=now, subject=str(person_id), count=1, channel=channel,
            purpose=purpose,
        )  # fmt: skip
    return True


def _has_contact(shop: Shop, channel: Channel, person_id: int) -> bool:
    if channel == Channel.HANDOVER:
        return True
    state = "email_state" if channel == Channel.EMAIL else "phone_state"
    mine = VaultRecord.objects.filter(shop=shop, customer__person_id=person_id)
    return mine.filter(**{state: "valid"}).exists()


def refusals_of(shop: Shop, person_id: int, records: Iterable[VaultRecord] | None = None) -> QuerySet[OptOut]:
    """Every refusal of a person or of a phone or address of theirs, ended ones too. `records`: the person's, where
    they are known already."""
    if records is None:
        mine = VaultRecord.objects.filter(shop=shop, customer__person_id=person_id)
        records = mine.only("phone_digest", "email_digest")
    digests = {digest for one in records for digest in (one.phone_digest, one.email_digest) if digest}
    return OptOut.objects.filter(Q(person_id=person_id) | Q(contact_digest__in=digests), shop=shop)


def refused_channels(refusals: Iterable[OptOut], purpose: str) -> set[str]:
    """The channels on which these refusals stand against a purpose now."""
    return {
        one.channel for one in refusals if one.ended_at is None and one.purpose in (EVERY_PURPOSE, purpose)
    }


def opt_out(
    shop: Shop,
    channel: str,
    *,
    now: datetime,
    source: str,
    person_id: int | None = None,
    contact_digest: str | None = None,
    words: str = "",
    purpose: str = EVERY_PURPOSE,
) -> OptOut:
    """Record a refusal of a person, of a contact, or of both: of one purpose, or of all when none was named.

    It counts from the commit of this transaction on.
    """
    if person_id is None and contact_digest is None:
        raise ValueError("an opt-out names a person or a contact")
    if purpose not in dict(REFUSED_PURPOSES):
        raise ValueError(f"purpose: found {purpose!r}, expected one of {', '.join(dict(REFUSED_PURPOSES))}")
    with transaction.atomic():
        row = OptOut.objects.create(
            shop=shop, channel=channel, purpose=purpose, person_id=person_id, contact_digest=contact_digest,
            source=source, words=words[:100], at=now,
        )  # fmt: skip
        people = {person_id} if person_id is not None else set()
        if contact_digest is not None:
            people |= set(persons_of_contact(contact_digest))
        dirty.mark(shop.pk, "customer_reach", people)
    return row


def persons_of_contact(contact_digest: str) -> list[int]:
    """The persons known to have this phone or address."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.person_id FROM customers_contactindex i "
            "JOIN customers_customer c ON c.id = i.customer_id WHERE i.digest = %s",
            [contact_digest],
        )
        return [row[0] for row in cursor.fetchall()]


# Who took a consent back said no: no declaration about many brings it back, only they themselves (`give`). Consents
# that ended because the shop took their basis back ended at its moment, and say nothing of the person.
_TAKEN_BACK = (
    "SELECT 1 FROM customers_consent k JOIN customers_consentbasis b ON b.id = k.basis_id "
    "WHERE k.shop_id = v.shop_id AND k.person_id = c.person_id AND k.channel = %s AND k.purpose = %s "
    "AND k.withdrawn_at IS NOT NULL AND (b.withdrawn_at IS NULL OR b.withdrawn_at <> k.withdrawn_at)"
)


# Who refused by a phone or address of theirs, also before anybody knew whose it was.
_REFUSED_BY_CONTACT = (
    "SELECT h.person_id FROM customers_optout o "
    "JOIN customers_contactindex i ON i.digest = o.contact_digest AND i.shop_id = o.shop_id "
    "JOIN customers_customer h ON h.id = i.customer_id "
    "WHERE o.shop_id = %s AND o.channel = %s AND o.purpose IN ('all', %s) AND o.ended_at IS NULL"
)


def _covered(shop: Shop, declared: Declaration) -> list[int]:
    """Persons known by a usable contact who neither have this consent, nor refused it, nor took it back."""
    sql = f"""
        SELECT DISTINCT c.person_id
        FROM customers_vaultrecord v JOIN customers_customer c ON c.id = v.customer_id
        WHERE v.shop_id = %s AND {_CONTACT_TEST[Channel(declared.channel)]}
          AND NOT EXISTS (SELECT 1 FROM customers_consent k WHERE k.shop_id = v.shop_id
                          AND k.person_id = c.person_id AND k.channel = %s AND k.purpose = %s
                          AND k.withdrawn_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM customers_optout o WHERE o.shop_id = v.shop_id AND o.channel = %s
                          AND o.purpose IN ('all', %s) AND o.ended_at IS NULL AND o.person_id = c.person_id)
          AND NOT EXISTS ({_TAKEN_BACK})
          AND c.person_id NOT IN ({_REFUSED_BY_CONTACT})
        ORDER BY c.person_id
    """
    with connection.cursor() as cursor:
        of = [declared.channel, declared.purpose]
        cursor.execute(sql, [shop.pk, *of * 3, shop.pk, *of])
        return [row[0] for row in cursor.fetchall()]


def _give(shop: Shop, basis: ConsentBasis, people: Sequence[int], now: datetime) -> None:
    """Give it slice by slice; what somebody said or took back since the declaration began stands."""
    expires = basis.expires_on
    rows = [(shop.pk, person, basis.channel, basis.purpose, basis.pk, now, expires) for person in people]
    sql = (
        "INSERT INTO customers_consent (shop_id, person_id, channel, purpose, basis_id, given_at, expires_on) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (shop_id, person_id, channel, purpose) DO UPDATE SET "
        "basis_id = excluded.basis_id, given_at = excluded.given_at, expires_on = excluded.expires_on, "
        "withdrawn_at = NULL WHERE customers_consent.withdrawn_at <= excluded.given_at"
    )

    def write(piece: Sequence[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, [_stored_values(row) for row in piece])
            given = cursor.rowcount
        ConsentBasis.objects.filter(pk=basis.pk).update(people=F("people") + given)
        dirty.mark(shop.pk, "customer_reach", [row[1] for row in piece])  # type: ignore[misc]

    write_in_batches(rows, write)


def _stored_values(row: Sequence[Any]) -> tuple[Any, ...]:
    if not is_sqlite():
        return tuple(row)
    return tuple(str(value) if isinstance(value, (date, datetime)) else value for value in row)


def refused(
    shop_id: int, channel: str, people: Sequence[int], today: date, purpose: str = Purpose.MARKETING
) -> dict[int, str]:
    """Why nothing of this purpose may go to these persons: {person: reason}; whoever may be written to is absent.

    `marketing`: 'opted_out', 'tag', 'no_profiling', 'no_consent' or 'consent_expired'; of another purpose only
    'opted_out'. Asked at planning and at every claim (DESIGN 9), so it is one set query per thousand people.
    """
    found: dict[int, str] = {}
    for piece in pieces(people, 5_000):
        found.update(_refused_piece(shop_id, channel, list(piece), today, purpose))
    if purpose != Purpose.MARKETING:
        return {person: reason for person, reason in found.items() if reason == "opted_out"}
    return found


def _refused_piece(
    shop_id: int, channel: str, people: list[int], today: date, purpose: str
) -> dict[int, str]:
    listed = (
        "SELECT value AS person_id FROM json_each(%s)"
        if is_sqlite()
        else "SELECT unnest(%s::bigint[]) AS person_id"
    )
    sql = f"""
        WITH p AS ({listed})
        SELECT p.person_id,
               CASE WHEN EXISTS (SELECT 1 FROM customers_optout o WHERE o.shop_id = %s AND o.channel = %s
                                 AND o.purpose IN ('all', %s) AND o.person_id = p.person_id
                                 AND o.ended_at IS NULL) THEN 'opted_out'
                    WHEN EXISTS (SELECT 1 FROM customers_persontag pt JOIN customers_tag t ON t.id = pt.tag_id
                                 WHERE pt.person_id = p.person_id AND t.shop_id = %s AND t.suppresses) THEN 'tag'
                    WHEN EXISTS (SELECT 1 FROM customers_optout o WHERE o.shop_id = %s AND o.channel = %s
                                 AND o.purpose = 'profiling' AND o.person_id = p.person_id
                                 AND o.ended_at IS NULL) THEN 'no_profiling'
                    WHEN k.person_id IS NULL OR k.withdrawn_at IS NOT NULL THEN 'no_consent'
                    WHEN k.expires_on IS NOT NULL AND k.expires_on < %s THEN 'consent_expired'
               END AS reason
        FROM p LEFT JOIN customers_consent k
          ON k.shop_id = %s AND k.channel = %s AND k.purpose = %s AND k.person_id = p.person_id
    """
    wanted: Any = json.dumps(people) if is_sqlite() else people
    day: Any = today.isoformat() if is_sqlite() else today
    with connection.cursor() as cursor:
        of_channel: list[Any] = [shop_id, channel]
        cursor.execute(sql, [wanted, *of_channel, purpose, shop_id, *of_channel, day, *of_channel, purpose])
        return {person: reason for person, reason in cursor.fetchall() if reason}


def refused_contacts(
    shop_id: int, channel: str, digests: Sequence[str], purpose: str = Purpose.MARKETING
) -> dict[str, str]:
    """Why these contacts may not be used for a purpose: {digest: 'opted_out' | 'dead_contact' | 'no_profiling'}."""
    ask = (
        (EVERY_PURPOSE, Purpose.PROFILING, purpose)
        if purpose == Purpose.MARKETING
        else (EVERY_PURPOSE, purpose)
    )
    found: dict[str, str] = {}
    test = "IN (SELECT value FROM json_each(%s))" if is_sqlite() else "= ANY(%s)"
    for piece in pieces(digests, 5_000):
        wanted: Any = json.dumps(list(piece)) if is_sqlite() else list(piece)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT contact_digest FROM customers_deadcontact WHERE contact_digest {test}", [wanted]
            )
            found.update((row[0], "dead_contact") for row in cursor.fetchall())
            cursor.execute(
                "SELECT contact_digest, purpose FROM customers_optout WHERE shop_id = %s AND channel = %s "
                f"AND ended_at IS NULL AND contact_digest {test}",
                [shop_id, channel, wanted],
            )
            standing = [(digest, of) for digest, of in cursor.fetchall() if of in ask]
            unprofiled = [digest for digest, of in standing if of == Purpose.PROFILING]
            # What is worse is told: a refusal before a dead number, and that before unwillingness to be picked.
            found = dict.fromkeys(unprofiled, "no_profiling") | found
            found.update((digest, "opted_out") for digest, of in standing if of != Purpose.PROFILING)
    return found


def consents_of(shop_id: int, person_id: int) -> list[Consent]:
    """A person's consents, for the page that shows them."""
    rows = Consent.objects.filter(shop_id=shop_id, person_id=person_id).select_related("basis")
    return list(rows.order_by("channel", "purpose"))
