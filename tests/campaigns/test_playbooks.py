"""Playbooks are read safely; a wrong file is refused by the name of the key that is wrong."""

from datetime import date, datetime
from importlib import resources

import pytest

from laoke.campaigns.moments import Moment
from laoke.campaigns.playbook import MOST_BYTES, playbook, playbook_names, read_playbook, with_days
from laoke.campaigns.refusals import PlaybookRefused
from laoke.dispatch.text.check import check_message
from laoke.dispatch.text.gateways import rules_of

DOUBLE11 = (resources.files("laoke.campaigns") / "playbooks" / "double11.toml").read_text(encoding="utf-8")


def refused(old: str, new: str) -> PlaybookRefused:
    assert old in DOUBLE11
    with pytest.raises(PlaybookRefused) as error:
        read_playbook(DOUBLE11.replace(old, new, 1).encode("utf-8"))
    return error.value


def test_double11_has_three_phases_fourteen_jobs_and_three_rounds():
    book = playbook("double11")

    assert playbook_names() == ("double11",)
    assert [phase.key for phase in book.phases] == ["warm_up", "day", "thanks"]
    assert [task.number for task in book.tasks] == list(range(1, 15))
    assert [(part.number, part.key) for part in book.rounds] == [
        (1, "1a"), (1, "1b"), (1, "1c"), (2, "2"), (3, "3"),
    ]  # fmt: skip
    assert len(book.offers) == 2


def test_every_job_says_who_does_it_what_shows_it_and_what_to_do_when_it_fails():
    for task in playbook("double11").tasks:
        assert task.role and task.evidence and task.if_it_fails and task.detail


@pytest.mark.parametrize("part", playbook("double11").rounds, ids=lambda part: part.key)
def test_the_texts_of_double11_may_be_sent(part):
    if part.channel == "sms":
        text = with_days(part.text, date(2026, 11, 11), date(2026, 11, 1))
        issues = check_message("半亩棉旗舰店", text, "marketing", rules_of("aliyun"))
        assert [issue.code for issue in issues if issue.severity == "error"] == []


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ('role = "warehouse"', 'role = "boss"', "tasks.stock.role", "只能是"),
        ('due = "D-14 18:00"', 'due = "soon"', "tasks.stock.due", "D-10 17:30"),
        ('after = ["goal"]', 'after = ["review"]', "tasks.offers.after", "review 不是写在前面的任务"),
        ('key = "1b"', 'key = "1a"', "rounds.1a", "出现了两次"),
        ('segment = "loyal"', 'segment = "vip"', "rounds.1b.segment", "没有人群 vip"),
        ('offer = "coupon"', 'offer = "gift"', "rounds.2.offer", "没有优惠 gift"),
        ('to = "D-6 20:00"', 'to = "D-11 20:00"', "rounds.1a.to", "结束要晚于开始"),
        ("holdout_percent = 10", "holdout_percent = 80", "holdout_percent", "不能大于 50"),
        ('theme = "老朋友先挑"', 'color = "red"', "color", "不认识这个键"),
        ('name = "预热"', "", "phases.warm_up.name", "缺了"),
        ("format = 1", "format = 2", "format", "只能是 1"),
    ],
)
def test_a_wrong_key_is_named(old, new, key, problem):
    error = refused(old, new)

    assert (error.code, error.params["key"]) == ("playbook_key", key)
    assert problem in error.params["problem"]
    assert key in error.message


def test_a_file_that_is_no_toml_or_too_large_is_refused():
    with pytest.raises(PlaybookRefused) as error:
        read_playbook(b"name = ")
    assert error.value.code == "playbook_not_toml"
    with pytest.raises(PlaybookRefused) as error:
        read_playbook(b"#" * (MOST_BYTES + 1))
    assert error.value.code == "playbook_too_large"
    with pytest.raises(PlaybookRefused) as error:
        read_playbook(b"a = " + b"[" * 50_000)
    assert error.value.code == "playbook_not_toml"


def test_an_unknown_playbook_lists_those_there_are():
    with pytest.raises(PlaybookRefused) as error:
        playbook("../double11")
    assert error.value.params["known"] == ["double11"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D-10 17:30", datetime(2026, 11, 1, 17, 30)),
        ("D 00:00", datetime(2026, 11, 11)),
        ("D+1 00:00", datetime(2026, 11, 12)),
    ],
)
def test_relative_times(text, expected):
    assert Moment.parse(text).on(date(2026, 11, 11)) == expected


@pytest.mark.parametrize("text", ["D-10", "D -1 10:00", "E-1 10:00", "D 24:00", "D-1000 10:00"])
def test_other_forms_of_times_are_refused(text):
    with pytest.raises(ValueError, match="时间要写成"):
        Moment.parse(text)
