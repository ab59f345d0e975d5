"""The lease of a job: kept while its work goes on, lost when its worker is gone."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from laoke.shops import jobs
from laoke.shops.setup import add_shop

NOW = datetime(2026, 11, 9, 9, 40)
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_that_says_nothing_for_long_keeps_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(milliseconds=300))
    jobs.queue("features", shop=add_shop("小店", now=NOW), now=NOW)
    job = jobs.claim("first", NOW)
    assert job is not None
    later = NOW + timedelta(seconds=10)

    with jobs.held(job, lambda: later):
        deadline = time.monotonic() + 20
        while job.lease_until != later + jobs.LEASE and time.monotonic() < deadline:
            time.sleep(0.05)
            job.refresh_from_db()
        assert jobs.claim("second", NOW + timedelta(seconds=5)) is None

    assert job.worker == "first"
    taken = jobs.claim("second", later + timedelta(seconds=1))
    assert taken is not None and (taken.pk, taken.worker) == (job.pk, "second")


def test_whoever_took_a_job_over_keeps_it_from_its_former_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(milliseconds=300))
    jobs.queue("features", shop=add_shop("小店", now=NOW), now=NOW)
    former = jobs.claim("first", NOW)
    second = jobs.claim("second", NOW + timedelta(seconds=1))
    assert former is not None and second is not None

    with jobs.held(former, lambda: NOW + timedelta(days=1)):
        time.sleep(0.5)

    second.refresh_from_db()
    assert (second.worker, second.lease_until) == ("second", NOW + timedelta(seconds=1) + jobs.LEASE)
    assert not jobs.finish(former, "done", NOW)


def test_the_same_work_is_queued_once_until_it_is_over() -> None:
    shop = add_shop("小店", now=NOW)
    first = jobs.queue_once("undo_import", shop=shop, now=NOW, also={"seen": 1}, **{"import": 7})
    again = jobs.queue_once("undo_import", shop=shop, now=NOW, also={"seen": 2}, **{"import": 7})
    other = jobs.queue_once("undo_import", shop=shop, now=NOW, **{"import": 8})
    elsewhere = jobs.queue_once("undo_import", shop=add_shop("别家", now=NOW), now=NOW, **{"import": 7})

    assert again == first and again.params == {"import": 7, "seen": 1}
    assert len({first.pk, other.pk, elsewhere.pk}) == 3
    assert jobs.under_way("undo_import", shop=shop) == other
    jobs.cancel(first, NOW)
    assert jobs.queue_once("undo_import", shop=shop, now=NOW, **{"import": 7}).pk > elsewhere.pk
