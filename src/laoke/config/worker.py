"""The worker: takes jobs from the queue and does the regular rounds (mirrors, sending, receipts), one after the other;
a job that only counts goes on beside them (`aside.py`).

Any number of workers may run; every step they take is claimed by a conditional update, so two of them never do the
same thing twice.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog
from django.db import close_old_connections

from laoke.config import pipelines
from laoke.config.aside import Aside
from laoke.config.ending import on_ending
from laoke.shops import jobs
from laoke.shops.clock import live_now
from laoke.shops.full_disk import DISK_FULL, is_disk_full
from laoke.shops.models import Job, JobState
from laoke.shops.unavailable_words import as_error
from laoke.warehouse.limits import Replaced
from laoke.warehouse.storage import reaching_tables
from laoke.warehouse.unavailable import Unavailable

# Plain tracebacks: the usual ones print the values of variables too, and those hold buyers and secrets.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(),
    ]
)
log = structlog.get_logger("laoke.worker")

IDLE_SECONDS = 0.3


class Kept(Protocol):
    """Something that is open between turns."""

    def close(self) -> None: ...


class Worker:
    """One worker process."""

    def __init__(self, name: str | None = None, clock: Callable[[], datetime] | None = None) -> None:
        self.name = name or f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(3)}"
        self.clock = clock or live_now
        self._stopping = False
        self._next: dict[str, float] = {}
        # What a tick keeps open from one turn to the next, by its name.
        self.kept: dict[str, Kept] = {}
        self._aside = Aside(self.name)

    def run(self, *, once: bool = False) -> None:
        """Work until stopped; with `once` until there is nothing left to do now."""
        self._stop_on_signals()
        try:
            while not self._stopping:
                close_old_connections()
                worked = self.turn(all_ticks=once)
                if once and not worked and not self._aside.wait():
                    return
                if not worked:
                    time.sleep(IDLE_SECONDS)
        finally:
            self.close()

    def close(self) -> None:
        """Give back what is done beside the turns, and close what is open between them."""
        self._aside.close()
        for kept in self.kept.values():
            kept.close()

    def turn(self, *, all_ticks: bool = False) -> bool:
        """One job and every tick that is due; True when anything was done."""
        worked = self._one_job()
        for tick in pipelines.TICKS:
            if not all_ticks and time.monotonic() < self._next.get(tick.name, 0.0):
                continue
            self._next[tick.name] = time.monotonic() + tick.seconds
            try:
                with reaching_tables():
                    worked = bool(tick.run(self)) or worked
            except pipelines.EXPECTED_TROUBLE as error:
                # Trouble of one tick (a gateway away, a lock held) must not stop the others; it is tried again.
                log.warning(
                    "tick failed", tick=tick.name, error=type(error).__name__, detail=str(error)[:200]
                )
            except Exception:
                # A fault in one of them must not stop the sending of every shop.
                log.exception("tick broken", tick=tick.name)
        return worked

    def stopping(self) -> bool:
        return self._stopping

    def _one_job(self) -> bool:
        busy = self._aside.busy()
        kinds = [kind for kind in pipelines.JOBS if not (busy and kind in pipelines.ASIDE)]
        job = jobs.claim(self.name, self.clock(), kinds)
        if job is None:
            return False
        if job.kind in pipelines.ASIDE:
            self._aside.take(lambda: run_job(job, self.clock))
        else:
            run_job(job, self.clock)
        return True

    def _stop_on_signals(self) -> None:
        def stop() -> None:
            self._stopping = True

        on_ending(stop)


def run_job(job: Job, clock: Callable[[], datetime]) -> None:
    """Do one claimed job and write down how it ended; a refusal is an end, not a crash."""
    progress = jobs.Progress(job, clock)
    try:
        with jobs.held(job, clock), reaching_tables():
            result = pipelines.JOBS[job.kind](job, progress, clock)
    except jobs.JobCancelled:
        jobs.finish(job, JobState.CANCELLED, clock())
    except pipelines.Refused as refusal:
        jobs.finish(job, JobState.FAILED, clock(), error=refusal.as_dict())
    except Replaced:
        # The worker ends: the next one begins it anew.
        jobs.give_back(job)
    except Unavailable as problem:
        # The cluster or the storage is away: known trouble with its sentence, no stack.
        log.warning("job failed", job=job.pk, kind=job.kind, detail=str(problem))
        jobs.finish(job, JobState.FAILED, clock(), error=as_error(problem))
    except Exception as error:
        log.exception("job failed", job=job.pk, kind=job.kind)
        code = DISK_FULL if is_disk_full(error) else "broken"
        jobs.finish(job, JobState.FAILED, clock(), error={"code": code, "error": type(error).__name__})
    else:
        jobs.finish(job, JobState.DONE, clock(), result=result)
