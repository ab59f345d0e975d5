"""The present rows of the customers' mirrors, read from the ledger by sets: tags, reach, and which customers are one.

Reach is of marketing, decided in one fixed order: refused, kept away by a tag, contact dead, contact missing, invalid
or masked, unwilling to be picked by analysis, no consent, consent run out. A person without consent, refusal or tag
needs no row: queries take the same reasons from the facts (no usable contact, else no consent), so the mirror holds
only people about whom something was decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection

from laoke.customers.models import Channel
from laoke.shops.bulk import is_sqlite, pieces
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

PIECE = 10_000
CHANNELS = (Channel.SMS.value, Channel.EMAIL.value, Channel.CALL.value, Channel.HANDOVER.value)


@dataclass(frozen=True)
class Touched:
    """Marketing messages of one person on one channel: the last day (since 1970-01-01), counts in 7 and 30 days."""

    last_day: int
    in_7_days: int
    in_30_days: int


# (person, channel) → what they were sent; counted by the package that owns messages.
TouchCounts = Mapping[tuple[int, str], Touched]


def tag_rows(shop: Shop, people: Sequence[int] | None = None) -> pa.Table:
    """Rows of `customer_tags` for these persons (all when None)."""
    rows: list[tuple[Any, ...]] = []
    for listed, given in listed_keys(people):
        rows += fetched(
            f"{listed} SELECT pt.person_id, t.name FROM customers_persontag pt "
            "JOIN customers_tag t ON t.id = pt.tag_id "
            f"WHERE t.shop_id = %s {among('pt.person_id', people)}",
            [*given, shop.pk],
        )
    return mirror_table("customer_tags", shop, ("person_id", "tag"), rows)


def person_map_rows(shop: Shop, customers: Sequence[int] | None = None) -> pa.Table:
    """Rows of `person_map` for these customers (all of the owner when None).

    Only customers that are not their own person need one.
    """
    rows: list[tuple[Any, ...]] = []
    for listed, given in listed_keys(customers):
        rows += fetched(
            f"{listed} SELECT c.id, c.person_id, c.owner_id FROM customers_customer c "
            f"WHERE c.owner_id = %s AND c.person_id <> c.id {among('c.id', customers)}",
            [*given, shop.owner_id],
        )
    return mirror_table("person_map", shop, ("customer_id", "person_id", "owner_id"), rows)


def reach_rows(
    shop: Shop, people: Sequence[int] | None, today: date, touches: TouchCounts | None = None
) -> pa.Table:
    """Rows of `customer_reach` for these persons, four channels each; for all decided ones when None.

    Persons of the list about whom nothing was decided have no row either.
    """
    touches = touches or {}
    rows: list[tuple[Any, ...]] = []
    chosen = decided_people(shop) if people is None else sorted(set(people))
    touched = {person for person, _channel in touches}
    # By channel, then person: a filter names one channel and then skips the others' part of the file.
    for channel in CHANNELS:
        for piece in pieces(chosen, PIECE):
            for _channel, person, reason, consented, decided in _reach_piece(shop, [channel], piece, today):
                if decided or person in touched:
                    touch = touches.get((person, channel))
                    counts = (touch.last_day, touch.in_7_days, touch.in_30_days) if touch else (None, 0, 0)
                    rows.append((person, channel, reason == "", reason, bool(consented), *counts))
    names = (
        "person_id", "channel", "reachable", "reason", "consented",
        "last_marketing_day", "touches_7", "touches_30",
    )  # fmt: skip
    return mirror_table("customer_reach", shop, names, rows)


def reach_of(shop: Shop, people: Sequence[int], today: date) -> dict[int, dict[str, dict[str, Any]]]:
    """{person: {channel: whether `reachable`, the `reason` if not, whether `consented`}} as the ledger has it now.

    Persons about whom nothing was decided are not in it.
    """
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for piece in pieces(sorted(set(people)), PIECE):
        for channel, person, reason, consented, decided in _reach_piece(shop, CHANNELS, piece, today):
            if decided:
                told = {"reachable": reason == "", "reason": reason, "consented": bool(consented)}
                found.setdefault(person, {})[channel] = told
    return found


def decided_people(shop: Shop) -> list[int]:
    """Persons with a consent, an open refusal, a tag that keeps marketing away, or a dead contact."""
    found = fetched(
        """
        SELECT person_id FROM customers_consent WHERE shop_id = %s
        UNION SELECT person_id FROM customers_optout
              WHERE shop_id = %s AND ended_at IS NULL AND person_id IS NOT NULL
        UNION SELECT c.person_id FROM customers_optout o
              JOIN customers_contactindex i ON i.digest = o.contact_digest
              JOIN customers_customer c ON c.id = i.customer_id
              WHERE o.shop_id = %s AND o.ended_at IS NULL
        UNION SELECT pt.person_id FROM customers_persontag pt JOIN customers_tag t ON t.id = pt.tag_id
              WHERE t.shop_id = %s AND t.suppresses
        UNION SELECT c.person_id FROM customers_deadcontact d
              JOIN customers_contactindex i ON i.digest = d.contact_digest
              JOIN customers_customer c ON c.id = i.customer_id
              WHERE i.shop_id = %s
        """,
        [shop.pk] * 5,
    )
    return sorted(row[0] for row in found)


def _reach_piece(
    shop: Shop, channels: Sequence[str], people: Sequence[int], today: date
) -> list[tuple[str, int, str, int, int]]:
    """(channel, person, reason, has consent, was decided upon) on these channels, by one question."""
    day: object = today.isoformat() if is_sqlite() else today
    given: object = json.dumps(list(people)) if is_sqlite() else list(people)
    shop_id = shop.pk
    asked = [
        f"SELECT CAST(%s AS text) AS channel, r.* FROM ({_reach_sql(channel)}) AS r" for channel in channels
    ]
    params = [
        [
            channel, given, shop_id, channel, shop_id, channel,
            shop_id, channel, shop_id, channel, shop_id, day, shop_id, shop_id, shop_id, channel,
        ]
        for channel in channels
    ]  # fmt: skip
    return fetched(" UNION ALL ".join(asked), [one for row in params for one in row])


def _reach_sql(channel: str) -> str:
    """The reasons of many persons on one channel; what varies are our own words, never a value."""
    usable = _contact_rank(channel)
    # The plus before shop_id keeps SQLite from reading every record or refusal of the shop for every person (200 times
    # slower); it then goes by customer, contact or person.
    return f"""
        WITH p AS ({_LISTED[is_sqlite()]}),
        contacts AS (
            SELECT c.person_id, MAX({usable}) AS best,
                   MAX(CASE WHEN o.purpose IN ('all', 'marketing') THEN 1 ELSE 0 END) AS refused,
                   MAX(CASE WHEN o.purpose = 'profiling' THEN 1 ELSE 0 END) AS unprofiled,
                   MAX(CASE WHEN d.id IS NOT NULL THEN 1 ELSE 0 END) AS dead
            FROM p
            JOIN customers_customer c ON c.person_id = p.person_id
            JOIN customers_vaultrecord v ON v.customer_id = c.id AND +v.shop_id = %s
            LEFT JOIN customers_deadcontact d
              ON d.channel = %s AND d.contact_digest = v.{_digest(channel)}
            LEFT JOIN customers_optout o ON +o.shop_id = %s AND o.channel = %s AND o.ended_at IS NULL
              AND o.contact_digest = v.{_digest(channel)}
            GROUP BY c.person_id
        ),
        state AS (
            SELECT p.person_id, coalesce(k.best, {_NO_CONTACT[channel]}) AS best, coalesce(k.dead, 0) AS dead,
                   CASE WHEN coalesce(k.refused, 0) = 1 OR EXISTS (
                       SELECT 1 FROM customers_optout o WHERE o.shop_id = %s AND o.channel = %s
                       AND o.purpose IN ('all', 'marketing')
                       AND o.person_id = p.person_id AND o.ended_at IS NULL) THEN 1 ELSE 0 END AS refused,
                   CASE WHEN coalesce(k.unprofiled, 0) = 1 OR EXISTS (
                       SELECT 1 FROM customers_optout o WHERE o.shop_id = %s AND o.channel = %s
                       AND o.purpose = 'profiling'
                       AND o.person_id = p.person_id AND o.ended_at IS NULL) THEN 1 ELSE 0 END AS unprofiled,
                   CASE WHEN EXISTS (
                       SELECT 1 FROM customers_persontag pt JOIN customers_tag t ON t.id = pt.tag_id
                       WHERE pt.person_id = p.person_id AND t.shop_id = %s AND t.suppresses)
                   THEN 1 ELSE 0 END AS kept_away,
                   CASE WHEN n.person_id IS NULL OR n.withdrawn_at IS NOT NULL THEN 'no_consent'
                        WHEN n.expires_on IS NOT NULL AND n.expires_on < %s THEN 'consent_expired'
                        ELSE '' END AS consent,
                   CASE WHEN EXISTS (
                       SELECT 1 FROM customers_consent a WHERE a.shop_id = %s AND a.person_id = p.person_id)
                     OR EXISTS (
                       SELECT 1 FROM customers_optout a WHERE +a.shop_id = %s AND a.person_id = p.person_id
                       AND a.ended_at IS NULL)
                   THEN 1 ELSE 0 END AS decided
            FROM p
            LEFT JOIN contacts k ON k.person_id = p.person_id
            LEFT JOIN customers_consent n
              ON n.shop_id = %s AND n.channel = %s AND n.purpose = 'marketing' AND n.person_id = p.person_id
        )
        SELECT person_id,
               CASE WHEN refused = 1 THEN 'opted_out' WHEN kept_away = 1 THEN 'tag'
                    WHEN best = 4 THEN 'dead_contact' WHEN best = 3 THEN 'invalid'
                    WHEN best = 2 THEN 'masked' WHEN best < 2 THEN 'no_contact'
                    WHEN unprofiled = 1 THEN 'no_profiling' ELSE consent END AS reason,
               CASE WHEN consent = '' AND refused = 0 THEN 1 ELSE 0 END AS consented,
               CASE WHEN decided = 1 OR refused = 1 OR kept_away = 1 OR dead = 1 OR unprofiled = 1 THEN 1
                    ELSE 0 END AS decided
        FROM state
    """


# A hand-over list goes by nick or platform key, and no customer is without one.
_NO_CONTACT = {"sms": 1, "call": 1, "email": 1, "handover": 5}


def _digest(channel: str) -> str:
    return "email_digest" if channel == "email" else "phone_digest"


def _contact_rank(channel: str) -> str:
    """5 usable, 4 dead, 3 invalid, 2 masked, 1 none: the best of a person's contacts decides."""
    if channel == "handover":
        return "5"
    state = "v.email_state" if channel == "email" else "v.phone_state"
    return (
        f"CASE WHEN {state} = 'dead' OR (d.id IS NOT NULL AND {state} = 'valid') THEN 4 "
        f"WHEN {state} = 'valid' THEN 5 WHEN {state} = 'invalid' THEN 3 WHEN {state} = 'masked' THEN 2 ELSE 1 END"
    )


