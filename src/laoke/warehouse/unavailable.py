"""What went wrong in the warehouse, and the part of it that is no damage: the facts cannot be reached now.

WarehouseError            cannot do what was asked; the message says why
└── Unavailable           nothing can be read or written until somebody acts; said in the user's language
    ├── EngineProblem     the engine that answers (engine_setting.py)
    ├── TooLong           a query was ended because it took too long (limits.py)
    ├── Replaced          a query was ended because it was asked anew (limits.py)
    └── StorageProblem    the place where the tables lie (storage.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class WarehouseError(Exception):
    """The warehouse cannot do what was asked; the message says why."""


class Unavailable(WarehouseError):
    """Why the facts cannot be reached: `code` is one of the `CODES` of its class, `detail` names the particulars."""

    CODES: ClassVar[Mapping[str, str]] = {}

    def __init__(self, code: str, **detail: object) -> None:
        self.code, self.detail = code, detail
        super().__init__(self.CODES[code].format(**detail))
