"""Long work as rows: queued, claimed by a lease, with progress that people see and a cancel that they can press."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q

from laoke.shops.models import Job, JobState, Shop, User

LEASE = timedelta(seconds=60)
PROGRESS_SECONDS = 0.5


class JobCancelled(Exception):
    """Someone asked to cancel; what the job had not made visible is left out."""


def queue(kind: str, *, shop: Shop, now: datetime, by: User | None = None, **params: Any) -> Job:
    """Put work into the queue; a worker takes it up within a second."""
    return Job.objects.create(kind=kind, shop=shop, params=params, created_by=by, created_at=now)


def under_way(kind: str, *, shop: Shop | None = None, **same: Any) -> Job | None:
    """The newest job of this kind that waits or runs, of any shop when none is named, with these parameters."""
    found = Job.objects.filter(kind=kind, state__in=(JobState.QUEUED, JobState.RUNNING))
    if shop is not None:
        found = found.filter(shop=shop)
    return found.filter(**{f"params__{name}": value for name, value in same.items()}).order_by("-pk").first()


def queue_once(
    kind: str, *, shop: Shop, now: datetime, by: User | None = None, also: dict[str, Any] | None = None, **same: Any
) -> Job:  # fmt: skip
    """`queue`, unless the same work waits or runs already: then that job. `also` holds parameters that do not tell
    one piece of work from another."""
    with transaction.atomic():
        Shop.objects.select_for_update().get(pk=shop.pk)  # two clicks at once come one after the other
        known = under_way(kind, shop=shop, **same)
        return known or queue(kind, shop=shop, now=now, by=by, **same, **(also or {}))


def claim(worker: str, now: datetime, kinds: list[str] | None = None) -> Job | None:
    """Take the oldest job that waits or whose worker went away. A conditional update decides between two workers."""
    open_jobs = Job.objects.filter(
        Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    ).order_by("created_at", "pk")
    if kinds is not None:
        open_jobs = open_jobs.filter(kind__in=kinds)
    for job in open_jobs[:5]:
        taken = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=job.state).update(
            state=JobState.RUNNING,
            worker=worker,
            lease_token=F("lease_token") + 1,
            lease_until=now + LEASE,
            started_at=job.started_at or now,
        )
        if taken:
            return Job.objects.get(pk=job.pk)
    return None


def give_back(job: Job) -> bool:
    """Let go of a job that was begun and has changed nothing: whoever claims next begins it anew. False when another
    worker has taken it over meanwhile."""
    mine = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=JobState.RUNNING)
    return bool(mine.update(state=JobState.QUEUED, worker="", lease_until=None))


def cancel(job: Job, now: datetime) -> bool:
    """Ask for an end. A queued job ends at once; a running one at its next step. False when it is over already."""
    if Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(state=JobState.CANCELLED, finished_at=now):
        return True
    return bool(Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(cancel_requested=True))


class Progress:
    """A running job's voice: `step` writes progress at most twice a second and raises when cancel was asked for."""

    def __init__(self, job: Job, clock: Callable[[], datetime]) -> None:
        self.job, self._clock, self._last = job, clock, 0.0

    def step(self, done: int, total: int, note: str = "", *, force: bool = False) -> None:
        if not force and time.monotonic() - self._last < PROGRESS_SECONDS:
            return
        self._last = time.monotonic()
        kept = Job.objects.filter(pk=self.job.pk, lease_token=self.job.lease_token)
        kept.update(done=done, total=total, note=note[:200], lease_until=self._clock() + LEASE)
        if kept.filter(cancel_requested=True).exists():
            raise JobCancelled(self.job.pk)

    def cancelled(self) -> bool:
        return Job.objects.filter(pk=self.job.pk, cancel_requested=True).exists()


@contextmanager
def held(job: Job, clock: Callable[[], datetime]) -> Iterator[None]:
    """Keep a job's lease for as long as the block runs, also where it says nothing for minutes (one long query)."""
    over = Event()

    def renew() -> None:
        while not over.wait(LEASE.total_seconds() / 3):
            mine = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=JobState.RUNNING)
            # A busy database has not lost the lease: the next turn tries again.
            with suppress(OperationalError):
                mine.update(lease_until=clock() + LEASE)
            connection.close()

    keeper = Thread(target=renew, name=f"lease-{job.pk}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def keep_result(job: Job, result: dict[str, Any]) -> None:
    """Write down what a running job made, in the transaction that makes it: a worker that takes the job over after a
    crash finds it and makes nothing twice.

    Raises
    ------
    JobCancelled
        when somebody asked for an end, or another worker has taken the job over; the transaction is then to be undone.
    """
    mine = Job.objects.filter(
        pk=job.pk, lease_token=job.lease_token, state=JobState.RUNNING, cancel_requested=False
    )
    if not mine.update(result=result):
        raise JobCancelled(job.pk)


def finish(
    job: Job,
    state: str,
    now: datetime,
    *,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> bool:
    """End a job; False when another worker has taken it over meanwhile."""
    return bool(
        Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=JobState.RUNNING).update(
            state=state,
            finished_at=now,
            result=result or {},
            error=error or {},
            lease_until=None,
        )
    )
