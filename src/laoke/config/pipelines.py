"""What follows what: which function does a job, what comes after an import, what a worker does every few seconds.

Nothing lower calls upward; the order of things is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import OperationalError

from laoke.shops.jobs import Progress
from laoke.shops.locks import WriterBusy
from laoke.shops.models import Job

if TYPE_CHECKING:
    from laoke.config.worker import Worker


class Refused(Exception):
    """A job that could not be done, with its reason as code and parameters."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "params": self.params}


JobFunction = Callable[[Job, Progress, Callable[[], datetime]], dict[str, Any]]


@dataclass(frozen=True)
class Tick:
    """Something a worker does every few seconds; `run` returns True when there was work."""

    name: str
    seconds: float
    run: Callable[[Worker], bool]


# Trouble that passes by itself: the database is busy, another writer holds the warehouse.
EXPECTED_TROUBLE: tuple[type[Exception], ...] = (OperationalError, WriterBusy)

JOBS: dict[str, JobFunction] = {}
TICKS: list[Tick] = []
