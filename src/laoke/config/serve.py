"""Serving the pages with granian, on every system that Python runs on."""

from __future__ import annotations

import os
import threading

# A serving process that hangs while it ends would outlive its parent and keep the port: it is killed after this.
STOP_SECONDS = 4
LISTEN_SECONDS = 0.2


class Wakeable(threading.Event):
    """An event whose waiter hears signals meanwhile.

    On Windows a Python before 3.14 is deaf to Ctrl-C and Ctrl-Break while it waits without end, as the server does: it
    would be killed in the end, and the process that serves would stay with the port.
    """

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            return super().wait(timeout)
        while not super().wait(LISTEN_SECONDS):
            pass
        return True


def serve(host: str, port: int, workers: int = 1) -> None:
    """Serve until interrupted. Static files are served by the application itself, so nothing stands in front."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    server = Server(
        target="laoke.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=max(2, min(8, os.cpu_count() or 2)),
        backpressure=256,
        websockets=False,
        log_level=LogLevels.warning,
        # An address holds what was searched for, a number or a nick: none is ever written down.
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.main_loop_interrupt = Wakeable()
    server.serve()
