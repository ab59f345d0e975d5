"""The clear files of hand-over lists end; what they were stays, and a list can be written again while lawful."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from laoke.customers import consent
from laoke.dispatch import erasing, handover, list_files
from laoke.dispatch.handover import file_path, hand_over, import_results, write_again
from laoke.dispatch.list_files import forget_due, forget_strays, may_be_written_again, paths_of
from laoke.dispatch.models import HandoverFile, Message, Occasion
from laoke.dispatch.occasions import OccasionRefused
from laoke.shops.models import AuditEvent
from tests.dispatch.rounds import Reach
from tests.dispatch.test_handover import listed  # noqa: F401

WEEK = timedelta(days=7)


@pytest.fixture
def file(reach: Reach, listed: Occasion) -> HandoverFile:  # noqa: F811
    (made,) = hand_over(listed, by=reach.owner, now=reach.clock.now())
    return made


def nicks(file: HandoverFile) -> list[str]:
    return [
        row[1] for row in CalamineWorkbook.from_path(str(file_path(file))).get_sheet_by_index(0).to_python()
    ][1:]


def fresh(file: HandoverFile) -> HandoverFile:
    return HandoverFile.objects.select_related("occasion__shop").get(pk=file.pk)


def result(file: HandoverFile, folder: Path) -> Path:
    first = Message.objects.filter(occasion=file.occasion).order_by("pk").first()
    assert first is not None
    path = folder / "result.csv"
    path.write_text(f"编号,发送状态\n{first.pk},发送成功\n", encoding="utf-8")
    return path


def test_a_list_stays_for_a_week_and_not_longer(reach: Reach, file: HandoverFile) -> None:
    now = reach.clock.now()
    assert forget_due(now + WEEK - timedelta(seconds=1)) == 0
    paths = paths_of(file)
    assert all(path.is_file() for path in paths)

    assert forget_due(now + WEEK) == 1

    kept = fresh(file)
    assert not any(path.exists() for path in paths)
    assert (kept.path, kept.forgotten_at) == ("", now + WEEK)
    assert (kept.number, kept.people, kept.sha256) == (1, 5, file.sha256)
    event = AuditEvent.objects.get(act="handover.forget")
    assert (event.subject, event.count, event.detail) == (
        f"{file.occasion_id}-1", 5, {"sha256": file.sha256},
    )  # fmt: skip
    assert forget_due(now + 2 * WEEK) == 0


def test_the_shop_says_for_how_many_days(reach: Reach, file: HandoverFile) -> None:
    reach.shop.settings["handover_days"] = 2
    reach.shop.save()
    assert forget_due(reach.clock.now() + timedelta(days=1)) == 0
    assert forget_due(reach.clock.now() + timedelta(days=2)) == 1


def test_results_end_a_list_at_once(reach: Reach, file: HandoverFile, tmp_path: Path) -> None:
    paths = paths_of(file)
    import_results(file.occasion, result(file, tmp_path), by=reach.owner, now=reach.clock.now())
    assert not any(path.exists() for path in paths)
    assert fresh(file).forgotten_at == reach.clock.now()


def test_a_file_that_is_open_elsewhere_is_tried_again(
    reach: Reach, file: HandoverFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, table = paths_of(file)
    unlink = Path.unlink

    def held(path: Path, missing_ok: bool = False) -> None:
        if path == book:
            raise PermissionError(13, "in use", str(path))
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as windows:
        windows.setattr(Path, "unlink", held)
        counts = import_results(file.occasion, result(file, tmp_path), by=reach.owner, now=reach.clock.now())
    assert counts["delivered"] == 1, "the results count, whatever becomes of the file"
    assert (book.exists(), table.exists()) == (True, False)
    assert fresh(file).forgotten_at is None
    assert [one.pk for one in list_files.due(reach.clock.now())] == [file.pk]

    assert forget_due(reach.clock.now() + timedelta(hours=1)) == 1
    assert not book.exists()


def test_a_forgotten_list_is_written_again_for_those_still_open(reach: Reach, file: HandoverFile) -> None:
    before, now = nicks(file), reach.clock.now()
    reach.shop.settings["handover_days"] = 0
    reach.shop.save()
    forget_due(now)
    first = Message.objects.order_by("pk")[0]
    Message.objects.filter(pk=first.pk).update(state="delivered")
    consent.opt_out(reach.shop, "handover", now=now, source="service", person_id=5_000_001)
    assert may_be_written_again(fresh(file), now)

    again = write_again(fresh(file), by=reach.owner, now=now)

    assert nicks(again) == before[2:]
    assert (again.number, again.people, again.forgotten_at, again.written_at) == (1, 5, None, now)
    event = AuditEvent.objects.get(act="handover.again")
    assert (event.count, event.detail["sha256"]) == (3, again.sha256)


def test_a_list_that_is_there_is_not_written_again(reach: Reach, file: HandoverFile) -> None:
    assert write_again(file, by=reach.owner, now=reach.clock.now()).sha256 == file.sha256
    assert not may_be_written_again(file, reach.clock.now())
    assert not AuditEvent.objects.filter(act="handover.again").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"not_after": "past"}, "list_over"),
        ({"state": "cancelled"}, "list_over"),
        ({"messages": "delivered"}, "list_settled"),
    ],
)
def test_what_is_over_or_settled_is_not_written_again(
    reach: Reach, file: HandoverFile, change: dict[str, str], code: str
) -> None:
    now = reach.clock.now()
    forget_due(now + WEEK)
    occasion = Occasion.objects.filter(pk=file.occasion_id)
    if "not_after" in change:
        occasion.update(not_after=now - timedelta(minutes=1))
    elif "state" in change:
        occasion.update(state="cancelled")
    else:
        Message.objects.update(state="delivered")
    assert not may_be_written_again(fresh(file), now)
    with pytest.raises(OccasionRefused, match=code):
        write_again(fresh(file), by=reach.owner, now=now)
    assert fresh(file).path == "" and not AuditEvent.objects.filter(act="handover.again").exists()


def test_erasing_somebody_ends_their_lists_and_the_others_can_go_on(
    reach: Reach, file: HandoverFile, django_capture_on_commit_callbacks: object
) -> None:
    paths, now = paths_of(file), reach.clock.now()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        erasing.wipe([5_000_001], now)
    assert not any(path.exists() for path in paths)
    assert fresh(file).forgotten_at == now


def test_somebody_erased_while_their_list_is_written_is_not_left_in_it(
    reach: Reach,
    listed: Occasion,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = reach.clock.now()
    monkeypatch.setattr(handover, "passing", lambda name: erasing.wipe([5_000_001], now))
    (made,) = hand_over(listed, by=reach.owner, now=now)
    written = paths_of(made)
    assert fresh(made).forget_asked_at == now
    assert forget_due(now) == 1
    assert not any(path.exists() for path in written)
    assert fresh(made).forgotten_at == now


def test_files_that_no_list_names_go_after_a_day(reach: Reach, file: HandoverFile) -> None:
    folder = file_path(file).parent
    for name in ("list-9-001.xlsx", "list-9-002.csv.part"):
        (folder / name).write_bytes(b"names")
        os.utime(folder / name, (1_000_000, 1_000_000))
    os.utime(file_path(file), (1_000_000, 1_000_000))
    assert forget_strays(1_000_000 + list_files.STRAY_SECONDS) == 0
    assert forget_strays(1_000_001 + list_files.STRAY_SECONDS) == 2
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths_of(file))
