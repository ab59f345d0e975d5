"""The facts cannot be reached now: no damage, but nothing can be read or written until somebody acts.

Unavailable           `code` says why, `detail` names the particulars; callers say it in the user's language
├── EngineProblem     the engine that answers (engine_setting.py)
└── StorageProblem    the place where the tables lie (storage.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from laoke.warehouse.delta import WarehouseError


class Unavailable(WarehouseError):
    """Why the facts cannot be reached: one of the `CODES` of its class."""

    CODES: ClassVar[Mapping[str, str]] = {}

    def __init__(self, code: str, **detail: object) -> None:
        self.code, self.detail = code, detail
        super().__init__(self.CODES[code].format(**detail))
