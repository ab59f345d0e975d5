"""Ports for servers that are started in a process of their own, by a bench or a test.

A port that the system gives is one of those it also gives to every outgoing connection: between the look and the
start of the server, another's connection can take it. These lie below that range (Linux: from 32768, others: from
49152), and every process takes them in turn from another place.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from itertools import count

FIRST, NUMBER = 20_000, 12_000
# Processes born one after the other look so far apart.
APART = 211
_turn = count()


def free_ports(number: int = 1) -> tuple[int, ...]:
    """So many ports of loopback above one another on which nobody listens.

    Raises:
        OSError: there is no such row.
    """
    for _ in range(NUMBER):
        first = FIRST + (os.getpid() * APART + next(_turn) * number) % (NUMBER - number)
        ports = tuple(range(first, first + number))
        if _nobody_listens(ports):
            return ports
    raise OSError(f"no {number} ports in a row are free from {FIRST} to {FIRST + NUMBER}")


def free_port() -> int:
    """One of them."""
    return free_ports()[0]


def _nobody_listens(ports: tuple[int, ...]) -> bool:
    with ExitStack() as held:
        try:
            for port in ports:
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
