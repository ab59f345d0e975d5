"""One turn of pulling: changes first, then refunds, then the rest of the last three months, as far as time allows.

A window lies wholly in the past of the platform's clock, so what it lists can only become less. The cursor goes on in
the transaction that makes the rows visible (`loading/pulled.py`); wherever a process dies, the next one reads from
there again and stores the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from laoke.intake.loading.pulled import load_pulled
from laoke.intake.loading.run import Surroundings
from laoke.intake.models import Connection, ConnectionState, PullCursor, PullStream
from laoke.intake.top import asking, connections
from laoke.intake.top.asking import Page
from laoke.intake.top.call import TIME_FORMAT, WAITS, TopClient, TopTrouble
from laoke.intake.top.staging import Gathered, staged
from laoke.shops.place import Place

HISTORY = timedelta(days=90)
# What the platform tells a little late, and clocks that differ a little: the end of a window is asked for once more.
OVERLAP = timedelta(minutes=10)
SETTLE = timedelta(minutes=1)
SPANS = {
    PullStream.CHANGES: timedelta(minutes=30),
    PullStream.REFUNDS: timedelta(days=1),
    PullStream.HISTORY: timedelta(days=1),
}
# What the list of imports calls a batch.
NAMES = {
    PullStream.CHANGES: "淘宝订单变动",
    PullStream.REFUNDS: "淘宝退款",
    PullStream.HISTORY: "淘宝近三个月订单",
}
BATCH_TRADES = 500
EVERY = timedelta(minutes=3)
LONGEST_BACK_OFF = timedelta(hours=1)


@dataclass(frozen=True)
class Pulling:
    """What a turn needs from outside. `step` is called after each step (tests kill there); `seconds` is how long a turn
    may go on before it leaves the rest to the next, None for no limit."""

    place: Place
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    spread: Callable[[], float] = lambda: 0.5
    seconds: float | None = None
    waits: tuple[float, ...] = WAITS
    step: Callable[[str], None] = lambda name: None
    told: Callable[[str, datetime], None] = lambda stream, reached: None


@dataclass
class Turn:
    """What a turn did; `trouble` is what ended it early, `done` whether everything up to now is stored.

    A trade that two streams told counts once."""

    orders: set[str] = field(default_factory=set, repr=False)
    refund_ids: set[str] = field(default_factory=set, repr=False)
    aside: int = 0
    imports: list[int] = field(default_factory=list)
    calls: int = 0
    done: bool = False
    trouble: TopTrouble | None = None

    @property
    def trades(self) -> int:
        return len(self.orders)

    @property
    def refunds(self) -> int:
        return len(self.refund_ids)


def pull(connection: Connection, around: Pulling) -> Turn | None:
    """Pull for one connection; None when another process does. How it ended stands in the connection's row.

    Raises
    ------
    LeaseLost
        when it was paused or taken over meanwhile: the batch at hand is not stored.
    """
    if not connections.take(connection, around.now()):
        return None
    turn = Turn()
    account = connections.account_of(connection)
    with TopClient(account, now=around.now, sleep=around.sleep, waits=around.waits) as client:
        try:
            _all_streams(connection, client, around, turn)
        except TopTrouble as trouble:
            turn.trouble = trouble
        finally:
            turn.calls = client.calls
            _settle(connection, around, turn)
    return turn


def _all_streams(connection: Connection, client: TopClient, around: Pulling, turn: Turn) -> None:
    begun = time.monotonic()

    def in_time() -> bool:
        return around.seconds is None or time.monotonic() - begun < around.seconds

    ceiling = min(asking.platform_time(client), around.now()).replace(microsecond=0) - SETTLE
    cursors = _cursors(connection, ceiling)
    for stream in (PullStream.CHANGES, PullStream.REFUNDS, PullStream.HISTORY):
        while _behind(cursors[stream], ceiling):
            _one_batch(connection, cursors[stream], ceiling, client, around, turn, in_time)
            if not in_time():
                return
    turn.done = True


def _cursors(connection: Connection, ceiling: datetime) -> dict[str, PullCursor]:
    """The cursors of a connection. At the first turn they begin so that no moment lies between two of them: changes
    from now on, and what was created or refunded in the three months before."""
    with transaction.atomic():
        if not connection.cursors.exists():
            first = ceiling - HISTORY
            for stream, since, goal in (
                (PullStream.CHANGES, ceiling - OVERLAP, None), (PullStream.REFUNDS, first, None),
                (PullStream.HISTORY, first, ceiling),
            ):  # fmt: skip
                PullCursor.objects.create(
                    connection=connection, stream=stream, began=since, reached=since, goal=goal
                )
    return {cursor.stream: cursor for cursor in connection.cursors.all()}


def _behind(cursor: PullCursor, ceiling: datetime) -> bool:
    return cursor.reached < (cursor.goal or ceiling)


@dataclass
class _Position:
    """Where a cursor will stand once what is gathered is stored."""

    reached: datetime
    until: datetime | None
    page: int | None
    seen: dict[str, str]
    gaps: list[list[str]]


def _one_batch(
    connection: Connection,
    cursor: PullCursor,
    ceiling: datetime,
    client: TopClient,
    around: Pulling,
    turn: Turn,
    in_time: Callable[[], bool],
) -> None:
    """Read pages until there is enough to store or nothing more to read, then store it and move the cursor.

    Trouble in the middle of it throws away what was read of its page only."""
    gathered = Gathered()
    at = _Position(cursor.reached, cursor.until, cursor.page, dict(cursor.seen), list(cursor.gaps))
    trouble = None
    try:
        _read_pages(cursor, at, ceiling, client, gathered, around, in_time)
    except TopTrouble as met:
        trouble = met
    _store(connection, cursor, gathered, at, around, turn)
    around.told(cursor.stream, cursor.reached)
    if trouble is not None:
        raise trouble


def _read_pages(
    cursor: PullCursor,
    at: _Position,
    ceiling: datetime,
    client: TopClient,
    gathered: Gathered,
    around: Pulling,
    in_time: Callable[[], bool],
) -> None:
    while at.reached < (cursor.goal or ceiling) and len(gathered) < BATCH_TRADES:
        _open_window(cursor, at, ceiling)
        assert at.until is not None
        page = _page(cursor.stream, client, at)
        fresh = [row for row in page.rows if at.seen.get(_key(cursor.stream, row)) != row.get("modified")]
        gather = asking.gather_refunds if cursor.stream == PullStream.REFUNDS else asking.gather_trades
        gather(client, fresh, gathered)
        around.step("page_read")
        _remember(cursor.stream, at, page)
        if page.following is None:
            at.reached, at.until, at.page = at.until, None, None
            _forget_old(at)
        else:
            at.page = page.following
        if not in_time():
            return


def _open_window(cursor: PullCursor, at: _Position, ceiling: datetime) -> None:
    """The next window, when none is being read; what the platform no longer tells becomes a gap with its dates."""
    if at.until is not None:
        return
    oldest = ceiling - HISTORY
    if cursor.stream != PullStream.HISTORY and at.reached < oldest:
        at.gaps.append([at.reached.strftime(TIME_FORMAT), oldest.strftime(TIME_FORMAT)])
        at.reached, at.seen = oldest, {}
    span = SPANS[PullStream(cursor.stream)]
    at.until, at.page = min(at.reached + span, cursor.goal or ceiling), None


def _page(stream: str, client: TopClient, at: _Position) -> Page:
    assert at.until is not None
    if stream == PullStream.HISTORY:
        return asking.created_page(client, at.reached, at.until, at.page)
    ask = asking.refund_page if stream == PullStream.REFUNDS else asking.changed_page
    return ask(client, at.reached - OVERLAP, at.until, at.page)


def _key(stream: str, row: Mapping[str, Any]) -> str:
    return str(row.get("refund_id" if stream == PullStream.REFUNDS else "tid") or "")


def _remember(stream: str, at: _Position, page: Page) -> None:
    """Rows that the next window's overlap will list again, with the change that was read of them."""
    if stream == PullStream.HISTORY or at.until is None:
        return
    edge = (at.until - OVERLAP).strftime(TIME_FORMAT)
    for row in page.rows:
        if str(row.get("modified") or "") >= edge:
            at.seen[_key(stream, row)] = str(row["modified"])


