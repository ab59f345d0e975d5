"""One writer of the warehouse at a time: a lock that ends with the process that holds it.

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
    if connection.vendor == "postgresql":
        with _advisory_lock(timeout_seconds):
            yield
        return
    from filelock import FileLock, Timeout

    lock = FileLock(str(home / "warehouse.lock"))
    try:
        lock.acquire(timeout=timeout_seconds, poll_interval=0.05)
    except Timeout as error:
        raise WriterBusy("另一个导入还没结束，等它完成再试") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_lock(timeout_seconds: float) -> Iterator[None]:
    until = time.monotonic() + timeout_seconds
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [WAREHOUSE_LOCK])
            if cursor.fetchone()[0]:
                break
            if time.monotonic() > until:
                raise WriterBusy("另一个导入还没结束，等它完成再试")
            time.sleep(0.05)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [WAREHOUSE_LOCK])
