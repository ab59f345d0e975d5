"""Files that somebody may hold open at this moment: replaced, read and deleted with patience.

Windows neither replaces nor deletes a file that is open, be it by a reader of ours, Excel or a virus scanner, and for
an instant opens none that is being replaced. Such moments are short, so they are waited for; elsewhere they never come.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

TRIES = 41
PAUSE_SECONDS = 0.05

Result = TypeVar("Result")


def swap(fresh: Path, path: Path) -> None:
    """Put a finished file in the place of another in one step.

    Raises
    ------
    PermissionError
        when the other is held open for longer than two seconds; it stays as it was, and `fresh` is gone.
    """
    try:
        _patiently(lambda: fresh.replace(path))
    except PermissionError:
        let_go(fresh)
        raise


def read_text(path: Path) -> str:
    """The text of a file that a `swap` may be replacing right now."""
    return _patiently(lambda: path.read_text(encoding="utf-8"))


def stamp(path: Path) -> tuple[int, ...]:
    """What tells one state of a file from another without reading it: a `swap` changes it always."""
    found = _patiently(path.stat)
    return found.st_mtime_ns, found.st_size, found.st_ino


def remove(path: Path) -> None:
    """Delete a file that must go; one that is gone already is no trouble.

    Raises
    ------
    PermissionError
        when it is held open for longer than two seconds.
    """
    _patiently(lambda: path.unlink(missing_ok=True))


def let_go(path: Path) -> bool:
    """Delete a passing file; False when the system keeps it: the next tidying finds it."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _patiently(act: Callable[[], Result]) -> Result:
    for _ in range(TRIES - 1):
        try:
            return act()
        except PermissionError:
            time.sleep(PAUSE_SECONDS)
    return act()
