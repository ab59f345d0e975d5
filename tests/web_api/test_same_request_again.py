"""The same request again, by itself, beside itself and with another body: done once, answered alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from laoke.config.repairing import roll_back
from laoke.config.worker import run_job
from laoke.intake.models import ImportRun, SentBatch
from laoke.intake.sent import taking
from laoke.shops import jobs
from laoke.shops.models import Job, JobState, Upload
from tests.people import NOW, Demo
from tests.web_api.system import ORDER, System, stored, work

pytestmark = pytest.mark.django_db


def test_the_same_key_and_body_are_done_once_and_tell_how_far_it_is(system: System) -> None:
    rows = (ORDER, {**ORDER, "order_id": "ERP-2", "status": "?"})
    first = system.send("orders", *rows, key="a")
    again = system.send("orders", *rows, key="a")
    work()
    later = system.send("orders", *rows, key="a")

    assert [answer.status_code for answer in (first, again, later)] == [202, 202, 200]
    assert first.content == again.content
    assert (first.json()["state"], later.json()["state"]) == ("queued", "done")
    assert later.json() == system.ask(first.json()["batch"])
    assert {answer["Location"] for answer in (first, again, later)} == {first.json()["status_url"]}
    assert (
        Job.objects.filter(kind="import").count(),
        ImportRun.objects.filter(token=system.token).count(),
    ) == (1, 1)
    assert work() == []
    assert len(stored(system.shop, "order_lines", "order_id = 'ERP-1'")) == 2


def test_a_batch_that_was_taken_back_says_so_and_comes_again_under_another_key(
    demo: Demo, system: System
) -> None:
    told = system.taken("orders", ORDER, key="a")
    roll_back(demo.place, int(told["import"]), yes=False, by=demo.owner, now=NOW)

    again = system.send("orders", ORDER, key="a")

    assert (again.status_code, again.json()["state"]) == (200, "undone")
    assert work() == [] and stored(system.shop, "orders", "order_id = 'ERP-1'") == []
    assert system.taken("orders", ORDER, key="b")["state"] == "done"
    assert len(stored(system.shop, "orders", "order_id = 'ERP-1'")) == 1
    assert system.send("orders", ORDER, key="a").json()["state"] == "undone"


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_batch_of_which_nothing_came_says_so_when_it_is_sent_again(system: System, state: str) -> None:
    batch = system.send("orders", ORDER, key="a").json()["batch"]
    Job.objects.filter(batch=batch).update(state=state, error={"code": "broken"})

    again = system.send("orders", ORDER, key="a")

    assert (again.status_code, again.json()["state"]) == (200, state)
    assert "换一个 Idempotency-Key 再发" in again.json()["error"]["message"]
    assert work() == []


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("orders", {**ORDER, "total_cents": 1, "paid_cents": 1}),
        ("products", {"product_id": "P1", "stock": 1}),
    ],
    ids=["other body", "other kind"],
)
def test_the_same_key_for_something_else_is_refused_and_says_when_it_was_used(
    system: System, kind: str, row: dict[str, Any]
) -> None:
    system.send("orders", ORDER, key="a")
    answer = system.send(kind, row, key="a")
    assert (answer.status_code, answer.json()["code"]) == (422, "key_used")
    assert "换一个新的" in answer.json()["message"]
    assert SentBatch.objects.count() == 1


def test_a_refused_batch_does_not_use_its_key_up(system: System) -> None:
    assert system.send("orders", {**ORDER, "status": "?"}, key="a").status_code == 422
    assert system.send("orders", ORDER, key="a").status_code == 202


def test_a_key_is_known_to_every_token_of_the_shop(demo: Demo, system: System) -> None:
    first = system.send("orders", ORDER, key="a")
    assert System.of(demo).send("orders", ORDER, key="a").content == first.content


@pytest.mark.parametrize("key", ["", "a b", "键", "x" * 101, "a\tb"])
def test_a_key_must_be_one(system: System, key: str) -> None:
    answer = system.send("orders", ORDER, key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "key_wrong" if key else "key_missing")


def test_keys_are_forgotten_after_a_month_and_their_imports_stay(system: System) -> None:
    told = system.taken("orders", ORDER, key="a")
    waiting = system.send("orders", {**ORDER, "order_id": "ERP-2"}, key="b")

    assert taking.forget_batches(NOW + timedelta(days=29)) == 0
    assert taking.forget_batches(NOW + timedelta(days=31)) == 1
    assert list(SentBatch.objects.values_list("pk", flat=True)) == [int(waiting.json()["batch"])]
    assert ImportRun.objects.filter(pk=told["import"]).exists()


def test_a_worker_that_died_after_the_end_of_an_import_leaves_a_batch_that_is_done(system: System) -> None:
    batch = system.send("orders", ORDER).json()["batch"]
    work()
    # it had forgotten the upload, and not yet said that the job was done
    Job.objects.update(state=JobState.RUNNING, lease_until=NOW - timedelta(seconds=1))
    assert system.ask(batch)["state"] == "done"

    job = jobs.claim("another", NOW)
    assert job is not None
    run_job(job, lambda: NOW)

    job.refresh_from_db()
    assert (job.state, job.result["new"]) == (JobState.DONE, 2)
    assert system.ask(batch)["state"] == "done"


def test_a_job_whose_upload_is_gone_fails_and_says_so(system: System) -> None:
    batch = system.send("orders", ORDER).json()["batch"]
    Upload.objects.all().delete()
    [job] = work()
    assert (job.state, job.error["code"]) == (JobState.FAILED, "upload_gone")
    assert system.ask(batch)["error"]["message"].startswith("没做成，已有的数据没有变。")


def test_a_cancelled_batch_says_that_nothing_was_taken(system: System) -> None:
    batch = system.send("orders", ORDER).json()["batch"]
    assert jobs.cancel(Job.objects.latest("pk"), NOW)
    told = system.ask(batch)
    assert (told["state"], told["error"]["code"]) == ("cancelled", "cancelled")
