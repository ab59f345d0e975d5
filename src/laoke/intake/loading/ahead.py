"""Reading ahead: the next batch is parsed in a thread of its own while people and staging work on this one.

The parser spends its time in kernels that let other threads run; the ledger stays with the thread that imports.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
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


def reading_ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """The items, always one ahead of the caller. What their iterator raises is raised here; closing waits for the one
    that is being read."""
    iterator, through = iter(items), object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="laoke-reading") as reader:
        following = reader.submit(next, iterator, through)
        while (item := following.result()) is not through:
            following = reader.submit(next, iterator, through)
            yield item  # type: ignore[misc]
