"""Parts of questions whose rows stay in memory for as long as the tables that they are read from stay the same.

Whoever types a filter asks for the same orders at each key, and each figure of a segment asks for them once more. A
part that is asked for a second time becomes a table of the DuckDB that the threads of this process share; the question
then joins that table, which takes a tenth. The part that was asked for longest ago goes when they become too large
together, and none goes while a question still reads it.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

ASKED_REMEMBERED = 256
BYTES_KEPT = 2**27
# Numbers and flags by person, now and then a short text.
BYTES_A_VALUE = 12


@dataclass(frozen=True)
class Part:
    """A named part of a question: a SELECT that the rest of it reads by this name."""

    name: str
    sql: str


def in_one(parts: Sequence[Part], rest: str) -> str:
    """One statement of the parts and the rest."""
    named = ", ".join(f"{part.name} AS (\n{indent(part.sql, '  ')}\n)" for part in parts)
    return f"WITH {named}\n{rest}" if parts else rest


@dataclass
class _Kept:
    table: str
    bytes: int
    users: int = 0


class KeptParts:
    """The parts that one DuckDB keeps, by what tells them from others; safe to share between threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, bytes_kept: int = BYTES_KEPT) -> None:
        self._connection = connection
        self._bytes_kept = bytes_kept
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        # Whether a part that was asked for may be kept, which one that is too large itself may not.
        self._asked: OrderedDict[Hashable, bool] = OrderedDict()
        self._making: set[Hashable] = set()
        self._numbers = itertools.count(1)

    @contextmanager
    def held(
        self, keys: Sequence[Hashable | None], make: Callable[[int, str], int]
    ) -> Iterator[list[str | None]]:
        """For each key the table with its part, which stays as long as the block; None where the part is to be read by
        the question itself: without a key, when it is asked for first, or while another thread makes it.

        `make(n, table)` makes the table of the key at place n and says how many values it has. When it fails, nothing
        is kept.
        """
        taken: list[_Kept] = []
        try:
            tables: list[str | None] = []
            for n, key in enumerate(keys):
                found = None if key is None else self._take(key) or self._made(key, n, make)
                tables.append(found.table if found else None)
                taken += [found] if found else []
            yield tables
        finally:
            self._give_back(taken)

    def forget(self) -> None:
        """Let go of all that no question reads, and of what was asked before."""
        with self._lock:
            self._asked.clear()
            gone = [(key, one.table) for key, one in self._kept.items() if one.users == 0]
            for key, _table in gone:
                del self._kept[key]
        self._drop([table for _key, table in gone])

    def _take(self, key: Hashable) -> _Kept | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                found.users += 1
                self._kept.move_to_end(key)
            return found

    def _made(self, key: Hashable, n: int, make: Callable[[int, str], int]) -> _Kept | None:
        if not self._is_to_be_made(key):
            return None
        table = f"kept_part_{next(self._numbers)}"
        try:
            made = _Kept(table, make(n, table) * BYTES_A_VALUE, users=1)
            with self._lock:
                self._kept[key] = made
        except BaseException:
            self._drop([table])
            raise
        finally:
            with self._lock:
                self._making.discard(key)
        return made

    def _is_to_be_made(self, key: Hashable) -> bool:
        """Whether a part that is not kept is asked for again, and by nobody else right now."""
        with self._lock:
            again = self._asked.get(key, False)
            self._asked.setdefault(key, True)
            self._asked.move_to_end(key)
            while len(self._asked) > ASKED_REMEMBERED:
                self._asked.popitem(last=False)
            if not again or key in self._making or key in self._kept:
                return False
            self._making.add(key)
            return True

    def _give_back(self, taken: Sequence[_Kept]) -> None:
        with self._lock:
            for one in taken:
                one.users -= 1
            gone = self._too_many()
        self._drop(gone)

    def _drop(self, tables: Sequence[str]) -> None:
        if tables:
            with closing(self._connection.cursor()) as cursor:
                for table in tables:
                    cursor.execute(f"DROP TABLE IF EXISTS {table}")

    def _too_many(self) -> list[str]:
        """Take those out that are too many, and that nobody reads, the one asked for longest ago first."""
        whole, gone = sum(one.bytes for one in self._kept.values()), []
        for key, one in list(self._kept.items()):
            if whole <= self._bytes_kept:
                break
            if one.users == 0:
                del self._kept[key]
                whole -= one.bytes
                gone.append(one.table)
                if one.bytes > self._bytes_kept:
                    self._asked[key] = False
        return gone
