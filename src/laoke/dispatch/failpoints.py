"""Named places at which a test may kill the process, one at every step of the sending protocol.

`LAOKE_FAILPOINT="name[:n]"` ends the process at the n-th pass, without any tidying, and only where `LAOKE_TESTING=1`
says that a test runs. The names are the steps of docs/reference/dispatch.md.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

KILLED = 137

FAILPOINTS: tuple[str, ...] = (
    "claim.before_commit",
    "claim.after",
    "gates.before_commit",
    "gates.after",
    "write.before_commit",
    "write.after",
    "call.before",
    "call.after",
    "record.before_commit",
    "record.after",
    "reap.before_commit",
    "reap.after",
    "settle.asked",
    "settle.before_commit",
    "settle.after",
    "inbox.before_commit",
    "inbox.stored",
    "apply.before_commit",
    "apply.after",
    "expire.after",
    "plan.slice",
    "handover.taken",
    "handover.written",
)


@dataclass
class _Armed:
    """What the environment asks for, read once."""

    name: str = ""
    left: int = 0
    passed: dict[str, int] = field(default_factory=dict)


def _from_environment() -> _Armed:
    wish = os.environ.get("LAOKE_FAILPOINT", "") if os.environ.get("LAOKE_TESTING") == "1" else ""
    name, _, count = wish.partition(":")
    if name and name not in FAILPOINTS:
        raise ValueError(f"LAOKE_FAILPOINT: no failpoint {name!r}; there are: {', '.join(FAILPOINTS)}")
    return _Armed(name, int(count or 1))


_armed = _from_environment()


def arm_from_environment() -> None:
    """Read the wish anew; for a process that was forked after this module was loaded."""
    global _armed
    _armed = _from_environment()


def passing(name: str) -> None:
    """Pass a failpoint: nothing happens, unless a test asked for the end of the process here."""
    if name != _armed.name:
        return
    _armed.left -= 1
    if _armed.left == 0:
        os._exit(KILLED)
