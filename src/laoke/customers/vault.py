"""The contact vault: one sealed record per customer, shop and source; lists see only the stored masks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from laoke.customers import contacts
from laoke.customers.models import OrderText, VaultRecord
from laoke.customers.sealing import Sealer, digest, keys, open_sealed, open_text, seal
from laoke.shops import audit
from laoke.shops.bulk import is_sqlite, pieces, write_in_batches
from laoke.shops.models import Shop, User

SCHEMA = "v1"


@dataclass(frozen=True)
class Contact:
    """What one source says of one customer. Empty text means that it says nothing; `seen_micros` is the time of the
    order that said it, in microseconds of shop time since 1970."""

    customer_id: int
    nick: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    oaid: str = ""
    ouid: str = ""
    birthday: str = ""
    seen_micros: int = 0


@dataclass(frozen=True)
class StoredContacts:
    """How many records an import wrote."""

    new: int
    changed: int
    unchanged: int


def store_contacts(
    shop: Shop,
    found: Sequence[Contact],
    *,
    source: str = "order",
    random: Callable[[int], bytes] = os.urandom,
    stopped: Callable[[], bool] | None = None,
) -> StoredContacts:
    """Seal the contacts of an import. A record seen later in the shop's life replaces an earlier one; the same again
    changes nothing. `found` holds each customer once."""
    sheet = _Sheet(shop, source, random)
    content = {contact.customer_id: sheet.content_digest(contact) for contact in found}
    stored = _stored(shop, source, list(content))
    fresh, changed, unchanged = [], [], 0
    for contact in found:
        before = stored.get(contact.customer_id)
        if before is None:
            fresh.append(sheet.row(contact, content[contact.customer_id]))
        elif before.content == content[contact.customer_id] or before.seen_at > _time_of(contact):
            unchanged += 1
        else:
            changed.append(sheet.row(contact, content[contact.customer_id]))
    rows = sorted(fresh + changed, key=lambda row: row[0])  # type: ignore[arg-type, return-value]
    write_in_batches(rows, _upsert, stopped=stopped)
    _index_contacts(shop, rows, stored, stopped)
    return StoredContacts(len(fresh), len(changed), unchanged)


@dataclass(frozen=True, slots=True)
class _Stored:
    content: str
    seen_at: datetime
    phone_digest: str | None
    email_digest: str | None


def _stored(shop: Shop, source: str, customers: Sequence[int]) -> dict[int, _Stored]:
    result: dict[int, _Stored] = {}
    test = "IN (SELECT value FROM json_each(%s))" if is_sqlite() else "= ANY(%s)"
    sql = (
        "SELECT customer_id, content_digest, seen_at, phone_digest, email_digest FROM customers_vaultrecord "
        f"WHERE shop_id = %s AND source = %s AND customer_id {test}"
    )
    for piece in pieces(customers):
        wanted = json.dumps(list(piece)) if is_sqlite() else list(piece)
        with connection.cursor() as cursor:
            cursor.execute(sql, [shop.pk, source, wanted])
            for customer, known, at, phone, email in cursor.fetchall():
                seen = datetime.fromisoformat(at) if isinstance(at, str) else at
                result[customer] = _Stored(known, seen, phone, email)
    return result


def _index_contacts(
    shop: Shop, rows: Sequence[Any], stored: dict[int, _Stored], stopped: Callable[[], bool] | None
) -> None:
    """Make the digests of the written records findable, and those that they replaced not."""
    now, gone = [], []
    for row in rows:
        customer, phone, email = row[0], row[_PHONE_DIGEST], row[_EMAIL_DIGEST]
        now.extend((digest_, customer, shop.pk) for digest_ in (phone, email) if digest_)
        before = stored.get(customer)
        if before is not None:
            replaced = {before.phone_digest, before.email_digest} - {phone, email, None}
            gone.extend((digest_, customer, shop.pk) for digest_ in replaced)
    write_in_batches(sorted(now), lambda piece: _many(_INDEX, piece), stopped=stopped)
    write_in_batches(sorted(gone), lambda piece: _many(_UNINDEX, piece), stopped=stopped)


class _Sheet:
    """Turns contacts into rows; what is the same for all of them is looked up once."""

    def __init__(self, shop: Shop, source: str, random: Callable[[int], bytes]) -> None:
        self.shop_id, self.demo, self.source = shop.pk, shop.is_demo, source
        self.index_key = keys().index.current
        self.sealer = Sealer(random)
        self.as_text = is_sqlite()

    def content_digest(self, contact: Contact) -> str:
        return digest(self.index_key, str(contact.customer_id), _plain(contact))

    def row(self, contact: Contact, content: str) -> tuple[object, ...]:
        """The columns of `_COLUMNS`."""
        phone, email, customer = contact.phone, contact.email, contact.customer_id
        phone_state = contacts.mobile_state(phone, demo=self.demo)
        email_state = contacts.email_state(email)
        seen_at = _time_of(contact)
        return (
            customer,
            self.shop_id,
            self.source,
            self.sealer.seal(_plain(contact), f"contact|{self.shop_id}|{customer}|{SCHEMA}"),
            self.sealer.key_id,
            contacts.mask_nick(contact.nick),
            contacts.mask_name(contact.name),
            contacts.mask_phone(phone),
            phone_state,
            digest(self.index_key, "phone", phone) if phone_state in ("valid", "invalid") else None,
            contacts.mask_email(email),
            email_state,
            digest(self.index_key, "email", email.lower()) if email_state == "valid" else None,
            content,
            str(seen_at) if self.as_text else seen_at,
        )


def _plain(contact: Contact) -> str:
    """The sealed text of schema v1: the fields in order, between unit separators."""
    fields = (
        contact.nick, contact.name, contact.phone, contact.email, contact.address,
        contact.oaid, contact.ouid, contact.birthday,
    )  # fmt: skip
    text = "\x1f".join(fields)
    if text.count("\x1f") >= len(fields):  # a hostile cell that holds the separator itself
        text = "\x1f".join(field.replace("\x1f", " ") for field in fields)
    return text


_EPOCH = datetime(1970, 1, 1)


def _time_of(contact: Contact) -> datetime:
    return _EPOCH + timedelta(microseconds=contact.seen_micros)


_COLUMNS = (
    "customer_id", "shop_id", "source", "sealed", "key_id", "nick_mask", "name_mask", "phone_mask", "phone_state",
    "phone_digest", "email_mask", "email_state", "email_digest", "content_digest", "seen_at",
)  # fmt: skip
_PHONE_DIGEST, _EMAIL_DIGEST = _COLUMNS.index("phone_digest"), _COLUMNS.index("email_digest")
_INDEX = "INSERT INTO customers_contactindex (digest, customer_id, shop_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_UNINDEX = "DELETE FROM customers_contactindex WHERE digest = %s AND customer_id = %s AND shop_id = %s"
_UPSERT = (
    f"INSERT INTO customers_vaultrecord ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))}) "
    "ON CONFLICT (customer_id, shop_id, source) DO UPDATE SET "
    + ", ".join(f"{c} = excluded.{c}" for c in _COLUMNS[3:])
)


def _upsert(rows: Sequence[tuple[object, ...]]) -> None:
    _many(_UPSERT, rows)


def _many(sql: str, rows: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def bound_to(shop_id: int, customer_id: int) -> str:
    """What a record is sealed for: it opens for no other shop, customer or schema."""
    return f"contact|{shop_id}|{customer_id}|{SCHEMA}"


def open_contact(record: VaultRecord) -> Contact:
    """The plain contact. Callers that show or export it write an audit row; see `show_contact`."""
    plain = open_text(record.sealed, record.key_id, bound_to(record.shop_id, record.customer_id))
    return Contact(record.customer_id, *plain.split("\x1f"))


def show_contact(record: VaultRecord, *, actor: User, now: datetime, field: str) -> str:
    """One field in clear for a person on screen: one audit row each time."""
    contact = open_contact(record)
    audit.record(
        "contact.show", shop=record.shop, actor=actor, at=now, subject=str(record.customer_id), field=field
    )
    return str(asdict(contact)[field])


def store_order_texts(shop: Shop, texts: Sequence[tuple[str, int | None, dict[str, str]]]) -> int:
    """Seal (order id, customer id, {'buyer_message', 'seller_memo'}) rows; a later text replaces an earlier one."""
    rows = []
    for order_id, customer_id, text in sorted(texts, key=lambda item: item[0]):
        sealed, key_id = seal(text, f"order|{shop.pk}|{order_id}|{SCHEMA}")
        rows.append((shop.pk, order_id, customer_id, sealed, key_id))
    sql = (
        "INSERT INTO customers_ordertext (shop_id, order_id, customer_id, sealed, key_id) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (shop_id, order_id) DO UPDATE SET customer_id = excluded.customer_id, "
        "sealed = excluded.sealed, key_id = excluded.key_id"
    )

    def write(piece: Sequence[tuple[object, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, piece)

    return write_in_batches(rows, write)


def open_order_text(row: OrderText) -> dict[str, str]:
    """The plain texts of an order."""
    return open_sealed(row.sealed, row.key_id, f"order|{row.shop_id}|{row.order_id}|{SCHEMA}")
