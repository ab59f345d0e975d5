"""How long the answers that one thread waits for may take: a query that goes on beyond that is ended.

    with limited(10):
        reader.answer(...)      # TooLong when these and the next take more than ten seconds together

DuckDB is interrupted from a thread that watches, so it works on every system. A Spark cluster ends queries by a limit
of its own (`seconds` of `LAOKE_ENGINE`) and keeps no page's machine busy: this one does not hold there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from laoke.warehouse.unavailable import Unavailable

# A query that was not under way yet does not hear the first interruption: it is told again until it has ended.
AGAIN_SECONDS = 0.05


class TooLong(Unavailable):
    """A query was ended because it took too long."""

    CODES: ClassVar[Mapping[str, str]] = {
        "query_too_long": "the query did not end in {seconds} s and was ended"
    }

    def __init__(self, seconds: float) -> None:
        super().__init__("query_too_long", seconds=f"{seconds:g}")
        self.seconds = seconds


@dataclass(frozen=True)
class _Limit:
    seconds: float
    ends: float


_own = threading.local()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """What this thread asks within the block is ended `seconds` from now; a limit around it that ends sooner stands."""
    around: _Limit | None = getattr(_own, "limit", None)
    limit = _Limit(seconds, time.monotonic() + seconds)
    _own.limit = limit if around is None or limit.ends < around.ends else around
    try:
        yield
    finally:
        _own.limit = around


@contextmanager
def unlimited() -> Iterator[None]:
    """What this thread asks within the block has no limit: it is made once and kept for others, who have more time."""
    around: _Limit | None = getattr(_own, "limit", None)
    _own.limit = None
    try:
        yield
    finally:
        _own.limit = around


@contextmanager
def ended_in_time(interrupt: Callable[[], None], interrupted: type[Exception]) -> Iterator[None]:
    """Call `interrupt` when the thread's limit is reached before the block ends; the block then raises `interrupted`.

    Raises
    ------
    TooLong
        in its place, and at once when the limit was reached before.
    """
    limit: _Limit | None = getattr(_own, "limit", None)
    if limit is None:
        yield
        return
    left = limit.ends - time.monotonic()
    if left <= 0:
        raise TooLong(limit.seconds)
    ended = threading.Event()

    def watch() -> None:
        wait = left
        while not ended.wait(wait):
            interrupt()
            wait = AGAIN_SECONDS

    watcher = threading.Thread(target=watch, name="query limit", daemon=True)
    watcher.start()
    try:
        yield
    except interrupted as error:
        if time.monotonic() < limit.ends:
            raise
        raise TooLong(limit.seconds) from error
    finally:
        # Nothing is interrupted after the block: the connection's next query is another's.
        ended.set()
        watcher.join()
