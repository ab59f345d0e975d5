"""How processes of Laoke are started, asked to end, and hear of it, on every system.

Windows has no SIGTERM between processes: ending one there kills it on the spot, and what it started itself would live
on and keep the port. So a child gets a process group of its own and is sent Ctrl-Break, which reaches the whole group.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

# SIGBREAK is Windows' own: Ctrl-Break, and the closing of the window.
ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))


def on_ending(stop: Callable[[], None]) -> None:
    """Have `stop` called when this process is asked to end."""

    def heard(_number: int, _frame: FrameType | None) -> None:
        stop()

    for ending in ENDINGS:
        signal.signal(ending, heard)


def start(*words: str, quiet: bool = False) -> subprocess.Popen[bytes]:
    """Start `laoke WORDS` beside this process, so that `ask_to_end` can reach it and what it starts."""
    out = subprocess.DEVNULL if quiet else None
    return subprocess.Popen(
        [sys.executable, "-m", "laoke", *words],
        stdout=out,
        stderr=out,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def ask_to_end(child: subprocess.Popen[bytes]) -> None:
    """Ask a child that was made by `start` to end; it may take its time."""
    ctrl_break = getattr(signal, "CTRL_BREAK_EVENT", None)
    try:
        if ctrl_break is not None:
            child.send_signal(ctrl_break)
            return
    except OSError:  # there is no console that could carry it
        pass
    child.terminate()