def _forget_old(at: _Position) -> None:
    edge = (at.reached - OVERLAP).strftime(TIME_FORMAT)
    at.seen = {key: modified for key, modified in at.seen.items() if modified >= edge}


def _store(
    connection: Connection, cursor: PullCursor, gathered: Gathered, at: _Position, around: Pulling, turn: Turn
) -> None:  # fmt: skip
    """Make the rows visible and move the cursor, both or neither."""
    count = len(gathered) if cursor.stream != PullStream.REFUNDS else len(gathered.refunds)

    def moved() -> None:
        connections.held(connection, around.now())
        cursor.reached, cursor.until, cursor.page = at.reached, at.until, at.page
        cursor.seen, cursor.gaps, cursor.rows = at.seen, at.gaps, cursor.rows + count
        cursor.save()

    if gathered.is_empty:
        with transaction.atomic():
            moved()
        around.step("cursor_moved")
        return
    name = f"{NAMES[PullStream(cursor.stream)]} {cursor.reached:%Y-%m-%d %H:%M}"
    batch = staged(gathered, name=name, trial=connection.is_loopback)
    surroundings = Surroundings(place=around.place, now=around.now, step=around.step)
    run = load_pulled(connection.shop, batch, surroundings, moved=moved)
    turn.imports.append(run.pk)
    turn.orders.update(gathered.trades)
    turn.refund_ids.update(gathered.refunds)
    turn.aside += len(gathered.aside)


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
        elif trouble.kind in ("keys", "permission", "refused"):
            changed["state"] = ConnectionState.STOPPED
    if ours.update(lease_until=None, next_pull_at=now + wait, **changed):
        connection.refresh_from_db()
