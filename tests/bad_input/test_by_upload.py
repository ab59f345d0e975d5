"""Bad files by upload: each gets its message where the operator looks, nothing is half imported, no traceback reaches a
user."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from laoke.config.worker import run_job
from laoke.intake.models import ImportRun, ImportState
from laoke.shops import jobs
from laoke.shops.models import Job, JobState, Upload
from tests.bad_input.files import REFUSED, TAKEN, BadFile, stores_of
from tests.people import NOW, Demo

pytestmark = pytest.mark.django_db


def page_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    text = answer.content.decode()
    assert "Traceback" not in text
    return text


def chosen(client: Client, file: BadFile) -> str:
    """The address of the card of an uploaded file."""
    answer = client.post(reverse("import_new"), {"files": [SimpleUploadedFile(file.name, file.make())]})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.url)


def started(client: Client, card: str) -> str:
    """The address where the import is watched; its work is done."""
    running = client.post(f"{card}start/", {})
    job = jobs.claim("tester", NOW)
    assert job is not None
    run_job(job, lambda: NOW)
    return str(running.url)


def cases(seen: str) -> list[BadFile]:
    return [file for file in REFUSED if file.seen == seen]


@pytest.mark.parametrize("file", cases("field"), ids=str)
def test_an_empty_file_is_refused_at_the_field(demo: Demo, file: BadFile) -> None:
    before = stores_of(demo.shop)
    answer = demo.client().post(
        reverse("import_new"), {"files": [SimpleUploadedFile(file.name, file.make())]}
    )
    assert answer.status_code == 422
    assert "订单.csv 是空的，换一个有数据的文件" in answer.content.decode()
    assert (stores_of(demo.shop), Upload.objects.count()) == (before, 0)


@pytest.mark.parametrize("file", cases("card"), ids=str)
def test_a_file_is_refused_on_its_card_and_cannot_be_started(demo: Demo, file: BadFile) -> None:
    before, client = stores_of(demo.shop), demo.client()
    card = chosen(client, file)
    page = page_of(client, card)
    assert escape(file.refused) in page
    assert "还不能导" in page
    assert "start/" not in page
    refused = client.post(f"{card}start/", {}, follow=True)
    assert "没有可以导入的文件" in refused.content.decode()
    assert not Job.objects.filter(kind="import").exists()
    assert not ImportRun.objects.filter(file_name=file.name).exists()
    assert stores_of(demo.shop) == before


@pytest.mark.parametrize("file", cases("run"), ids=str)
def test_a_file_that_only_reading_shows_bad_is_refused_where_it_ran(demo: Demo, file: BadFile) -> None:
    before, client = stores_of(demo.shop), demo.client()
    running = started(client, chosen(client, file))
    assert Job.objects.get(kind="import").state == JobState.FAILED
    run = ImportRun.objects.get(file_name=file.name)
    assert run.state == ImportState.REFUSED
    for url in (running, reverse("import_result", args=[run.pk]), reverse("imports") + "?state=refused"):
        assert escape(file.refused) in page_of(client, url)
    result = page_of(client, reverse("import_result", args=[run.pk]))
    assert "没有导入" in result and "文件没有导入，已有的数据没有变" in result
    assert stores_of(demo.shop) == before


@pytest.mark.parametrize("file", TAKEN, ids=str)
def test_the_rest_of_a_file_is_taken_and_a_bad_row_is_on_the_result(
    demo: Demo, no_features: None, file: BadFile
) -> None:
    before, client = stores_of(demo.shop), demo.client()
    card = chosen(client, file)
    assert "认出来了" in page_of(client, card)
    started(client, card)
    run = ImportRun.objects.get(file_name=file.name)
    result = page_of(client, reverse("import_result", args=[run.pk]))
    assert "导入完成，全部对得上" in result
    for line, sentence in file.put_aside:
        assert escape(sentence) in result
        assert f"如第 {line} 行" in result
        assert escape(sentence) in page_of(client, reverse("import_rows", args=[run.pk]))
    assert [run.counts[n] for n in ("read", "accepted", "quarantined", "unchanged", "ignored")] == [
        5, file.accepted, len(file.put_aside), 0, file.ignored,
    ]  # fmt: skip
    after = stores_of(demo.shop)
    assert (after.orders - before.orders, after.put_aside) == (file.accepted, len(file.put_aside))
    assert (after.staged, Upload.objects.count()) == (0, 0)
