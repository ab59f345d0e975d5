"""Erasing a person, step by step, each with its date.

(1) In one transaction: tombstones of every key, and every message not yet written is suppressed. From then on an import
that meets a key loads the order without customer. (2) When no attempt is open: contacts, texts, tags, cards, consents
and keys are deleted, and every package above forgets what it holds. (3) Nightly: the person's facts and messages get
one random number in place of theirs. (4) When the files of older versions are swept, what a review or backtest pins is
given other numbers in place; then the erasure is over. Each step may be killed and repeated.

What stays says who was erased to nobody: tombstones and refusals (keyed digests, so that the person is not taken in or
written to again), the erasure's own row, and audit rows with the number that nothing else holds any more.

    ErasureRefused    nobody of that number (`unknown`), or nothing is registered that stops messages (`not_ready`)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from laoke.customers.identities import key_digests, mark_persons, usable_keys
from laoke.customers.links import customers_of
from laoke.customers.models import (
    Consent,
    ConsentBasis,
    ContactIndex,
    Customer,
    DeadContact,
    Erasure,
    Identity,
    NamePart,
    NameWaiting,
    OptOut,
    OrderText,
    PersonCard,
    PersonChange,
    PersonLink,
    PersonNote,
    PersonTag,
    ReviewText,
    TradeContact,
    VaultRecord,
)
from laoke.customers.sealing import VaultError
from laoke.customers.vault import open_contact
from laoke.shops import audit, catalog
from laoke.shops.bulk import is_sqlite
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import CatalogEntry, Shop, User
from laoke.shops.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader
    from laoke.warehouse.store import Warehouse

Suppress = Callable[[Sequence[int], datetime], int]
HasOpenAttempts = Callable[[Sequence[int]], bool]
Wipe = Callable[[Sequence[int], datetime], int]
Renumber = Callable[[dict[int, int]], int]

# Facts that name a buyer.
FACT_TABLES = ("orders", "refunds")


@dataclass(frozen=True)
class Traces:
    """By what a person may be found elsewhere: numbers, keyed digests of keys and contacts, the texts themselves."""

    people: tuple[int, ...]
    digests: frozenset[str]
    texts: frozenset[str]


Forget = Callable[[Shop, Traces, datetime], int]


class ErasureRefused(Exception):
    """An erasure that cannot begin; `code` is `unknown` or `not_ready`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Messages:
    """What the packages above do about a person's messages: stop the unwritten, say what is under way, forget, and
    give the emptied rows another number."""

    suppress: Suppress
    has_open_attempts: HasOpenAttempts
    wipe: Wipe
    renumber: Renumber


_registered: list[Messages] = []
_forgetters: dict[str, Forget] = {}


def register_forgetter(name: str, forget: Forget) -> None:
    """Say how a package above forgets a person beside their messages; it runs in the transaction of step 2, in
    the order of registering."""
    _forgetters[name] = forget


def register_messages(messages: Messages) -> None:
    """Say what suppresses, asks for and wipes messages; composition does it once at the start."""
    _registered[:] = [messages]


def registered_messages() -> Messages:
    """What was registered.

    Raises
    ------
    ErasureRefused
        `not_ready`: a person must not be erased while nothing could stop their messages.
    """
    if not _registered:
        raise ErasureRefused("not_ready")
    return _registered[0]


def erasures_of(shop: Shop, person_id: int) -> list[Erasure]:
    """The erasures of a person number, newest first."""
    return list(Erasure.objects.filter(owner_id=shop.owner_id, person_id=person_id).order_by("-pk"))


def request_erasure(
    shop: Shop, person_id: int, *, by: User, now: datetime, messages: Messages | None = None
) -> Erasure:
    """Begin to erase a person: from the commit of this on no import knows them and nothing more is written to them.

    Asked again it gives the erasure that runs already.

    Raises
    ------
    ErasureRefused
    """
    stop = messages or registered_messages()
    with transaction.atomic():
        running = Erasure.objects.filter(owner_id=shop.owner_id, person_id=person_id).first()
        if running is not None:
            return running
        # Locked, as a merge and a split lock them: none of them joins or leaves the person from here on.
        rows = Customer.objects.select_for_update().filter(owner_id=shop.owner_id, person_id=person_id)
        members = list(rows.order_by("pk").values_list("pk", flat=True))
        if not members:
            raise ErasureRefused("unknown")
        _bury(shop, members, now)
        stop.suppress([person_id, *members], now)
        erasure = Erasure.objects.create(
            owner_id=shop.owner_id, shop=shop, person_id=person_id, requested_by=by, requested_at=now,
            messages_suppressed_at=now,
        )  # fmt: skip
        mark_persons(shop, [person_id], members)
        audit.record("person.erase", shop=shop, actor=by, at=now, subject=str(person_id), count=len(members))
    return erasure


