"""How long the answers that one thread waits for may take: a query that goes on beyond that is ended.

    with limited(10):
        reader.answer(...)      # TooLong when these and the next take more than ten seconds together
    with replacing(key):
        reader.answer(...)      # Replaced when another block with this key begins meanwhile, in whatever thread

DuckDB is interrupted from a thread that watches, so it works on every system. A Spark cluster ends queries by a limit
of its own (`seconds` of `LAOKE_ENGINE`) and keeps no page's machine busy: neither holds there. A process knows of its
own questions alone: with several, one that another process took over is answered to its limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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


class Replaced(Unavailable):
    """A query was ended because nobody waits for its answer any more."""

    CODES: ClassVar[Mapping[str, str]] = {
        "query_replaced": "the question was asked anew and this one was ended"
    }

    def __init__(self) -> None:
        super().__init__("query_replaced")


@dataclass(frozen=True)
class _Limit:
    seconds: float
    ends: float


@dataclass(eq=False)
class _Question:
    """What one thread asks within `replacing`; `changed` wakes whoever watches its query."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    replaced: bool = False

    def replace(self) -> None:
        with self.changed:
            self.replaced = True
            self.changed.notify_all()


_own = threading.local()
_questions: dict[Hashable, _Question] = {}
_questions_lock = threading.Lock()


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
def replacing(key: Hashable) -> Iterator[None]:
    """What this thread asks within the block is ended when a later block of this process has the same key, or by
    `replaced`; what an earlier one asks is ended now."""
    around: _Question | None = getattr(_own, "question", None)
    mine = _Question()
    with _questions_lock:
        before, _questions[key] = _questions.get(key), mine
    if before is not None:
        before.replace()
    _own.question = mine
    try:
        yield
    finally:
        _own.question = around
        with _questions_lock:
            if _questions.get(key) is mine:
                del _questions[key]


def replaced(key: Hashable) -> None:
    """End what is asked with this key, if anything is."""
    with _questions_lock:
        found = _questions.get(key)
    if found is not None:
        found.replace()


@contextmanager
def unlimited() -> Iterator[None]:
    """What this thread asks within the block goes on to its end: it is made once and kept for others, who may have more
    time, or still wait."""
    around: tuple[_Limit | None, _Question | None]
    around = getattr(_own, "limit", None), getattr(_own, "question", None)
    _own.limit, _own.question = None, None
    try:
        yield
    finally:
        _own.limit, _own.question = around


@contextmanager
def ended_in_time(interrupt: Callable[[], None], interrupted: type[Exception]) -> Iterator[None]:
    """Call `interrupt` when the thread's limit is reached, or its question replaced, before the block ends; the block
    then raises `interrupted`.

    Raises
    ------
    TooLong, Replaced
        in its place, and at once when the one or the other was so before.
    """
    limit: _Limit | None = getattr(_own, "limit", None)
    question: _Question | None = getattr(_own, "question", None)
    if limit is None and question is None:
        yield
        return
    if reason := _reason(limit, question):
        raise reason
    changed, over = question.changed if question else threading.Condition(), threading.Event()
    left = limit.ends - time.monotonic() if limit else None

    def watch() -> None:
        with changed:
            changed.wait_for(lambda: over.is_set() or (question is not None and question.replaced), left)
            while not over.is_set():
                interrupt()
                changed.wait(AGAIN_SECONDS)

    watcher = threading.Thread(target=watch, name="query limit", daemon=True)
    watcher.start()
    try:
        yield
    except interrupted as error:
        reason = _reason(limit, question)
        if reason is None:
            raise
        raise reason from error
    finally:
        # Nothing is interrupted after the block: the connection's next query is another's.
        with changed:
            over.set()
            changed.notify_all()
        watcher.join()


def _reason(limit: _Limit | None, question: _Question | None) -> Unavailable | None:
    """Why nothing may be asked any more, None while something may."""
    if question is not None and question.replaced:
        return Replaced()
    if limit is not None and time.monotonic() >= limit.ends:
        return TooLong(limit.seconds)
    return None
