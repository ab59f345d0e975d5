"""Work beside the thread that imports, with which the ledger stays: reading ahead, and facts while people are sealed.

The next batches are parsed in a thread of their own while people and staging work on these; the parser spends its time
in kernels that let other threads run, and so does whoever encodes facts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass
class Position:
    """How far the reader is, in bytes of the file."""

    done: int = 0
    total: int = 1

    def note(self, done: int, total: int) -> None:
        self.done, self.total = done, max(1, total)

    def share(self, parts: int) -> int:
        return parts * self.done // self.total


def reading_ahead(items: Iterable[Item], ahead: int = 8) -> Generator[Item, None, None]:
    """The items, some of them ahead of the caller. What their iterator raises is raised here; closing waits for the one
    that is being read."""
    iterator, through = iter(items), object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="laoke-reading") as reader:
        following = deque(reader.submit(next, iterator, through) for _ in range(ahead))
        try:
            while (item := following.popleft().result()) is not through:
                following.append(reader.submit(next, iterator, through))
                yield item  # type: ignore[misc]
        finally:
            for future in following:
                future.cancel()


@contextmanager
def meanwhile(at_once: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for work that goes on beside the block, `at_once` of it. All of it has ended when the block is left,
    however that is; what has not begun by then when the block fails, never does."""
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="laoke-beside") as workers:
        try:
            yield workers
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise


def grouped(
    items: Iterable[Item], size: Callable[[Item], int], at_least: int, first: int | None = None
) -> Iterator[list[Item]]:
    """Neighbours together until they have the size asked for; the last group may be smaller. With `first` the first
    group has enough with that size and each next one with twice as much as the one before, up to `at_least`: for
    whoever has nothing to do until they come."""
    group: list[Item] = []
    held, wanted = 0, at_least if first is None else first
    for item in items:
        group.append(item)
        held += size(item)
        if held >= wanted:
            yield group
            group, held, wanted = [], 0, min(at_least, 2 * held)
    if group:
        yield group