def _bury(shop: Shop, members: Sequence[int], now: datetime) -> None:
    """Tombstones for every key of the customers: the stored ones, and those that the vault's nicks and ids give."""
    found = set(Identity.objects.filter(customer_id__in=members).values_list("digest", flat=True))
    for record in VaultRecord.objects.filter(customer_id__in=members).select_related("shop"):
        found |= _digests_in(record)
    stamp = now.isoformat(sep=" ") if is_sqlite() else now
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO customers_tombstone (digest, owner_id, created_at) VALUES (%s, %s, %s) "
            "ON CONFLICT (digest) DO NOTHING",
            [(digest, shop.owner_id, stamp) for digest in sorted(found)],
        )


def _digests_in(record: VaultRecord) -> set[str]:
    try:
        contact = open_contact(record)
    except VaultError:
        return (
            set()
        )  # A record that no key opens names nobody; its stored digests are buried with the identities.
    keys = usable_keys({"nick": contact.nick, "ouid": contact.ouid})
    return set(key_digests(record.shop, [keys])[0])


def delete_records(*, now: datetime, messages: Messages | None = None) -> int:
    """Step 2 for every erasure whose messages have come to rest: delete what is held of the person. How many."""
    known = messages or registered_messages()
    done = 0
    for erasure in Erasure.objects.filter(vault_deleted_at=None).select_related("shop", "shop__owner"):
        members = customers_of(erasure.shop, erasure.person_id)
        people = [erasure.person_id, *members]
        if known.has_open_attempts(people):
            continue
        with transaction.atomic():
            _overwrite_deleted()
            _forget([(erasure, members)], known, now)
            Erasure.objects.filter(pk=erasure.pk, vault_deleted_at=None).update(vault_deleted_at=now)
            mark_persons(erasure.shop, people, members)
        done += 1
    return done


def _forget(erasures: Sequence[tuple[Erasure, Sequence[int]]], known: Messages, now: datetime) -> None:
    """Delete what is held of persons and their members, here and in every package above.

    One package after the other for all of them, so that locks are taken in one order however many persons go.
    """
    found: list[tuple[Shop, Sequence[int], Traces]] = []
    for erasure, members in erasures:
        # A key may have joined since they asked; it is buried before it is forgotten.
        _bury(erasure.shop, members, now)
        found.append((erasure.shop, members, _traces_of(members, [erasure.person_id, *members])))
    for forget in _forgetters.values():
        for shop, _members, traces in found:
            forget(shop, traces, now)
    for _shop, members, traces in found:
        known.wipe(traces.people, now)
        _delete(members, traces.people)
        _forget_contacts(traces)


def _overwrite_deleted() -> None:
    """SQLite leaves deleted rows readable in its file unless told otherwise; PostgreSQL's vacuum sees to it."""
    if is_sqlite():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _traces_of(members: Sequence[int], people: Sequence[int]) -> Traces:
    records = VaultRecord.objects.filter(customer_id__in=members).select_related("shop")
    digests = set(Identity.objects.filter(customer_id__in=members).values_list("digest", flat=True))
    digests |= set(ContactIndex.objects.filter(customer_id__in=members).values_list("digest", flat=True))
    texts: set[str] = set()
    for record in records:
        with suppress(VaultError):  # a record that no key opens names nobody
            contact = open_contact(record)
            texts |= {contact.nick, contact.phone, contact.email, contact.ouid, contact.oaid}
    return Traces(tuple(people), frozenset(digests), frozenset(text for text in texts if len(text) > 1))


def _forget_contacts(traces: Traces) -> None:
    """Dead numbers that were this person's alone."""
    shared = ContactIndex.objects.filter(digest__in=traces.digests).values_list("digest", flat=True)
    DeadContact.objects.filter(contact_digest__in=traces.digests - set(shared)).delete()


