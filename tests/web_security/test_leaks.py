"""What leaves the house, what stays on disk in clear, and what is written down of people."""

from __future__ import annotations

import csv
import io
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from laoke.config.serve import serve
from laoke.intake.loading import quarantine
from laoke.intake.models import ImportRun
from laoke.intake.reading.batches import QuarantinedRow as PutAside
from laoke.intake.reading.cells import tidy
from laoke.shops.place import Place
from laoke.shops.sheets import safe_cell
from laoke.shops.uploads import forget_leftovers
from tests.people import Demo

HOSTILE = [
    '=HYPERLINK("http://evil")',
    "@SUM(1)",
    "-5.00",
    "+8613800138000",
    '="4000012345678901"',
    "小明，好",
    "",
]


def _quoted(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return out.getvalue()


def _run_with(demo: Demo, raw: str, **params: str) -> ImportRun:
    run = ImportRun.objects.create(
        shop=demo.shop, file_name="a.csv", file_sha256="0" * 64, file_size=1, created_at=demo.now,
        detail={"header": ["=1+1", "b"]},
    )  # fmt: skip
    quarantine.put_aside(run, [PutAside(2, "money_unreadable", params, 0, raw, True)], demo.now.date())
    return run


def test_a_quarantine_download_runs_nothing_and_reads_back_the_same(demo: Demo) -> None:
    run = _run_with(demo, _quoted(HOSTILE))
    header, row = csv.reader(io.StringIO(quarantine.as_csv(run, actor=demo.owner, now=demo.now)))
    assert header[0] == "'=1+1"
    assert [cell for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
    assert [tidy(cell) for cell in row] == [tidy(cell) for cell in HOSTILE]


def test_a_row_that_no_quote_closes_is_kept_whole_and_runs_nothing(demo: Demo) -> None:
    run = _run_with(demo, '=cmd,"open,1')
    _header, row = csv.reader(io.StringIO(quarantine.as_csv(run, actor=demo.owner, now=demo.now)))
    assert row == ["'=cmd,\"open,1"]


def test_the_reason_of_a_row_shows_no_number_and_no_address(demo: Demo) -> None:
    run = _run_with(demo, "x", column="总金额", found="13800138000 a.b@example.com")
    kept = run.quarantined.get()
    assert kept.params["column"] == "总金额"
    assert "13800138000" not in kept.params["found"]
    assert "a.b@" not in kept.params["found"]


@pytest.mark.parametrize("cell", ["＝1+1", "＋1", "－1", "＠x"])
def test_full_width_signs_run_nothing_either(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


def test_a_failed_job_prints_no_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    import laoke.config.worker

    phone = "13800138000"
    try:
        raise ValueError(len(phone))
    except ValueError:
        laoke.config.worker.log.exception("job failed", job=1)
    said = "".join(capsys.readouterr())
    assert "ValueError" in said
    assert phone not in said.replace(f'phone = "{phone}"', "")
    assert structlog.is_configured()


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
def test_a_new_home_is_its_owners_alone(tmp_path: Path) -> None:
    place = Place(tmp_path / "home")
    place.make()
    folders = (place.home, place.keys.parent, place.warehouse, place.uploads, place.exports, place.logs)
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_what_a_killed_process_left_in_clear_is_deleted_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    unpacked = tmp_path / "laoke-sheet-ab.csv"
    unpacked.write_text("names", encoding="utf-8")
    staging, exports = tmp_path / "staging", tmp_path / "exports"
    left, importing, lists = staging / "upload-7-ab", staging / "0af1-12", exports / "handover-3"
    for folder in (left, importing, lists):
        folder.mkdir(parents=True)
    (left / "file.csv").write_text("x", encoding="utf-8")
    fresh, old = exports / "customers-new.xlsx", exports / "customers-old.xlsx"
    for file in (fresh, old):
        file.write_bytes(b"x")
    now = time.time()
    for path in (left, importing, lists, old, unpacked):
        os.utime(path, (now - 90_000, now - 90_000))
    assert forget_leftovers(staging, exports, now) == 3
    assert not unpacked.exists()
    assert sorted(path.name for path in (*staging.iterdir(), *exports.iterdir())) == [
        "0af1-12", "customers-new.xlsx", "handover-3",
    ]  # fmt: skip


def test_erasing_forgets_lists_and_reports(demo: Demo, django_capture_on_commit_callbacks: object) -> None:
    from laoke.dispatch.erasing import wipe
    from laoke.dispatch.gateways import make_loopback_gateway
    from laoke.dispatch.models import HandoverFile, Message, Occasion, ProviderEvent

    occasion = Occasion.objects.create(
        shop=demo.shop, kind="round", name="名单", channel="handover", state="running", not_before=demo.now,
        not_after=demo.now + timedelta(days=1), created_at=demo.now,
    )  # fmt: skip
    message = Message.objects.create(
        occasion=occasion, person_id=77, state="handed_over", due_at=demo.now, list_number=1
    )
    folder = demo.place.exports / "lists"
    folder.mkdir(parents=True)
    written = [folder / "list.xlsx", folder / "list.csv"]
    for file in written:
        file.write_bytes(b"x")
    HandoverFile.objects.create(
        occasion=occasion, number=1, people=1, created_at=demo.now, path="lists/list.xlsx", sha256="0" * 64
    )
    event = ProviderEvent.objects.create(
        gateway=make_loopback_gateway(demo.shop, now=demo.now), kind="receipt", event_key="k", sealed=b"x", key_id="v",
        received_at=demo.now, applied_at=demo.now, message_id=message.pk,
    )  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        wipe([77], demo.now)
    assert [file for file in written if file.exists()] == []
    assert bytes(ProviderEvent.objects.get(pk=event.pk).sealed) == b""


def test_no_page_stays_in_a_browser_and_no_address_goes_to_another_site(demo: Demo) -> None:
    page = demo.client().get("/", follow=True)
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "same-origin"
    missing = demo.client().get("/customers/", {"q": "13800138000", "after": "x"})
    assert missing["Cache-Control"] == "no-store"


def test_what_was_searched_for_is_in_no_log(demo: Demo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    client = demo.client()
    for address in ("/customers/", "/nowhere/", "/account/logout/"):
        client.get(address, {"q": "13800138000"})
    assert "Not Found: /nowhere/" in caplog.text  # what failed is told, by its path alone
    assert "13800138000" not in caplog.text


def test_the_server_keeps_no_log_of_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    class Server:
        def __init__(self, **given: object) -> None:
            asked.update(given)

        def serve(self) -> None:
            pass

    monkeypatch.setattr("granian.server.Server", Server)
    serve("127.0.0.1", 0)
    assert asked["log_access"] is False
