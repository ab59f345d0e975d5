"""One turn of pulling: orders that messages named, changes, refunds, the rest of the last three months, then what
stands beside orders; as far as time allows.

A window lies wholly in the past of the platform's clock, so what it lists can only become less. The cursor goes on in
the transaction that makes the rows visible (`loading/pulled.py`); wherever a process dies, the next one reads from
there again and stores the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from laoke.intake.models import Connection, ConnectionState, PullCursor, PullStream
from laoke.intake.top import asking, by_order, connections
from laoke.intake.top.asking import Page
from laoke.intake.top.call import TIME_FORMAT, TopClient, TopTrouble, not_believed
from laoke.intake.top.staging import Gathered
from laoke.intake.top.streams import ALONE, CORE, FIRST_MEMBERS, OVERLAP, RATINGS_KEPT, STREAMS, Stream
from laoke.intake.top.trades import plain
from laoke.intake.top.turns import Asker, Pulling, Turn

HISTORY = timedelta(days=90)
SETTLE = timedelta(minutes=1)
BATCH_TRADES = 500
# What the app may not do today it may not do in a minute either.
REFUSED_REST = timedelta(hours=6)
# Longer keys are no numbers of the platform's.
LONGEST_KEY = 80
EVERY = timedelta(minutes=3)
LONGEST_BACK_OFF = timedelta(hours=1)


def pull(connection: Connection, around: Pulling) -> Turn | None:
    """Pull for one connection; None when another process does. How it ended stands in the connection's row.

    Raises
    ------
    LeaseLost
        when it was paused or taken over meanwhile, Forgotten when it is gone: the batch at hand is not stored.
    """
    if not connections.take(connection, around.now()):
        return None
    turn = Turn()
    try:
        account = connections.account_to_call(connection)
        with TopClient(account, now=around.now, sleep=around.sleep, waits=around.waits) as client:
            try:
                _all_streams(connection, client, around, turn)
            finally:
                turn.calls = client.calls
    except TopTrouble as trouble:
        turn.trouble = trouble
    except Exception as error:
        # Else the row would say that all is well, and the next turn would run into the same at once.
        turn.trouble = TopTrouble("away", "", code=type(error).__name__)
        raise
    finally:
        _settle(connection, around, turn)
    return turn


def _all_streams(connection: Connection, client: TopClient, around: Pulling, turn: Turn) -> None:
    begun = time.monotonic()

    def in_time() -> bool:
        return around.seconds is None or time.monotonic() - begun < around.seconds

    told = asking.platform_time(client, around.now)
    ceiling = min(told, around.now()).replace(microsecond=0) - SETTLE
    cursors = _cursors(connection, ceiling, around.now())
    asker = Asker(connection, client, around, turn, in_time)
    by_order.pull_named(asker, cursors)
    for stream in CORE:
        while in_time() and _behind(cursors[stream], ceiling):
            _one_batch(asker, cursors[stream], ceiling)
        if not in_time():
            return
    for stream in ALONE:
        _alone(asker, cursors[stream], ceiling)
        if not in_time():
            return
    turn.done = True


def _cursors(connection: Connection, ceiling: datetime, now: datetime) -> dict[str, PullCursor]:
    """The cursors of a connection. At the first turn they begin so that no moment lies between two of them: changes
    from now on, and what was created or refunded in the three months before."""
    first = ceiling - HISTORY
    begins = {
        PullStream.CHANGES: ceiling - OVERLAP, PullStream.REFUNDS: first, PullStream.HISTORY: first,
        PullStream.TRACES: first, PullStream.RATINGS: ceiling - RATINGS_KEPT, PullStream.MEMBERS: FIRST_MEMBERS,
    }  # fmt: skip
    with transaction.atomic():
        connections.held(connection, now)
        known = {cursor.stream: cursor for cursor in connection.cursors.all()}
        for stream, since in begins.items():
            if stream not in known:
                goal = ceiling if stream == PullStream.HISTORY else None
                known[stream] = PullCursor.objects.create(
                    connection=connection, stream=stream, began=since, reached=since, goal=goal
                )
    return known


def _behind(cursor: PullCursor, ceiling: datetime) -> bool:
    return cursor.reached < (cursor.goal or ceiling)


def _alone(asker: Asker, cursor: PullCursor, ceiling: datetime) -> None:
    """A stream of its own: refused, it rests for some hours and says why, while all others go on."""
    now = asker.around.now
    if cursor.next_at is not None and now() < cursor.next_at:
        return
    try:
        if cursor.stream == PullStream.TRACES:
            done = by_order.pull_traces(asker, cursor, ceiling)
        else:
            while asker.in_time() and _behind(cursor, ceiling):
                _one_batch(asker, cursor, ceiling)
            done = not _behind(cursor, ceiling)
    except TopTrouble as trouble:
        if trouble.kind not in ("permission", "refused"):
            raise
        cursor.trouble = {**trouble.as_dict(), "at": now().strftime(TIME_FORMAT)}
        cursor.next_at = now() + REFUSED_REST
        _save(asker, cursor, "trouble", "next_at")
        return
    if done:
        traces = cursor.stream == PullStream.TRACES
        cursor.next_at = now() + (by_order.TRACES_REST if traces else STREAMS[cursor.stream].rest)
        _save(asker, cursor, "next_at")


def _save(asker: Asker, cursor: PullCursor, *fields: str) -> None:
    with transaction.atomic():
        asker.check()
        cursor.save(update_fields=fields)


@dataclass
class _Position:
    """Where a cursor will stand once what is gathered is stored."""

    reached: datetime
    until: datetime | None
    page: int | None
    seen: dict[str, str]
    gaps: list[list[str]]
    answered: bool = False


def _one_batch(asker: Asker, cursor: PullCursor, ceiling: datetime) -> None:
    """Read pages until there is enough to store or nothing more to read, or trouble comes; then store what was read and
    move the cursor."""
    gathered = Gathered()
    at = _Position(cursor.reached, cursor.until, cursor.page, dict(cursor.seen), list(cursor.gaps))
    trouble = None
    try:
        _read_pages(asker, cursor, at, ceiling, gathered)
    except TopTrouble as met:
        trouble = met
    _store(asker, cursor, gathered, at)
    asker.around.told(cursor.stream, cursor.reached)
    if trouble is not None:
        raise trouble


def _read_pages(
    asker: Asker, cursor: PullCursor, at: _Position, ceiling: datetime, gathered: Gathered
) -> None:
    stream = STREAMS[cursor.stream]
    begun, told = at.page, set[str]()
    while at.reached < (cursor.goal or ceiling) and len(gathered) < BATCH_TRADES:
        # A page is up to fifty calls: who paused or forgot meanwhile does not wait for the whole batch.
        asker.check()
        if at.until is None:
            _open_window(cursor, at, ceiling)
            begun, told = None, set()
        assert at.until is not None
        page = stream.ask(asker.client, at.reached - stream.overlap, at.until, at.page)
        if page.following is not None and page.following > (at.page or 1):
            keys = {stream.key_of(row) for row in page.rows}
            if keys <= told:
                number, at.page = at.page or 1, begun
                raise not_believed(
                    page.method, f"page_no {number} ⊆ 1…{number - 1}", f"page_no {number} ≠ 1…"
                )
            told |= keys
        fresh = [
            row
            for row in page.rows
            if not stream.version or at.seen.get(stream.key_of(row)) != stream.version_of(row)
        ]
        try:
            stream.gather(asker.client, fresh, gathered)
        except TopTrouble:
            # What of the page was read is stored and not asked for again, or a page could fail for ever.
            read = gathered.trades.keys() | gathered.aside.keys()
            at.seen |= {
                stream.key_of(row): stream.version_of(row) for row in fresh if plain(row.get("tid")) in read
            }
            raise
        asker.around.step("page_read")
        at.answered = True
        _remember(stream, at, page)
        if page.following is None:
            at.reached, at.until, at.page = at.until, None, None
            _forget_old(stream, at, ceiling)
        else:
            at.page = page.following
        if not asker.in_time():
            return


def _open_window(cursor: PullCursor, at: _Position, ceiling: datetime) -> None:
    """The next window; what the platform no longer tells becomes a gap with its dates."""
    kept = {PullStream.CHANGES: HISTORY, PullStream.REFUNDS: HISTORY, PullStream.RATINGS: RATINGS_KEPT}
    oldest = ceiling - kept.get(PullStream(cursor.stream), ceiling - at.reached)
    if at.reached < oldest:
        at.gaps.append([at.reached.strftime(TIME_FORMAT), oldest.strftime(TIME_FORMAT)])
        at.reached, at.seen = oldest, {}
    at.until, at.page = min(at.reached + STREAMS[cursor.stream].span, cursor.goal or ceiling), None


def _remember(stream: Stream, at: _Position, page: Page) -> None:
    """Rows that the next window's overlap will list again, with the change that was read of them."""
    if not stream.overlap or not stream.version or at.until is None:
        return
    for row in page.rows:
        key, version = stream.key_of(row), stream.version_of(row)
        if len(key) <= LONGEST_KEY and _is_within(version, at.until - stream.overlap, at.until):
            at.seen[key] = version