def _delete(members: Sequence[int], people: Sequence[int]) -> None:
    for model in (VaultRecord, ContactIndex, NamePart, NameWaiting, OrderText, ReviewText, Identity):
        model.objects.filter(customer_id__in=members).delete()
    PersonLink.objects.filter(Q(first_customer_id__in=members) | Q(second_customer_id__in=members)).delete()
    for by_person in (PersonTag, PersonCard, PersonChange, PersonNote, TradeContact, Consent):
        by_person.objects.filter(person_id__in=people).delete()
    ConsentBasis.objects.filter(person_id__in=people).delete()
    # A refused number stays refused, as a digest of the number alone: under a new nick it must not be written to.
    OptOut.objects.filter(person_id__in=people, contact_digest=None).delete()
    OptOut.objects.filter(person_id__in=people).update(person_id=None, words="")


def rewrite_facts(
    place: Place,
    *,
    now: datetime,
    random: Callable[[int], int] = secrets.randbelow,
    messages: Messages | None = None,
) -> CatalogEntry | None:
    """Step 3, nightly: give the facts of erased persons one random number each and publish; None = nothing to do."""
    from laoke.warehouse.store import Warehouse

    known = messages or registered_messages()

    open_ones = list(
        Erasure.objects.filter(facts_rewritten_at=None)
        .exclude(vault_deleted_at=None)
        .select_related("shop")
        .order_by("pk")
    )
    if not open_ones:
        return None
    with warehouse_writer(place.home):
        entry = catalog.current()
        versions = dict(entry.versions) if entry else {}
        warehouse = Warehouse(place.warehouse)
        warehouse.align(versions)
        # Done a second time (facts were brought back), the numbers of the first stand in the row.
        members = {e.pk: customers_of(e.shop, e.person_id) or e.numbers or [e.person_id] for e in open_ones}
        aliases = _aliases(open_ones, members, random)
        app_id = f"erase-{open_ones[-1].pk}-{entry.pk if entry else 0}"
        written = _rewrite(warehouse, warehouse.reader(versions), aliases, app_id)
        with transaction.atomic():
            published = catalog.publish(
                written, as_of_day=entry.as_of_day if entry else now.date(), now=now, reason="erasure",
                import_ref=entry.import_ref if entry else None,
            )  # fmt: skip
            _overwrite_deleted()
            # An import that knew the person before they asked may have sealed their contacts after step 2, and a list
            # was frozen of facts that named them.
            _forget([(erasure, members[erasure.pk]) for erasure in open_ones], known, now)
            known.renumber(dict(zip(*aliases.to_pydict().values(), strict=True)))
            for erasure in open_ones:
                # Kept until step 4 is over: older files are found by them.
                numbers = sorted({erasure.person_id, *members[erasure.pk]})
                Erasure.objects.filter(pk=erasure.pk).update(facts_rewritten_at=now, numbers=numbers)
            Customer.objects.filter(pk__in=[one for found in members.values() for one in found]).delete()
    return published


def _aliases(
    erasures: Sequence[Erasure], members: dict[int, list[int]], random: Callable[[int], int]
) -> pa.Table:
    """(old, new) numbers: all customers of one person and the person itself get the same new one."""
    import pyarrow as pa

    old: list[int] = []
    new: list[int] = []
    for erasure in erasures:
        number = random(2**62) + 2**62
        for one in sorted({erasure.person_id, *members[erasure.pk]}):
            old.append(one)
            new.append(number)
    return pa.table({"old": pa.array(old, pa.int64()), "new": pa.array(new, pa.int64())})


def _rewrite(warehouse: Warehouse, reader: Reader, aliases: pa.Table, app_id: str) -> dict[str, int]:
    """Write every table that names an erased person; the new version of each that changed."""
    written: dict[str, int] = {}
    for table, column, rows_of in (
        *((table, "customer_id", _same_rows) for table in FACT_TABLES),
        ("customers", "customer_id", _bare_buyers),
        ("person_map", "customer_id", _no_rows),
        ("customer_tags", "person_id", _no_rows),
        ("customer_reach", "person_id", _no_rows),
        ("group_members", "person_id", _no_rows),
        ("touches", "person_id", _same_rows),
        ("replies", "person_id", _no_rows),
        ("service_cases", "person_id", _no_rows),
        ("customer_features", "person_id", _same_rows),
        ("customer_value", "person_id", _no_rows),
    ):
        if table not in reader.versions:
            continue
        found = _rows_named(reader, table, column, aliases)
        if found.num_rows:
            kept = rows_of(table, column, found)
            written[table] = warehouse.change(
                table, kept, _keys(table, found), app_id=app_id, app_version=1
            ).version
    return written


