"""The contact vault: one sealed record per customer, shop and source; lists see only the stored masks."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from laoke.customers import contact_columns as columns
from laoke.customers.models import OrderText, VaultRecord
from laoke.customers.sealing import Sealer, digests, json_bytes, keys, open_all, open_sealed, open_text
from laoke.shops import audit
from laoke.shops.bulk import execute_many, insert_many, is_sqlite, pieces, write_in_batches
from laoke.shops.models import Shop, User

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "v1"
PEOPLE_AT_ONCE = 32_768  # so many are text in memory at a time


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
    return store_contact_columns(shop, contact_columns(found), source=source, random=random, stopped=stopped)


def contact_columns(found: Sequence[Contact]) -> pa.Table:
    """Contacts as columns, named like their fields."""
    import pyarrow as pa

    texts = {field: pa.array([getattr(one, field) for one in found], pa.string()) for field in columns.FIELDS}
    return pa.table(
        {
            "customer_id": pa.array([one.customer_id for one in found], pa.int64()),
            **texts,
            "seen_micros": pa.array([one.seen_micros for one in found], pa.int64()),
        }
    )


def store_contact_columns(
    shop: Shop,
    found: pa.Table,
    *,
    source: str = "order",
    random: Callable[[int], bytes] = os.urandom,
    stopped: Callable[[], bool] | None = None,
    mending: bool = False,
) -> StoredContacts:
    """`store_contacts` for columns: `customer_id`, the texts of `Contact` without nulls, and `seen_micros`.

    Records are written before they can be found by their digests; whoever dies in between leaves that to the worker
    (`names.index_waiting`). With `mending`, because somebody may have, those that are stored already are made findable
    at once: what an import tells of its orders hangs on it.
    """
    sheet, index = _Sheet(shop, source, random), _Index(shop)
    fresh = changed = 0
    ordered = found.sort_by("customer_id")
    for start in range(0, ordered.num_rows, PEOPLE_AT_ONCE):
        part = ordered.slice(start, PEOPLE_AT_ONCE)
        contents = sheet.content_digests(part)
        ids, seen = part["customer_id"].to_pylist(), part["seen_micros"].to_pylist()
        known = _contents(shop, source, ids)
        other = [n for n, customer in enumerate(ids) if known.get(customer) != contents[n]]
        if mending and known:
            _mend_index(shop, list(known))
        stored = _stored(shop, source, [ids[n] for n in other if ids[n] in known])
        told = [
            n for n in other if (before := stored.get(ids[n])) is None or before.seen_at <= _time_of(seen[n])
        ]
        if not told:
            continue
        rows = sheet.rows(part, told, contents)
        write_in_batches(rows, index.replacing(rows, stored), stopped=stopped)
        new = sum(row[0] not in stored for row in rows)
        fresh, changed = fresh + new, changed + len(rows) - new
    index.write(stopped)
    return StoredContacts(fresh, changed, ordered.num_rows - fresh - changed)


class _Stored(NamedTuple):
    seen_text: str
    phone_digest: str | None
    email_digest: str | None

    @property
    def seen_at(self) -> datetime:
        # PostgreSQL writes the same local time with its zone behind it.
        return datetime.fromisoformat(self.seen_text).replace(tzinfo=None)


def _contents(shop: Shop, source: str, customers: Sequence[int]) -> dict[int, str]:
    """The content digest of each stored record: all that is needed of those that are the same again."""
    return dict(_records(shop, source, customers, "customer_id, content_digest"))


def _stored(shop: Shop, source: str, customers: Sequence[int]) -> dict[int, _Stored]:
    columns = "customer_id, CAST(seen_at AS text), phone_digest, email_digest"
    return {customer: _Stored(*known) for customer, *known in _records(shop, source, customers, columns)}


def _records(shop: Shop, source: str, customers: Sequence[int], columns: str) -> Iterator[tuple[Any, ...]]:
    """`columns`, a constant of the caller, of the stored records."""
    test = "IN (SELECT value FROM json_each(%s))" if is_sqlite() else "= ANY(%s)"
    sql = f"SELECT {columns} FROM customers_vaultrecord WHERE shop_id = %s AND source = %s AND customer_id {test}"
    for piece in pieces(customers):
        wanted = json.dumps(list(piece)) if is_sqlite() else list(piece)
        with connection.cursor() as cursor:
            cursor.execute(sql, [shop.pk, source, wanted])
            yield from cursor.fetchall()


class _Index:
    """Makes the digests of written records findable, and those that they replaced not.

    What is new is written in the order of the digests at the end: pages of the index then fill one after the other.
    What is replaced is few, and goes with the record: nothing would tell of it later.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop_id = shop.pk
        self._now: list[tuple[str, int]] = []

    def replacing(
        self, rows: Sequence[Any], stored: dict[int, _Stored]
    ) -> Callable[[Sequence[tuple[object, ...]]], None]:
        """Note the digests of rows, and how any of these are written: with what their records no longer hold."""
        gone: dict[int, set[str]] = {}
        for row in rows:
            customer, held = row[0], {one for one in (row[_PHONE_DIGEST], row[_EMAIL_DIGEST]) if one}
            self._now.extend((digest_, customer) for digest_ in held)
            if before := stored.get(customer):
                gone[customer] = {one for one in (before.phone_digest, before.email_digest) if one} - held

        def write(piece: Sequence[tuple[Any, ...]]) -> None:
            _upsert(piece)
            replaced = [(digest_, row[0], row[1]) for row in piece for digest_ in gone.get(row[0], ())]
            if replaced:
                execute_many(_UNINDEX, sorted(replaced))

        return write

    def write(self, stopped: Callable[[], bool] | None) -> None:
        self._now.sort()
        shop_id = self.shop_id

        def add(piece: Sequence[tuple[str, int]]) -> None:
            make_findable([(digest_, customer, shop_id) for digest_, customer in piece])

        write_in_batches(self._now, add, stopped=stopped)