def _is_within(version: str, since: datetime, until: datetime) -> bool:
    """Whether a version, which begins with its time, is of that span."""
    at = version[:19]
    return since.strftime(TIME_FORMAT) <= at <= until.strftime(TIME_FORMAT) and len(version) <= LONGEST_KEY


def _forget_old(stream: Stream, at: _Position, ceiling: datetime) -> None:
    if not stream.overlap:
        at.seen = {}
    # What is told to have changed in years to come would never be forgotten.
    since, until = at.reached - stream.overlap, ceiling + timedelta(days=1)
    at.seen = {key: version for key, version in at.seen.items() if _is_within(version, since, until)}


def _store(asker: Asker, cursor: PullCursor, gathered: Gathered, at: _Position) -> None:
    """Make the rows visible and move the cursor, both or neither."""
    now = asker.around.now
    count = len(gathered) if cursor.stream != PullStream.REFUNDS else len(gathered.refunds)

    def moved() -> None:
        asker.check()
        cursor.reached, cursor.until, cursor.page = at.reached, at.until, at.page
        cursor.seen, cursor.gaps, cursor.rows = at.seen, at.gaps, cursor.rows + count
        if at.answered:
            cursor.answered_at, cursor.trouble = now(), {}
        cursor.save()

    if gathered.is_empty:
        with transaction.atomic():
            moved()
        asker.around.step("cursor_moved")
        return
    asker.load(gathered, f"{STREAMS[cursor.stream].name} {cursor.reached:%Y-%m-%d %H:%M}", moved)


