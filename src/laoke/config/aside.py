"""One long job beside a worker's turns: it only reads, and sending, receipts and imports do not wait for it.

It runs in a thread of its own. A worker that is told to end does not wait for it either: the query is ended and the job
given back, for the next worker to begin anew.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from django.db import connections

from laoke.warehouse.limits import AGAIN_SECONDS, replaced, replacing


class Aside:
    """Does one job at a time; what it asks of the warehouse has this worker's name as its key (`limits.py`)."""

    def __init__(self, name: str) -> None:
        self._key = (type(self).__name__, name)
        self._thread: Thread | None = None

    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def take(self, work: Callable[[], None]) -> None:
        """Begin; what was taken before must be over."""

        def run() -> None:
            try:
                with replacing(self._key):
                    work()
            finally:
                connections.close_all()

        self._thread = Thread(target=run, name="aside", daemon=True)
        self._thread.start()

    def wait(self) -> bool:
        """Until it is over; False when there was nothing to wait for."""
        if not self.busy():
            return False
        assert self._thread is not None
        self._thread.join()
        return True

    def close(self) -> None:
        """End what it asks and wait until the job was given back."""
        while self._thread is not None and self._thread.is_alive():
            replaced(self._key)  # again: it may have asked nothing yet
            self._thread.join(AGAIN_SECONDS)
