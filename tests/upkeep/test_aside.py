"""A count that takes minutes goes on beside the worker's turns, and is given back when the worker ends."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from laoke.config import pipelines
from laoke.config.worker import Worker
from laoke.shops import jobs
from laoke.shops.models import Job, JobState, Shop
from laoke.shops.setup import add_shop
from laoke.warehouse.engine import Reader
from tests.people import NOW
from tests.warehouse.test_limits import ENDLESS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(home: Path) -> Shop:
    return add_shop("书店", now=NOW)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What happened, in order: a worker that counts without an end, and has one other kind of job and one turn."""
    happened: list[str] = []

    def counts(job: Job, *_: Any) -> dict[str, Any]:
        happened.append(f"count {job.params['segment']}")
        Reader(tmp_path, {}, engine=None).answer(ENDLESS, {"seven": 3})
        return {}

    def sends(worker: Worker) -> bool:
        happened.append("send")
        return False

    def imports(*_: Any) -> dict[str, Any]:
        happened.append("import")
        return {}

    monkeypatch.setattr(pipelines, "JOBS", {"segment_count": counts, "import": imports})
    monkeypatch.setattr(pipelines, "TICKS", [pipelines.Tick("send", 0.0, sends)])
    return happened


def states() -> list[tuple[str, str]]:
    return list(Job.objects.order_by("pk").values_list("kind", "state"))


def until(told: list[str], word: str) -> None:
    for _ in range(200):
        if word in told:
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"{word} was not begun: {told}")


def test_turns_and_other_jobs_do_not_wait_for_a_count(shop: Shop, told: list[str]) -> None:
    for number in (1, 2):
        jobs.queue("segment_count", shop=shop, now=NOW, segment=number)
    jobs.queue("import", shop=shop, now=NOW)
    worker = Worker("w", lambda: NOW)
    assert worker.turn()
    until(told, "count 1")
    assert worker.turn(), "the import is taken"
    assert not worker.turn(), "the second count waits for the first"
    assert sorted(told) == ["count 1", "import", "send", "send", "send"]
    assert states() == [
        ("segment_count", JobState.RUNNING), ("segment_count", JobState.QUEUED), ("import", JobState.DONE),
    ]  # fmt: skip
    worker.close()
    assert states()[0] == ("segment_count", JobState.QUEUED), "given back as the worker ends"
    assert jobs.claim("next", NOW) == Job.objects.order_by("pk").first()


def test_a_worker_that_works_once_ends_with_its_counts_made(
    shop: Shop, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def counts(job: Job, *_: Any) -> dict[str, Any]:
        told.append(f"count {job.params['segment']}")
        threading.Event().wait(0.2)
        return {"n": job.params["segment"]}

    monkeypatch.setitem(pipelines.JOBS, "segment_count", counts)
    monkeypatch.setattr(Worker, "_stop_on_signals", lambda self: None)
    for number in (1, 2):
        jobs.queue("segment_count", shop=shop, now=NOW, segment=number)
    worker = Worker("w", lambda: NOW)
    worker.run(once=True)
    assert [one for one in told if one != "send"] == ["count 1", "count 2"]
    assert [job.result for job in Job.objects.order_by("pk")] == [{"n": 1}, {"n": 2}]


def test_a_job_that_another_worker_took_over_is_not_given_back(shop: Shop) -> None:
    jobs.queue("segment_count", shop=shop, now=NOW, segment=1)
    mine = jobs.claim("w", NOW)
    assert mine is not None
    Job.objects.update(lease_token=mine.lease_token + 1, worker="other")
    assert not jobs.give_back(mine)
    assert Job.objects.get().worker == "other"