def _settle(connection: Connection, around: Pulling, turn: Turn) -> None:
    """Say in the row how the turn ended and when the next one comes; only while the lease is ours."""
    now, trouble = around.now(), turn.trouble
    ours = Connection.objects.filter(pk=connection.pk, lease_token=connection.lease_token)
    if trouble is None:
        wait = EVERY * (0.8 + 0.4 * around.spread()) if turn.done else timedelta(0)
        changed: dict[str, Any] = {"trouble": {}, "failures": 0}
        if turn.done:
            changed["pulled_at"] = now
    else:
        failures = connection.failures + 1
        wait = min(EVERY * 2 ** min(failures - 1, 10), LONGEST_BACK_OFF) * (0.8 + 0.4 * around.spread())
        wait = max(wait, timedelta(seconds=min(trouble.wait_seconds, 86_400.0)))
        changed = {"trouble": {**trouble.as_dict(), "at": now.strftime(TIME_FORMAT)}, "failures": failures}
        if trouble.kind == "sign_in":
            changed["state"] = ConnectionState.SIGN_IN
        elif not trouble.may_pass and trouble.kind != "clock":
            changed["state"] = ConnectionState.STOPPED
    if ours.update(lease_until=None, next_pull_at=now + wait, **changed):
        connection.refresh_from_db()
