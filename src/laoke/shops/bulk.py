"""The one function for bulk writes to the ledger: short transactions with a rest between them.

On SQLite a writer that commits back to back makes another process wait for seconds; a transaction of at most 50 ms and
a rest of 20 ms after it keeps everybody's small write at a few milliseconds.
"""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, transaction

Row = TypeVar("Row")

TRANSACTION_SECONDS = 0.05
REST_SECONDS = 0.02
FIRST_BATCH = 500
# Placeholders in one statement: rows that share a statement cost a third of what they cost one by one.
PARAMETERS_AT_ONCE = 960


def write_in_batches(
    rows: Sequence[Row],
    write: Callable[[Sequence[Row]], Any],
    *,
    stopped: Callable[[], bool] | None = None,
) -> int:
    """Call `write` with slices of `rows`, each in its own transaction of about 50 ms; return how many were written.

    `write` must be safe to repeat: a crash between two slices leaves the first ones written. The size of a slice
    follows the time that the last one took, so slow disks get short slices too. Slices that together hold the lock
    for less than a transaction's time go without a rest between them, also across calls.
    """
    position, size = 0, FIRST_BATCH
    with _relaxed_sync():
        while position < len(rows):
            if stopped is not None and stopped():
                break
            piece = rows[position : position + size]
            _turn.rest_if_due()
            begun = time.perf_counter()
            with transaction.atomic():
                write(piece)
            spent = time.perf_counter() - begun
            _turn.held(spent)
            position += len(piece)
            size = max(50, min(50_000, int(len(piece) * TRANSACTION_SECONDS / max(spent, 0.001) * 0.9)))
    return position


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look for reference cycles seldom while many rows pass through: there are none among them, and looking
    took a quarter of an import of new people, and of applying reports.

    The threshold is the process's: it returns to what it was when the last thread within has left.
    """
    _seldom.enter()
    try:
        yield
    finally:
        _seldom.leave()


class _Seldom:
    def __init__(self) -> None:
        self._lock, self._within, self._before = threading.Lock(), 0, (0, 0, 0)

    def enter(self) -> None:
        with self._lock:
            if not self._within:
                self._before = gc.get_threshold()
                gc.set_threshold(1_000_000, 20, 20)
            self._within += 1

    def leave(self) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                gc.set_threshold(*self._before)


_seldom = _Seldom()


class _Turn(threading.local):
    """How long this thread's bulk writes have held the lock since the others last had a rest's time for themselves."""

    seconds = 0.0
    ended = 0.0

    def held(self, seconds: float) -> None:
        self.seconds += seconds
        self.ended = time.perf_counter()

    def rest_if_due(self) -> None:
        """Wait for what is missing of a rest; time spent on other work since the last slice counts as one."""
        left = REST_SECONDS - (time.perf_counter() - self.ended)
        if left <= 0:
            self.seconds = 0.0
        elif self.seconds > TRANSACTION_SECONDS / 2:
            time.sleep(left)
            self.seconds = 0.0


_turn = _Turn()


@contextmanager
def _relaxed_sync() -> Iterator[None]:
    """SQLite need not wait for the disk at each slice: what is written here can be written again, and the commit that
    makes it count (a catalog entry, a frozen round) waits for the disk and carries all before it."""
    if not is_sqlite() or connection.in_atomic_block:
        yield
        return
    _set_sync("NORMAL")
    try:
        yield
    finally:
        _set_sync("FULL")


def _set_sync(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")


def execute_many(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """`executemany` with `%s` placeholders on both databases; `sql` is a constant of the caller, never user text."""
    with connection.cursor() as cursor:
        cursor.executemany(sql, list(rows))


def insert_many(into: str, rows: Sequence[Sequence[Any]], then: str = "") -> int:
    """`INSERT INTO {into} VALUES … {then}` with many rows to a statement; how many rows were inserted or updated.

    `into` is the table with its columns, `then` what follows the values (`ON CONFLICT …`); with `DO UPDATE` a key may
    stand in `rows` only once. Both are constants of the caller, never user text.
    """
    if not rows:
        return 0
    width = len(rows[0])
    at_once = max(1, PARAMETERS_AT_ONCE // width)
    one = f"({', '.join(['?' if is_sqlite() else '%s'] * width)})"
    full = f"INSERT INTO {into} VALUES {', '.join([one] * at_once)} {then}"
    written = 0
    for piece in pieces(rows, at_once):
        sql = (
            full
            if len(piece) == at_once
            else f"INSERT INTO {into} VALUES {', '.join([one] * len(piece))} {then}"
        )
        written += _execute(sql, list(itertools.chain.from_iterable(piece)))
    return written


def _execute(sql: str, parameters: list[Any]) -> int:
    """Rows that a statement touched. On SQLite the driver itself is asked: rewriting a thousand placeholders at each
    call costs Django as much time as the insert."""
    if is_sqlite():
        connection.ensure_connection()
        with connection.wrap_database_errors:
            return int(connection.connection.execute(sql, parameters).rowcount)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def stored_time(moment: datetime) -> Any:
    """A time as raw SQL takes it on this database."""
    return moment.isoformat(sep=" ") if is_sqlite() else moment


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def pieces(values: Sequence[Row], size: int = 10_000) -> Iterator[Sequence[Row]]:
    """Slices for reading: `IN (…)` lists stay below every database's limit."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
