"""The one function for bulk writes to the ledger: short transactions with a rest between them.

On SQLite a writer that commits back to back makes another process wait for seconds; a transaction of at most 50 ms and
a rest of 20 ms after it keeps everybody's small write at a few milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection, transaction

Row = TypeVar("Row")

TRANSACTION_SECONDS = 0.05
REST_SECONDS = 0.02
FIRST_BATCH = 500


def write_in_batches(
    rows: Sequence[Row],
    write: Callable[[Sequence[Row]], Any],
    *,
    stopped: Callable[[], bool] | None = None,
) -> int:
    """Call `write` with slices of `rows`, each in its own transaction of about 50 ms; return how many were written.

    `write` must be safe to repeat: a crash between two slices leaves the first ones written. The size of a slice
    follows the time that the last one took, so slow disks get short slices too.
    """
    position, size = 0, FIRST_BATCH
    with _relaxed_sync():
        while position < len(rows):
            if stopped is not None and stopped():
                break
            piece = rows[position : position + size]
            begun = time.perf_counter()
            with transaction.atomic():
                write(piece)
            spent = time.perf_counter() - begun
            position += len(piece)
            size = max(50, min(50_000, int(len(piece) * TRANSACTION_SECONDS / max(spent, 0.001) * 0.9)))
            if position < len(rows):
                time.sleep(REST_SECONDS)
    return position


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


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def pieces(values: Sequence[Row], size: int = 10_000) -> Iterator[Sequence[Row]]:
    """Slices for reading: `IN (…)` lists stay below every database's limit."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
