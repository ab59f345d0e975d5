"""Ratings, parcels and levels: what a row means, and what of it is left behind."""

from __future__ import annotations

from datetime import datetime

import pytest

from laoke.intake.top.others import Member, Rating, Trace, member_of, newest_levels, rating_of, traces_of
from laoke.intake.top.trades import RowUnreadable

RATED = {
    "tid": 9100000000000001000, "oid": 9100000000000001001, "num_iid": 620010000001, "result": "neutral",
    "created": "2026-10-30 21:05:09", "content": " 一般 ", "nick": "买**",
}  # fmt: skip


def test_a_rating_is_one_of_three_and_its_text_stands_apart() -> None:
    assert rating_of(RATED) == Rating(
        "9100000000000001000", "620010000001", 2, datetime(2026, 10, 30, 21, 5, 9), "一般"
    )
    assert [rating_of({**RATED, "result": one}).rating for one in ("good", "neutral", "bad")] == [3, 2, 1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"result": "great"}, "word_unknown"), ({"num_iid": None}, "id_missing"), ({"created": ""}, "time_missing"),
        ({"created": "2026-02-30 00:00:00"}, "time_impossible"),
    ],
)  # fmt: skip
def test_a_rating_that_cannot_be_read_says_why(change: dict[str, object], code: str) -> None:
    with pytest.raises(RowUnreadable) as unreadable:
        rating_of({**RATED, **change})
    assert unreadable.value.code == code


def test_steps_of_a_parcel_become_events_without_the_couriers_words() -> None:
    steps = [
        ("CONSIGN", "已发货", "2026-10-01 10:00:00"), ("GOT", "揽投员：张三 13800000000", "2026-10-01 12:00:00"),
        ("DEPARTURE", "", "2026-10-01 16:00:00"), ("SENT_CITY", "", "2026-10-02 08:00:00"),
        ("SENT_SCAN", "", "2026-10-02 09:00:00"), ("SIGNED", "签收人：李四", "2026-10-02 11:00:00"),
        ("OTHER", "包裹换了袋子", "2026-10-02 11:30:00"), ("", "快件已签收", "2026-10-02 12:00:00"),
        ("FAILED", "拒收", "soon"),
    ]  # fmt: skip
    answer = {
        "company_name": "中通快递", "out_sid": "78123",
        "trace_list": {"transit_step_info": [
            {"action": action, "status_desc": words, "status_time": at} for action, words, at in steps
        ]},
    }  # fmt: skip
    found = traces_of("91", answer)
    assert [one.kind for one in found] == [
        "shipped", "shipped", "in_transit", "arrived_city", "out_for_delivery", "signed", "signed",
    ]  # fmt: skip
    assert found[0] == Trace("91", datetime(2026, 10, 1, 10), "shipped", "中通快递", "78123")
    assert "张三" not in repr(found) and "李四" not in repr(found)
    assert traces_of("91", {"company_name": "中通快递"}) == []


def test_a_level_has_the_name_that_the_shop_gave_it() -> None:
    row = {"buyer_nick": "~x", "ouid": "OU1", "open_uid": "AA1", "grade": 2, "grade_name": "棉友"}
    assert member_of(row) == Member({"ouid": "OU1", "open_uid": "AA1"}, "棉友", None)
    assert member_of({**row, "grade_name": ""}).level == "高级会员"
    assert member_of({**row, "grade": 0}).level == ""
    assert member_of({"grade": 1, "buyer_nick": "~x"}).keys == {}
    told = [Member({"ouid": "1"}, "a"), Member({"ouid": "2"}, "b"), Member({"ouid": "1"}, "c")]
    assert [one.level for one in newest_levels(told)] == ["c", "b"]
