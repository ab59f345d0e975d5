"""Telling a full disk from other faults: every library says it in its own way."""

from __future__ import annotations

import errno

DISK_FULL = "disk_full"
# As deltalake, DuckDB and PostgreSQL quote the system, SQLite's own words, and Windows' number for it.
_WORDS = ("no space left on device", "disk is full", "not enough space on the disk", "os error 112")


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one behind it, says that there is no room left."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and (
            error.errno == errno.ENOSPC or getattr(error, "winerror", 0) == 112
        ):
            return True
        if any(word in str(error).lower() for word in _WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