def make_findable(found: Sequence[tuple[str, int, int]]) -> None:
    """Whoever is asked for by a digest is found: (digest, customer, shop), in the order of the digests."""
    insert_many(_INDEX, found, "ON CONFLICT DO NOTHING")


def _mend_index(shop: Shop, customers: Sequence[int]) -> None:
    """What the records of these customers hold is found."""
    test = "IN (SELECT value FROM json_each(%s))" if is_sqlite() else "= ANY(%s)"

    def mend(piece: Sequence[int]) -> None:
        wanted = json.dumps(list(piece)) if is_sqlite() else list(piece)
        with connection.cursor() as cursor:
            for digest in ("phone_digest", "email_digest"):
                cursor.execute(_FIND.format(digest=digest, test=test), [shop.pk, wanted])

    write_in_batches(sorted(customers), mend)


class _Sheet:
    """Turns contacts into rows; what is the same for all of them is looked up once."""

    def __init__(self, shop: Shop, source: str, random: Callable[[int], bytes]) -> None:
        self.shop_id, self.demo, self.source = shop.pk, shop.is_demo, source
        self.index_key = keys().index.current
        self.sealer = Sealer(random)

    def content_digests(self, found: pa.Table) -> list[str]:
        import pyarrow as pa
        import pyarrow.compute as pc

        customer = found["customer_id"].combine_chunks().cast(pa.string())
        told = pc.binary_join_element_wise(customer, columns.plain_texts(found), columns.SEPARATOR)
        return digests(self.index_key, told.cast(pa.binary()).to_pylist())

    def rows(self, found: pa.Table, told: Sequence[int], contents: Sequence[str]) -> list[tuple[object, ...]]:
        """The columns of `_COLUMNS` of the contacts at the positions `told`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if len(told) < found.num_rows:
            found, contents = found.take(pa.array(told)), [contents[n] for n in told]
        customers = found["customer_id"].to_pylist()
        bound = [bound_to(self.shop_id, customer).encode() for customer in customers]
        sealed = self.sealer.seal_all(columns.plain_texts(found).cast(pa.binary()).to_pylist(), bound)
        nicks, names, phones, emails = (
            found[field].combine_chunks() for field in ("nick", "name", "phone", "email")
        )
        phone_state, email_state = columns.phone_states(phones, demo=self.demo), columns.email_states(emails)
        return list(
            zip(
                customers,
                itertools.repeat(self.shop_id),
                itertools.repeat(self.source),
                sealed,
                itertools.repeat(self.sealer.key_id),
                columns.mask_nicks(nicks).to_pylist(),
                columns.mask_names(names).to_pylist(),
                columns.mask_phones(phones).to_pylist(),
                phone_state.to_pylist(),
                self._findable("phone", phones, phone_state, ("valid", "invalid")),
                columns.mask_emails(emails).to_pylist(),
                email_state.to_pylist(),
                self._findable("email", pc.utf8_lower(emails), email_state, ("valid",)),
                contents,
                _times(found["seen_micros"]),
                strict=False,
            )
        )

    def _findable(
        self, kind: str, values: pa.Array, states: pa.Array, of_states: tuple[str, ...]
    ) -> list[str | None]:
        """The index digest of each value in one of the states, None of the others."""
        import pyarrow as pa
        import pyarrow.compute as pc

        is_told = pc.is_in(states, pa.array(of_states))
        chosen = pc.binary_join_element_wise(kind, values.filter(is_told), columns.SEPARATOR)
        found = iter(digests(self.index_key, chosen.cast(pa.binary()).to_pylist()))
        return [next(found) if told else None for told in is_told.to_pylist()]


_EPOCH = datetime(1970, 1, 1)


def _time_of(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _times(micros: pa.ChunkedArray) -> list[Any]:
    """The times as the database takes them: on SQLite the text that Django would have written."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_sqlite():
        return [_time_of(one) for one in micros.to_pylist()]
    seconds = pc.divide(micros, 1_000_000)
    if pc.all(pc.equal(pc.multiply(seconds, 1_000_000), micros)).as_py():
        return seconds.cast(pa.timestamp("s")).cast(pa.string()).to_pylist()
    return [str(_time_of(one)) for one in micros.to_pylist()]