_LISTED = {
    True: "SELECT value AS person_id FROM json_each(%s)",
    False: "SELECT unnest(%s::bigint[]) AS person_id",
}


def listed_keys(keys: Sequence[int] | None) -> Iterator[tuple[str, list[object]]]:
    """A `WITH p` of the keys and its parameter, piece by piece; nothing when all are meant."""
    if keys is None:
        yield "", []
        return
    for piece in pieces(sorted(set(keys)), PIECE):
        yield f"WITH p AS ({_LISTED[is_sqlite()]})", [json.dumps(list(piece)) if is_sqlite() else list(piece)]


def among(column: str, keys: Sequence[int] | None) -> str:
    """The test that a column is one of the keys of `listed_keys`; nothing when all are meant."""
    return "" if keys is None else f"AND {column} IN (SELECT person_id FROM p)"


def fetched(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a query of the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def mirror_table(name: str, shop: Shop, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows as the mirror's contract wants them."""
    import pyarrow as pa

    from laoke.warehouse.contracts import CONTRACTS

    contract = CONTRACTS[name]
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = {
        column: pa.array(list(given), contract.by_name[column].arrow_type())
        for column, given in zip(columns, values, strict=True)
    }
    arrays["shop_id"] = pa.array([shop.pk] * len(rows), pa.int64())
    return contract.conform(pa.table(arrays))
