"""The server under every gateway of rehearsals: HTTP on this machine, from a thread, ended at once."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class LoopbackServer(ThreadingHTTPServer):
    """Many clients at once; `close_all` ends their connections too."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # On Windows this option would let two gateways share one port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is an everyday event here and not worth a traceback; a fault of ours is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_bind(self) -> None:
        """Without the look-up of a host name, which can take seconds on a shop's network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def close_all(self) -> None:
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Loopback:
    """A gateway of rehearsals: `serve` from the caller's thread, or `start` and `stop`, or as a context.

    Who inherits sets `_server`, says in `serve` what runs beside it, and in `close` what is left to close.
    """

    _server: LoopbackServer
    _thread: threading.Thread | None = None

    def serve(self) -> None:
        """Serve until `stop()`."""
        self._server.serve_forever(poll_interval=0.1)

    def start(self) -> Self:
        """Serve from a thread of its own; returns once connections are taken."""
        self._thread = threading.Thread(target=self.serve, name=type(self).__name__, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End `serve` from another thread and close; nothing that was answered is lost."""
        self._server.shutdown()
        if self._thread is not None:
            self._thread.join(5.0)
        self.close()

    def close(self) -> None:
        """Close what is open after `serve` has ended."""
        self._server.close_all()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
