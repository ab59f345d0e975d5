"""Hours: what is refused when a round is planned, what is proposed instead, and when a message may go next."""

from datetime import datetime, time, timedelta

import pytest

from laoke.dispatch.text.hours import Override, check_window, hours_of, next_allowed
from laoke.dispatch.text.issues import Severity, error
from laoke.dispatch.text.window import Window

SIGNED = Override("owner", "双11前夜最后一轮")


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute)


def codes(issues):
    return [issue.code for issue in issues]


def test_the_third_round_of_the_playbook_is_moved_to_before_eight():
    found = check_window("marketing", at(10, 20), at(10, 22), hours_of("aliyun"))
    assert found == [
        error(
            "outside_hours",
            kind="marketing",
            gateway="aliyun",
            window="08:00–20:00",
            start=at(10, 20),
            end=at(10, 22),
            proposed_start=at(10, 18),
            proposed_end=at(10, 20),
            override_possible=False,
        )
    ]


def test_a_gateway_open_until_ten_takes_it_with_a_signature():
    tencent = hours_of("tencent")
    [refusal] = check_window("marketing", at(10, 20), at(10, 22), tencent)
    assert refusal.code == "outside_hours" and refusal.params["override_possible"] is True
    [signed] = check_window("marketing", at(10, 20), at(10, 22), tencent, SIGNED)
    assert (signed.code, signed.severity) == ("late_by_override", Severity.WARNING)


def test_nobody_signs_for_hours_the_gateway_does_not_have():
    assert codes(check_window("marketing", at(10, 20), at(10, 22), hours_of("aliyun"), SIGNED)) == [
        "outside_hours"
    ]
    assert codes(check_window("marketing", at(10, 20), at(10, 22, 30), hours_of("tencent"), SIGNED)) == [
        "outside_hours"
    ]


@pytest.mark.parametrize(
    ("override", "code"),
    [(Override("service", "急"), "override_role"), (Override("owner", "  "), "override_reason")],
)
def test_a_signature_needs_a_role_and_a_reason(override, code):
    found = check_window("marketing", at(10, 20), at(10, 22), hours_of("tencent"), override)
    assert codes(found) == [code, "outside_hours"]


@pytest.mark.parametrize(
    ("gateway", "last"), [("aliyun", 20), ("qiniu", 20), ("tencent", 20), ("unknown", 20)]
)
def test_eight_to_eight_is_always_fine(gateway, last):
    assert check_window("marketing", at(1, 8), at(1, last), hours_of(gateway)) == []


@pytest.mark.parametrize(
    ("start", "end", "proposed"),
    [
        (at(1, 6), at(1, 7), (at(1, 8), at(1, 9))),
        (at(1, 19), at(1, 21), (at(1, 18), at(1, 20))),
        (at(1, 22), at(1, 23), (at(1, 19), at(1, 20))),
        (at(1, 7), at(1, 23), (at(1, 8), at(1, 20))),
    ],
)
def test_the_proposal_keeps_the_length_and_the_day(start, end, proposed):
    [issue] = check_window("marketing", start, end, hours_of("aliyun"))
    assert (issue.params["proposed_start"], issue.params["proposed_end"]) == proposed


def test_a_round_of_several_days_rests_outside_the_hours():
    [issue] = check_window("marketing", at(1, 7), at(5, 21), hours_of("aliyun"))
    assert (issue.code, issue.severity) == ("pauses_outside_hours", Severity.NOTE)


def test_a_round_through_the_night_alone_is_refused():
    assert codes(check_window("marketing", at(1, 21), at(2, 7), hours_of("aliyun"))) == ["outside_hours"]
    assert codes(check_window("marketing", at(1, 21), at(2, 9), hours_of("aliyun"))) == [
        "pauses_outside_hours"
    ]


def test_a_window_that_ends_before_it_starts_is_refused():
    assert codes(check_window("marketing", at(2, 9), at(2, 9), hours_of("aliyun"))) == ["window_empty"]


def test_the_accounts_own_hours_narrow_the_gateways():
    early = hours_of("aliyun", account=Window.of(time(9), time(12)))
    assert codes(check_window("marketing", at(1, 8), at(1, 12), early)) == ["outside_hours"]
    never = hours_of("aliyun", account=Window.of(time(21), time(0)))
    assert codes(check_window("marketing", at(1, 10), at(1, 11), never)) == ["no_hours"]
    assert next_allowed(at(1, 10), "marketing", never) is None


def test_a_shop_may_open_until_nine_and_no_later():
    late = hours_of("tencent", shop=Window.of(time(8), time(21)))
    assert check_window("marketing", at(1, 20), at(1, 21), late) == []
    with pytest.raises(ValueError, match="21:00 at the latest"):
        hours_of("tencent", shop=Window.of(time(8), time(21, 30)))


@pytest.mark.parametrize(
    ("now", "kind", "expected"),
    [
        (at(1, 7, 59), "marketing", at(1, 8)),
        (at(1, 8), "marketing", at(1, 8)),
        (at(1, 19, 59), "marketing", at(1, 19, 59)),
        (at(1, 20), "marketing", at(2, 8)),
        (at(1, 20), "notice", at(1, 20)),
        (at(1, 22), "notice", at(2, 8)),
        (at(30, 23), "notice", datetime(2026, 12, 1, 8)),
    ],
)
def test_the_next_moment_at_which_it_may_go(now, kind, expected):
    assert next_allowed(now, kind, hours_of("aliyun")) == expected


def test_a_parcel_in_a_locker_does_not_wait_for_the_morning():
    assert next_allowed(at(1, 23), "notice", hours_of("aliyun"), urgent=True) == at(1, 23)
    assert next_allowed(at(1, 23), "marketing", hours_of("aliyun"), urgent=True) == at(2, 8)


def test_a_signature_moves_the_next_moment():
    assert next_allowed(at(1, 21, 59), "marketing", hours_of("tencent"), SIGNED) == at(1, 21, 59)
    assert next_allowed(at(1, 21, 59), "marketing", hours_of("tencent")) == at(2, 8)


def test_whatever_is_proposed_is_allowed():
    hours = hours_of("aliyun")
    for quarter in range(96):
        start = at(1, 0) + timedelta(minutes=15 * quarter)
        for issue in check_window("marketing", start, start + timedelta(hours=2), hours):
            if issue.code == "outside_hours":
                first, last = issue.params["proposed_start"], issue.params["proposed_end"]
                assert check_window("marketing", first, last, hours) == []


def test_an_empty_window_cannot_be_made():
    with pytest.raises(ValueError, match="not empty"):
        Window(600, 600)
