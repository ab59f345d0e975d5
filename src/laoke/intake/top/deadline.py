"""An end to an HTTP answer as a whole: the time limits of a client start anew with every byte that drips in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

# What httpcore reports when a connection has come to be, by itself or within another.
_OPENED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class Deadline:
    """Knows the one connection of a client and shuts it down when an answer takes too long."""

    def __init__(self) -> None:
        self._socket: Any = None
        self.passed = False

    def trace(self, event: str, told: Mapping[str, Any]) -> None:
        """For the `trace` extension of httpx."""
        if event in _OPENED:
            self._socket = told["return_value"].get_extra_info("socket")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Whoever reads in the block, from that moment on, finds the connection closed; `passed` says whose doing."""
        self.passed = False
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.passed = True
        with suppress(OSError):  # it ended by itself meanwhile
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)