_COLUMNS = (
    "customer_id", "shop_id", "source", "sealed", "key_id", "nick_mask", "name_mask", "phone_mask", "phone_state",
    "phone_digest", "email_mask", "email_state", "email_digest", "content_digest", "seen_at",
)  # fmt: skip
_PHONE_DIGEST, _EMAIL_DIGEST = _COLUMNS.index("phone_digest"), _COLUMNS.index("email_digest")
_INDEX = "customers_contactindex (digest, customer_id, shop_id)"
_UNINDEX = "DELETE FROM customers_contactindex WHERE digest = %s AND customer_id = %s AND shop_id = %s"
_FIND = f"""
INSERT INTO {_INDEX}
SELECT DISTINCT {{digest}}, customer_id, shop_id FROM customers_vaultrecord
WHERE shop_id = %s AND customer_id {{test}} AND {{digest}} <> ''
ON CONFLICT DO NOTHING
"""
_REPLACE = "ON CONFLICT (customer_id, shop_id, source) DO UPDATE SET " + ", ".join(
    f"{c} = excluded.{c}" for c in _COLUMNS[3:]
)
_NICK_MASK, _NAME_MASK = _COLUMNS.index("nick_mask"), _COLUMNS.index("name_mask")
_FOUND_BY = (_NICK_MASK, _NAME_MASK, _PHONE_DIGEST, _EMAIL_DIGEST)
_WAITING = "customers_namewaiting (shop_id, customer_id)"


def _upsert(rows: Sequence[tuple[object, ...]]) -> None:
    insert_many(f"customers_vaultrecord ({', '.join(_COLUMNS)})", rows, _REPLACE)
    # The worker makes their names findable: done here, it would take longer than sealing. It makes their digests
    # findable too, where whoever wrote this died before it could.
    insert_many(_WAITING, [(row[1], row[0]) for row in rows if any(row[at] for at in _FOUND_BY)])


def bound_to(shop_id: int, customer_id: int) -> str:
    """What a record is sealed for: it opens for no other shop, customer or schema."""
    return f"contact|{shop_id}|{customer_id}|{SCHEMA}"


def open_contact(record: VaultRecord) -> Contact:
    """The plain contact. Callers that show or export it write an audit row; see `show_contact`."""
    plain = open_text(bytes(record.sealed), record.key_id, bound_to(record.shop_id, record.customer_id))
    fields: dict[str, Any] = dict(zip(columns.FIELDS, plain.split(columns.SEPARATOR), strict=True))
    return Contact(record.customer_id, **fields)


def show_contact(record: VaultRecord, *, actor: User, now: datetime, field: str) -> str:
    """One field in clear for a person on screen: one audit row each time."""
    contact = open_contact(record)
    audit.record(
        "contact.show", shop=record.shop, actor=actor, at=now, subject=str(record.customer_id), field=field
    )
    return str(asdict(contact)[field])


def store_order_texts(shop: Shop, texts: Sequence[tuple[str, int | None, dict[str, str]]]) -> int:
    """Seal (order id, customer id, {'buyer_message', 'seller_memo'}) rows. A later text replaces an earlier one of the
    same name; one of another name stays, because not every source tells both."""
    last = {order_id: (customer_id, text) for order_id, customer_id, text in texts}
    order_ids = sorted(last)
    for piece in pieces(order_ids, 500):
        stored = list(OrderText.objects.filter(shop=shop, order_id__in=piece))
        for row, before in zip(stored, open_all(map(_sealed_text, stored)), strict=True):
            customer_id, text = last[row.order_id]
            last[row.order_id] = (customer_id, {**before, **text})
    sealer = Sealer()
    contents = [json_bytes(last[order_id][1]) for order_id in order_ids]
    bound = [f"order|{shop.pk}|{order_id}|{SCHEMA}".encode() for order_id in order_ids]
    rows = [
        (shop.pk, order_id, last[order_id][0], sealed, sealer.key_id)
        for order_id, sealed in zip(order_ids, sealer.seal_all(contents, bound), strict=True)
    ]
    return write_in_batches(rows, lambda piece: insert_many(_TEXTS, piece, _REPLACE_TEXT))


_TEXTS = "customers_ordertext (shop_id, order_id, customer_id, sealed, key_id)"
_REPLACE_TEXT = (
    "ON CONFLICT (shop_id, order_id) DO UPDATE SET customer_id = excluded.customer_id, "
    "sealed = excluded.sealed, key_id = excluded.key_id"
)


def open_order_text(row: OrderText) -> dict[str, str]:
    """The plain texts of an order."""
    return open_sealed(*_sealed_text(row))


def _sealed_text(row: OrderText) -> tuple[bytes, str, str]:
    return bytes(row.sealed), row.key_id, f"order|{row.shop_id}|{row.order_id}|{SCHEMA}"
