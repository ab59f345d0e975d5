"""Nicks that a browser or a spreadsheet would run, from the file to pages and lists: they stay text."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from laoke.config.worker import run_job
from laoke.customers.models import VaultRecord
from laoke.customers.vault import open_contact
from laoke.intake.models import ImportRun
from laoke.shops import jobs
from tests.bad_input.files import HEADER, NICKS, csv_file, good
from tests.people import NOW, Demo

pytestmark = pytest.mark.django_db
FILE = "=cmd()|订单.csv"
MARKUP = "<img src=x"


@pytest.fixture
def client(demo: Demo) -> Client:
    """The owner's browser, after a file of five hostile buyers and two rows that are put aside came in."""
    table = good()
    for row, nick in zip(table[1:], NICKS, strict=True):
        row[HEADER.index("买家会员名")] = nick
    table.append(["21000000000000990", NICKS[0], "=1+1", *table[1][3:]])
    table.append(["21000000000000991", NICKS[1], "5.00", "5.00", MARKUP, *table[1][5:]])
    client = demo.client()
    file = SimpleUploadedFile(FILE, csv_file(table))
    card = client.post(reverse("import_new"), {"files": [file]}).url
    assert MARKUP not in client.get(card).content.decode()
    client.post(f"{card}start/", {})
    job = jobs.claim("tester", NOW)
    assert job is not None
    run_job(job, lambda: NOW)
    return client


def people() -> dict[str, int]:
    """The person of each hostile nick."""
    found = {}
    for record in VaultRecord.objects.select_related("customer").order_by("-pk")[: len(NICKS)]:
        found[open_contact(record).nick] = record.customer.person_id
    return found


def workbook_of(answer: HttpResponse, folder: Path) -> list[list[openpyxl.cell.Cell]]:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    (folder / "list.xlsx").write_bytes(body)
    return [list(row) for row in openpyxl.load_workbook(folder / "list.xlsx").active.iter_rows()]


def test_they_are_kept_as_they_stand(client: Client) -> None:
    assert set(people()) == set(NICKS)
    assert ImportRun.objects.get(file_name=FILE).counts["quarantined"] == 2


def test_pages_show_them_as_text(client: Client) -> None:
    run = ImportRun.objects.get(file_name=FILE)
    pages = [reverse("customers"), reverse("imports"), reverse("import_result", args=[run.pk])]
    pages += [reverse("customer", args=[person]) for person in people().values()]
    for url in [*pages, reverse("import_rows", args=[run.pk])]:
        page = client.get(url).content.decode()
        assert MARKUP not in page, url
    assert escape(f"“订单状态”是“{MARKUP}”") in client.get(pages[2]).content.decode()
    for nick, person in people().items():
        shown = client.post(reverse("customer_contact", args=[person]), {"field": "nick"})
        assert escape(nick) in shown.content.decode()


def test_the_list_of_customers_is_safe_to_open(client: Client, tmp_path: Path) -> None:
    rows = workbook_of(client.get(reverse("customers_export") + "?sort=-last"), tmp_path)
    numbers = {str(person) for person in people().values()}
    names = {str(row[1].value) for row in rows if str(row[0].value) in numbers}
    assert names == {"=**)", "<**>", "旺**二", "@**)", "+**花"}
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "d"}


def test_the_lists_of_imports_and_of_rows_are_safe_to_open(client: Client, tmp_path: Path) -> None:
    run = ImportRun.objects.get(file_name=FILE)
    for url in (reverse("imports"), reverse("import_rows", args=[run.pk])):
        rows = workbook_of(client.get(url + "?export=xlsx"), tmp_path)
        assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "d"}
    told = [str(row[1].value) for row in rows]
    assert told[1].startswith("“总金额”是“=1+1”") and told[2].startswith(f"“订单状态”是“{MARKUP}”")


def test_the_rows_put_aside_are_safe_to_open(client: Client) -> None:
    run = ImportRun.objects.get(file_name=FILE)
    answer = client.post(reverse("import_quarantine", args=[run.pk]))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[0] == HEADER
    assert [row[1:3] for row in rows[1:]] == [[f"'{NICKS[0]}", "'=1+1"], [NICKS[1], "5.00"]]
    assert not [cell for row in rows for cell in row if re.match(r"[=+\-@\t\r]", cell)]
