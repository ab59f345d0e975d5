"""Lists for the platform's own tool: numbered, hashed, safe to open, and their results read back."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from laoke.customers import consent
from laoke.customers.models import Customer
from laoke.customers.vault import Contact, store_contacts
from laoke.dispatch import occasions
from laoke.dispatch.handover import file_path, hand_over, import_results
from laoke.dispatch.models import HandoverFile, Message, Occasion
from laoke.dispatch.planning import PlannedPerson
from laoke.shops.models import AuditEvent
from laoke.shops.sheets import write_csv, write_xlsx
from tests.dispatch.rounds import Reach, give_consent, phone, states


@pytest.fixture
def listed(reach: Reach, home: Path) -> Occasion:
    """Five people with nicks; the first has a hostile one."""
    ids = [5_000_000 + n for n in range(5)]
    now = reach.clock.now()
    Customer.objects.bulk_create(
        [Customer(pk=i, owner_id=reach.shop.owner_id, person_id=i, created_at=now) for i in ids]
    )
    nicks = ['=HYPERLINK("http://x","y")', "小圆🌸", "+12", "阿里", "@me"]
    store_contacts(
        reach.shop,
        [
            Contact(i, nick=nick, ouid=f"OU{i}", phone=phone(i % 100))
            for i, nick in zip(ids, nicks, strict=True)
        ],
    )
    give_consent(reach, "handover")
    return reach.occasion([PlannedPerson(i, i) for i in ids], channel="handover", gateway=None)


def build(reach: Reach, occasion: Occasion, **options: Any) -> list[HandoverFile]:
    return hand_over(occasion, by=reach.owner, now=reach.clock.now(), **options)


def test_the_people_are_split_numbered_and_hashed(reach: Reach, listed: Occasion) -> None:
    files = build(reach, listed, max_rows=2)
    assert [(file.number, file.people) for file in files] == [(1, 2), (2, 2), (3, 1)]
    for file in files:
        assert hashlib.sha256(file_path(file).read_bytes()).hexdigest() == file.sha256
    assert states(listed) == {"handed_over": 5}
    assert Occasion.objects.get(pk=listed.pk).state == "finished"
    acts = AuditEvent.objects.filter(act="handover.list").values_list("count", flat=True)
    assert list(acts) == [2, 2, 1]


def test_hostile_nicks_stay_text_in_both_files(reach: Reach, listed: Occasion) -> None:
    (file,) = build(reach, listed)
    sheet = CalamineWorkbook.from_path(str(file_path(file))).get_sheet_by_index(0).to_python()
    assert sheet[0] == ["编号", "旺旺昵称", "买家加密标识", "手机号"]
    assert [row[1] for row in sheet[1:]] == ['=HYPERLINK("http://x","y")', "小圆🌸", "+12", "阿里", "@me"]
    with file_path(file, as_csv=True).open(encoding="utf-8-sig", newline="") as lines:
        cells = [row[1] for row in csv.reader(lines)][1:]
    assert cells == ['\'=HYPERLINK("http://x","y")', "小圆🌸", "'+12", "阿里", "'@me"]


def test_numbers_are_masked_unless_asked_for(reach: Reach, listed: Occasion) -> None:
    (file,) = build(reach, listed)
    sheet = CalamineWorkbook.from_path(str(file_path(file))).get_sheet_by_index(0).to_python()
    assert sheet[1][3] == "100 **** **00"
    other = reach.occasion([PlannedPerson(5_000_000)], channel="handover", gateway=None, is_marketing=False)
    (clear,) = build(reach, other, with_phone=True)
    sheet = CalamineWorkbook.from_path(str(file_path(clear))).get_sheet_by_index(0).to_python()
    assert sheet[1][3] == phone(0)


def test_who_refused_meanwhile_is_on_no_list(reach: Reach, listed: Occasion) -> None:
    consent.opt_out(reach.shop, "handover", now=reach.clock.now(), source="service", person_id=5_000_001)
    (file,) = build(reach, listed)
    assert file.people == 4
    assert states(listed) == {"handed_over": 4, "suppressed": 1}


def test_building_again_makes_no_second_list(reach: Reach, listed: Occasion) -> None:
    build(reach, listed)
    with pytest.raises(occasions.OccasionRefused, match="not_running"):
        build(reach, listed)
    assert HandoverFile.objects.count() == 1


def test_a_list_cut_short_is_written_when_asked_again(
    reach: Reach, listed: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    from laoke.dispatch import handover

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(handover, "_write_list", die)
        with pytest.raises(KeyboardInterrupt):
            build(reach, listed)
    assert HandoverFile.objects.get().sha256 == ""
    (file,) = build(reach, listed)
    assert (file.people, len(file.sha256)) == (5, 64)


def test_results_are_matched_by_number_nick_or_id(reach: Reach, listed: Occasion, tmp_path: Path) -> None:
    build(reach, listed)
    first = Message.objects.order_by("pk").first()
    assert first is not None
    path = tmp_path / "result.csv"
    path.write_text(
        "编号,旺旺昵称,买家加密标识,发送状态\n"
        f"{first.pk},,,发送成功\n"
        ",小圆🌸,,未送达\n"
        ",,OU5000002,已送达\n"
        ",阿里,,排队\n"
        ",没有这个人,,成功\n",
        encoding="utf-8",
    )
    counts = import_results(listed, path, by=reach.owner, now=reach.clock.now())
    assert counts == {
        "rows": 5, "delivered": 2, "undelivered": 1, "no_verdict": 1, "not_found": 1, "unchanged": 0,
    }  # fmt: skip
    assert states(listed) == {"delivered": 2, "undelivered": 1, "handed_over": 2}
    again = import_results(listed, path, by=reach.owner, now=reach.clock.now())
    assert (again["delivered"], again["undelivered"], again["unchanged"]) == (0, 0, 3)


def test_a_result_without_status_says_what_was_found(reach: Reach, listed: Occasion, tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    path.write_text("旺旺昵称,备注\n小圆,好\n阿里,好\n", encoding="utf-8")
    with pytest.raises(occasions.OccasionRefused) as refusal:
        import_results(listed, path, by=reach.owner, now=reach.clock.now())
    assert refusal.value.params == {"missing": "status", "found": ["旺旺昵称", "备注"]}


def test_long_ids_stay_whole_and_numbers_stay_numbers(tmp_path: Path) -> None:
    written = write_xlsx(tmp_path / "a.xlsx", ["id", "n"], [[1234567890123456789, 12], ["001", 1.5]])
    sheet = CalamineWorkbook.from_path(str(written.path)).get_sheet_by_index(0).to_python()
    assert sheet[1:] == [["1234567890123456789", 12.0], ["001", 1.5]]
    text = write_csv(tmp_path / "a.csv", ["=x"], [["\tx"], [None], [-3]]).path.read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["'=x", "'\tx", '""', "-3"]
