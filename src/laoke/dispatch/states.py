"""The states of a message, the moves between them, and the one function through which every move goes.

A move is a conditional update whose changed rows are counted, and a row in the transition table written in the same
transaction. Whoever lost a race moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from laoke.dispatch.models import MessageState as S
from laoke.dispatch.sets import among, listed, people_table, rows, stamp
from laoke.shops.bulk import is_sqlite

# Answers and reports are true whenever they come. So they may also overtake: a report arrives before the answer of
# the call, or an answer after someone had judged that nothing was sent.
_LATE = frozenset({S.ACCEPTED, S.DELIVERED, S.UNDELIVERED})

ALLOWED: dict[str, frozenset[str]] = {
    S.PLANNED: frozenset({S.SUPPRESSED, S.CANCELLED, S.EXPIRED, S.CLAIMED, S.HANDED_OVER}) | _LATE,
    S.CLAIMED: frozenset({S.PLANNED, S.SUPPRESSED, S.CANCELLED, S.EXPIRED, S.SENDING}) | _LATE,
    S.SENDING: frozenset({S.ACCEPTED, S.REJECTED, S.PLANNED, S.UNKNOWN, S.DELIVERED, S.UNDELIVERED}),
    S.UNKNOWN: frozenset({S.ACCEPTED, S.REJECTED, S.DELIVERED, S.UNDELIVERED, S.PLANNED, S.GIVEN_UP}),
    S.ACCEPTED: frozenset({S.DELIVERED, S.UNDELIVERED, S.NO_RECEIPT}),
    S.NO_RECEIPT: frozenset({S.DELIVERED, S.UNDELIVERED}),
    S.GIVEN_UP: _LATE,
    S.HANDED_OVER: frozenset({S.DELIVERED, S.UNDELIVERED, S.NO_RECEIPT}),
    S.CANCELLED: _LATE,
    S.EXPIRED: _LATE,
    S.SUPPRESSED: _LATE,
    S.HELD_OUT: frozenset(),
    S.REJECTED: _LATE,
    S.DELIVERED: frozenset(),
    S.UNDELIVERED: frozenset(),
}

# Nothing more will be sent for these; a late report may still say more.
FINAL = (
    S.HELD_OUT, S.SUPPRESSED, S.CANCELLED, S.EXPIRED, S.REJECTED, S.GIVEN_UP, S.DELIVERED, S.UNDELIVERED,
    S.NO_RECEIPT, S.HANDED_OVER, S.ACCEPTED,
)  # fmt: skip
# Still to be worked on by a worker.
OPEN = (S.PLANNED, S.CLAIMED, S.SENDING)
# What a cap counts: the person has got something, or may have.
REACHED = (
    S.SENDING, S.UNKNOWN, S.ACCEPTED, S.DELIVERED, S.UNDELIVERED, S.NO_RECEIPT, S.GIVEN_UP, S.HANDED_OVER,
)  # fmt: skip


class MoveRefused(Exception):
    """A move that the table does not allow: a fault of the caller, never of the data."""


def check_move(before: str, after: str) -> None:
    """Raises `MoveRefused` when the table does not hold the move."""
    if after not in ALLOWED[before]:
        raise MoveRefused(
            f"no move from {before} to {after}; there are: {', '.join(sorted(ALLOWED[before]))}"
        )


def move(
    ids: Sequence[int],
    before: str | Iterable[str],
    after: str,
    *,
    at: datetime,
    by: str,
    reason: str = "",
    sets: str = "",
    set_params: Sequence[Any] = (),
    guard: str = "",
    guard_params: Sequence[Any] = (),
) -> list[int]:
    """Move messages that stand in `before` to `after`; the ids that really moved. Call it within a transaction.

    `sets` adds columns (", alone = %s"), `guard` conditions (" AND lease_token = %s"); both are constants of the code.
    """
    if not connection.in_atomic_block:
        raise MoveRefused("a move and its transition row need one transaction")
    moved: list[int] = []
    left: Sequence[int] = ids
    for state in [before] if isinstance(before, str) else before:
        check_move(state, after)
        if not left:
            continue
        found = _update(left, state, after, at, reason, sets, set_params, guard, guard_params)
        _write_transitions(found, state, after, at, by, reason)
        moved.extend(found)
        # Who has moved stands in none of the other states.
        done = set(found)
        left = [message for message in left if message not in done] if len(done) < len(left) else []
    return moved


def _update(
    ids: Sequence[int], before: str, after: str, at: datetime, reason: str, sets: str, set_params: Sequence[Any],
    guard: str, guard_params: Sequence[Any],
) -> list[int]:  # fmt: skip
    # Two transactions that move overlapping sets must lock them in the same order, or PostgreSQL ends one of them.
    chosen = (
        among("id")
        if is_sqlite()
        else "id IN (SELECT id FROM dispatch_message WHERE id = ANY(%s) ORDER BY id FOR UPDATE)"
    )
    settled = ", settled_at = %s" if after in FINAL else ", settled_at = NULL"
    sql = (
        f"UPDATE dispatch_message SET state = %s, reason = %s{settled}{sets} "
        f"WHERE {chosen} AND state = %s{guard} RETURNING id"
    )
    final_at = [stamp(at)] if after in FINAL else []
    params = [after, reason[:40], *final_at, *set_params, listed(ids), before, *guard_params]
    return [row[0] for row in rows(sql, params)]


def _write_transitions(
    ids: Sequence[int], before: str, after: str, at: datetime, by: str, reason: str
) -> None:
    if not ids:
        return
    sql = (
        'INSERT INTO dispatch_transition (message_id, at, "before", "after", reason, "by") '
        f"SELECT p.id, %s, %s, %s, %s, %s FROM {people_table()}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [stamp(at), before, after, reason[:60], by[:150], listed(ids)])
    # A claim is nobody's news, and a call's answer follows within seconds: the mirror hears of that.
    if after not in (S.CLAIMED, S.SENDING) and (before, after) != (S.CLAIMED, S.PLANNED):
        _mark_touches(ids)


def _mark_touches(ids: Sequence[int]) -> None:
    """The mirror of touches is behind for these messages; their key is person and occasion."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_dirty (shop_id, mirror, key, revision) "
            "SELECT o.shop_id, 'touches', CAST(m.person_id AS TEXT) || ':' || CAST(m.occasion_id AS TEXT), 1 "
            f"FROM dispatch_message m JOIN dispatch_occasion o ON o.id = m.occasion_id "
            f"WHERE {among('m.id')} AND o.kind <> 'test' "
            "ON CONFLICT (shop_id, mirror, key) DO UPDATE SET revision = shops_dirty.revision + 1",
            [listed(ids)],
        )


def mark_reach(shop_id: int, ids: Sequence[int]) -> None:
    """The mirror of reach is behind for the persons of these messages: what caps count has changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_dirty (shop_id, mirror, key, revision) "
            "SELECT DISTINCT %s, 'customer_reach', CAST(m.person_id AS TEXT), 1 "
            f"FROM dispatch_message m WHERE {among('m.id')} "
            "ON CONFLICT (shop_id, mirror, key) DO UPDATE SET revision = shops_dirty.revision + 1",
            [shop_id, listed(ids)],
        )