def _rows_named(reader: Reader, table: str, column: str, aliases: pa.Table) -> pa.Table:
    """The rows whose `column` is an erased number, with the number that replaces it as `new`."""
    pairs = dict(zip(aliases["old"].to_pylist(), aliases["new"].to_pylist(), strict=True))
    rows = reader.sql(
        f"SELECT * FROM {table} WHERE list_contains(CAST($old AS BIGINT[]), {column})", {"old": list(pairs)}
    )
    import pyarrow as pa

    return rows.append_column("new", pa.array([pairs[n] for n in rows[column].to_pylist()], pa.int64()))


def _keys(table: str, found: pa.Table) -> pa.Table:
    from laoke.warehouse.contracts import CONTRACTS

    key = CONTRACTS[table].key
    return found.select(list(key))


def _same_rows(table: str, column: str, found: pa.Table) -> pa.Table:
    at = found.column_names.index(column)
    renamed = found.set_column(at, column, found["new"]).drop_columns(["new"])
    return _once(table, renamed)


def _no_rows(table: str, column: str, found: pa.Table) -> pa.Table:
    from laoke.warehouse.contracts import CONTRACTS

    return CONTRACTS[table].empty()


def _bare_buyers(table: str, column: str, found: pa.Table) -> pa.Table:
    """Buyers without birthday, level and the marks of which contacts there were."""
    from laoke.warehouse.contracts import CUSTOMERS

    bare: dict[str, Any] = {
        "birthday": "", "level": "", "has_nick": False, "has_phone": False, "has_email": False,
        "phone_state": "none",
    }  # fmt: skip
    rows = [{**row, **bare} for row in _same_rows(table, column, found).to_pylist()]
    return CUSTOMERS.conform(_table(rows, CUSTOMERS.arrow_schema()))


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=schema)


def _once(table: str, rows: pa.Table) -> pa.Table:
    """One row per key: customers of one person fall together under the new number, and the first is kept."""
    from laoke.warehouse.contracts import CONTRACTS

    contract = CONTRACTS[table]
    seen: set[tuple[Any, ...]] = set()
    keys = zip(*(rows[name].to_pylist() for name in contract.key), strict=True)
    keep = []
    for key in keys:
        keep.append(key not in seen)
        seen.add(key)
    return contract.conform(rows.filter(keep))


def finish(
    place: Place, *, now: datetime, retention_from: datetime, random: Callable[[int], int] = secrets.randbelow
) -> int:
    """Step 4, after the sweep of old files: give what is left of older versions other numbers. How many are over.

    `retention_from`: entries younger than this keep their files as they are. An erasure is over when none from before
    it is that young and no file holds the old numbers; a file that is held open is tried again the next night.
    """
    from laoke.warehouse.renumbering import renumber
    from laoke.warehouse.store import Warehouse

    ripe = [
        erasure
        for erasure in Erasure.objects.filter(vacuumed_at=None).exclude(facts_rewritten_at=None)
        if not young_entries_before(erasure, retention_from).exists()
    ]
    if not ripe:
        return 0
    numbers: dict[int, int] = {}
    for erasure in ripe:
        alias = random(2**62) + 2**62
        numbers |= dict.fromkeys([erasure.person_id, *erasure.numbers], alias)
    with warehouse_writer(place.home):
        if renumber(Warehouse(place.warehouse), numbers):
            return 0
    return Erasure.objects.filter(pk__in=[erasure.pk for erasure in ripe]).update(vacuumed_at=now, numbers=[])


def young_entries_before(erasure: Erasure, retention_from: datetime) -> QuerySet[CatalogEntry]:
    """Catalog entries from before the facts were rewritten that readers may still hold."""
    older = CatalogEntry.objects.filter(created_at__lt=erasure.facts_rewritten_at)
    return older.filter(created_at__gte=retention_from)
