"""Tests have no network: only loopback and Unix sockets are let through."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class NetworkRefused(OSError):
    """A test tried to reach something that is not this machine."""


def is_loopback(host: str | bytes | None) -> bool:
    """Whether a host name or address is this machine; names are not looked up."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(str(name).split("%")[0]).is_loopback
    except ValueError:
        return False


def _guard_connect(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and not is_loopback(address[0]):
            raise NetworkRefused(f"tests have no network: {address[0]}:{address[1]}")
        return real(self, address)

    return connect


def _guard_lookup(real: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
        if not is_loopback(host):
            raise NetworkRefused(f"tests have no network: {host}")
        return real(host, *args, **named)

    return getaddrinfo


@contextmanager
def only_loopback() -> Iterator[None]:
    """Refuse every connection and name lookup that leaves this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _guard_connect(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _guard_connect(socket.socket.connect_ex))
        patch.setattr(socket, "getaddrinfo", _guard_lookup(socket.getaddrinfo))
        yield
