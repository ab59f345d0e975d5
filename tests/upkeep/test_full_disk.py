"""A full disk is told as such, whichever library found it first."""

from __future__ import annotations

import errno

import pytest

from laoke.config import pipelines
from laoke.config.worker import run_job
from laoke.shops import jobs
from laoke.shops.full_disk import is_disk_full
from laoke.shops.models import Job, JobState
from laoke.web.pages.imports.progress import failure_text
from tests.people import NOW, Demo

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),
        RuntimeError("database or disk is full"),
        RuntimeError('could not extend file "base/1/2": No space left on device'),
        OSError("Generic LocalFileSystem error: There is not enough space on the disk. (os error 112)"),
    ],
)
def test_the_words_of_every_library_are_known_alone_and_behind_another_error(error: Exception) -> None:
    assert is_disk_full(error)
    behind = ValueError("import failed")
    behind.__cause__ = error
    assert is_disk_full(behind)


def test_other_faults_are_not_taken_for_it_and_a_circle_of_errors_ends() -> None:
    first, second = OSError(errno.EACCES, "Permission denied"), KeyError("space")
    first.__context__, second.__context__ = second, first
    assert not is_disk_full(first)
    assert not is_disk_full(None)


def test_a_job_that_found_no_room_says_so(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(pipelines.JOBS, "features", full)
    jobs.queue("features", shop=demo.shop, now=NOW, by=None)
    job = jobs.claim("tester", NOW)
    assert job is not None
    run_job(job, lambda: NOW)

    told = Job.objects.get(pk=job.pk)
    assert (told.state, told.error["code"]) == (JobState.FAILED, "disk_full")
    assert failure_text(told) == "磁盘满了，没做成，已有的数据没有变。腾出地方，再试一次。"
