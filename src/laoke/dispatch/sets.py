"""Sets of rows as one statement on both databases: how a list travels as a parameter, and how a time is written.

Constant fragments only; nothing here ever holds a value a user typed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction

from laoke.shops.bulk import is_sqlite

Result = TypeVar("Result")

RETRIES = 8
# A waiting page gets its turn between two transactions of a sender (see shops.bulk).
REST_SECONDS = 0.005


def among(column: str) -> str:
    """The test `column` in a list that travels as one parameter, see `listed`."""
    return f"{column} IN (SELECT value FROM json_each(%s))" if is_sqlite() else f"{column} = ANY(%s)"


def people_table() -> str:
    """A list of ids as a table `p(id)`."""
    if is_sqlite():
        return "(SELECT value AS id FROM json_each(%s)) p"
    return "(SELECT unnest(%s::bigint[]) AS id) p"


def listed(values: Sequence[Any]) -> Any:
    """The parameter for `among` and `people_table`."""
    return json.dumps(list(values)) if is_sqlite() else list(values)


def pairs_table(pairs: Sequence[tuple[int, int | None]]) -> tuple[str, list[Any]]:
    """Pairs of ids as a table `p(first, second)`, and its parameters."""
    if is_sqlite():
        parts = "json_extract(value, '$[0]') AS first, json_extract(value, '$[1]') AS second"
        return f"(SELECT {parts} FROM json_each(%s)) p", [json.dumps(pairs)]
    columns = [[one[0] for one in pairs], [one[1] for one in pairs]]
    return "(SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS u(first, second)) p", columns


def stamp(moment: datetime | None) -> Any:
    """A time as the database stores it."""
    if moment is None or not is_sqlite():
        return moment
    return moment.isoformat(sep=" ")


def moment(value: object) -> datetime | None:
    """A time as it came from a raw query."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value))


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def executed(sql: str, params: Sequence[Any]) -> int:
    """How many rows a statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def many(sql: str, values: Sequence[Sequence[Any]]) -> None:
    """The same statement for many rows."""
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(sql, values)


def transacted(work: Callable[[], Result]) -> Result:
    """`work` in a transaction of its own, again when the database was busy or broke a deadlock.

    What it does must be safe to repeat from the start: nothing of a failed try stays.
    """
    for attempt in range(RETRIES):
        try:
            with transaction.atomic():
                return work()
        except OperationalError:
            if connection.in_atomic_block or attempt == RETRIES - 1:
                raise
            time.sleep(0.02 * 2**attempt)
    raise AssertionError("the last try raises or returns")


def rest() -> None:
    """Let another writer in; SQLite has one writer at a time and no queue."""
    if is_sqlite() and not connection.in_atomic_block:
        time.sleep(REST_SECONDS)
