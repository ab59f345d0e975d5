"""One writer of the warehouse at a time, one process per import: locks that end with the process that holds them.

On SQLite everything runs on one machine, so a lock file serves; on PostgreSQL writers may sit on several hosts, so the
database's own advisory lock does. Both are released by the operating system or the server when the holder is killed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

WAREHOUSE_LOCK = 7_120_011
IMPORT_LOCKS = 7_120_100
# Few lock files that stay, rather than one per import that would have to be deleted while others wait for it.
IMPORT_SLOTS = 32
IMPORT_BUSY = "另一个导入还没结束，等它完成再试"


class WriterBusy(Exception):
    """Another process writes the warehouse and did not finish in time."""


@contextmanager
def warehouse_writer(home: Path, timeout_seconds: float = 600.0) -> Iterator[None]:
    """Hold the right to write the warehouse.

    Raises
    ------
    WriterBusy
        when another writer holds it for longer than `timeout_seconds`.
    """
    with _held(WAREHOUSE_LOCK, home / "warehouse.lock", timeout_seconds):
        yield


@contextmanager
def import_runner(home: Path, run_id: int, timeout_seconds: float = 6 * 3600.0) -> Iterator[None]:
    """Hold the right to work on one import; two imports seldom share a slot and then follow each other.

    Raises
    ------
    WriterBusy
        when another process works on it for longer than `timeout_seconds`.
    """
    slot = run_id % IMPORT_SLOTS
    with _held(IMPORT_LOCKS + slot, home / f"import-{slot:02}.lock", timeout_seconds):
        yield


@contextmanager
def _held(number: int, path: Path, timeout_seconds: float) -> Iterator[None]:
    if connection.vendor == "postgresql":
        with _advisory_lock(number, timeout_seconds):
            yield
        return
    with held_file(path, timeout_seconds):
        yield


@contextmanager
def held_file(path: Path, timeout_seconds: float, busy: str = IMPORT_BUSY) -> Iterator[None]:
    """Hold a lock file; the system lets go of it when the process ends.

    Raises
    ------
    WriterBusy
        with the sentence `busy`, when another process holds it for longer than `timeout_seconds`.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(str(path))
    try:
        lock.acquire(timeout=timeout_seconds, poll_interval=0.05)
    except Timeout as error:
        raise WriterBusy(busy) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_lock(number: int, timeout_seconds: float) -> Iterator[None]:
    until = time.monotonic() + timeout_seconds
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
            if cursor.fetchone()[0]:
                break
            if time.monotonic() > until:
                raise WriterBusy(IMPORT_BUSY)
            time.sleep(0.05)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
