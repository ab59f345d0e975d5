"""Serving the pages with granian, on every system that Python runs on."""

from __future__ import annotations

import os

# A serving process that hangs while it ends would outlive its parent and keep the port: it is killed after this.
STOP_SECONDS = 4


def serve(host: str, port: int, workers: int = 1) -> None:
    """Serve until interrupted. Static files are served by the application itself, so nothing stands in front."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        target="laoke.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=max(2, min(8, os.cpu_count() or 2)),
        backpressure=256,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    ).serve()
