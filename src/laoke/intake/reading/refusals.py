"""Why a whole file is refused, and the limits a file is held to.

    IntakeRefused        the file cannot be read as it is; the code names the reason, the params its particulars
    └── ReadingStopped   the reader was asked to stop; nothing is wrong with the file

The Chinese sentence for each code lives in `messages.py`; this module knows neither Django nor language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KIB = 1024
MIB = 1024 * KIB


def storable(value: Any) -> Any:
    """A value quoted from a file as every ledger can hold it: PostgreSQL's JSON knows neither NUL nor half a character
    pair. A NUL is shown as ␀, half a pair as a question mark; lists, tuples and dicts are gone through."""
    if isinstance(value, str):
        return value.replace("\x00", "␀").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [storable(one) for one in value]
    if isinstance(value, dict):
        return {storable(name): storable(one) for name, one in value.items()}
    return value


class IntakeRefused(Exception):
    """A file that is refused as a whole: `code` is stable, `params` fill its message."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = {name: storable(value) for name, value in params.items()}

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code}({details})"


class ReadingStopped(IntakeRefused):
    """The caller's `cancelled` answered yes; no further batch is given."""

    def __init__(self) -> None:
        super().__init__("reading_stopped")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost. Sizes are bytes, times are seconds.

    `plain_bytes` is the size up to which the plain Python path is used, so that a small file never waits for
    the compiler. `sheet_*` hold for Excel files, which are read in a child process. A batch ends where the
    buffer or `batch_rows` does; 8 MB of buffer were measured 24 % faster than 32 MB on rows of 430 bytes, because the
    columns of a batch then stay in the processor's cache.
    """

    cell_bytes: int = 64 * KIB
    plain_bytes: int = 2 * MIB
    buffer_bytes: int = 8 * MIB
    batch_rows: int = 65_536
    sheet_bytes: int = 768 * MIB
    sheet_ratio: int = 300
    sheet_seconds: float = 300.0
    sheet_memory: int = 2048 * MIB
    gzip_ratio: int = 1000
    part_bytes: int = 64 * MIB


DEFAULT_LIMITS = Limits()
