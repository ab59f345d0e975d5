"""A call: what is answered, waited for, refused; and that the session stands nowhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from laoke.intake.top.call import Account, TopClient, TopTrouble, trouble_in
from laoke.intake.top.loopback import SESSION, Fault, LoopbackTop
from tests.top.platform import MovedClock, Sleeps, client_of, small_shop


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def platform(clock: MovedClock) -> Iterator[LoopbackTop]:
    with LoopbackTop(small_shop(trades=60), clock) as platform:
        yield platform


@pytest.mark.parametrize("sign_method", ["md5", "hmac", "hmac-sha256"])
def test_a_call_is_answered_whichever_way_it_is_signed(
    platform: LoopbackTop, clock: MovedClock, sign_method: str
) -> None:
    with client_of(platform, clock, sign_method=sign_method) as client:
        assert client.call("taobao.time.get") == {"time": "2026-10-31 10:00:00", "request_id": "loopback"}


def test_what_is_busy_or_away_is_asked_again_after_each_wait(
    platform: LoopbackTop, clock: MovedClock
) -> None:
    sleeps = Sleeps()
    platform.faults = [Fault("busy"), Fault("away"), Fault("unreadable")]
    with client_of(platform, clock, sleeps) as client:
        assert client.call("taobao.time.get")["time"] == "2026-10-31 10:00:00"
    assert sleeps.slept == [1.0, 3.0, 9.0]
    assert platform.calls["taobao.time.get"] == 4


@pytest.mark.parametrize(
    ("mode", "code"), [("reset", "ReadError"), ("http500", "HTTP 500"), ("unreadable", "unreadable")]
)
def test_what_stays_away_is_told_after_the_last_wait(
    platform: LoopbackTop, clock: MovedClock, mode: str, code: str
) -> None:
    sleeps = Sleeps()
    platform.faults = [Fault(mode, left=9)]
    with client_of(platform, clock, sleeps) as client, pytest.raises(TopTrouble) as trouble:
        client.call("taobao.time.get")
    assert (trouble.value.kind, trouble.value.code, sleeps.slept) == ("away", code, [1.0, 3.0, 9.0])


def test_a_timeout_is_asked_again(platform: LoopbackTop, clock: MovedClock) -> None:
    sleeps = Sleeps()
    platform.faults = [Fault("slow", seconds=0.4)]
    with client_of(platform, clock, sleeps) as client:
        client._http.timeout = 0.2
        assert client.call("taobao.time.get")["time"] == "2026-10-31 10:00:00"
    assert sleeps.slept == [1.0]


def test_nobody_at_the_address_is_trouble_that_may_pass(clock: MovedClock) -> None:
    account = Account("1", "s", "t", "http://127.0.0.1:9/router/rest")
    with TopClient(account, now=clock, sleep=Sleeps(), waits=()) as client:
        with pytest.raises(TopTrouble) as trouble:
            client.call("taobao.time.get")
    assert (trouble.value.kind, trouble.value.code, trouble.value.may_pass) == ("away", "ConnectError", True)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"secret": "another"}, "keys"),
        ({"app_key": "1"}, "keys"),
        ({"session": "another"}, "sign_in"),
    ],
)
def test_what_is_refused_is_not_asked_again(
    platform: LoopbackTop, clock: MovedClock, told: dict[str, str], kind: str
) -> None:
    sleeps = Sleeps()
    with client_of(platform, clock, sleeps, **told) as client, pytest.raises(TopTrouble) as trouble:
        client.call("taobao.time.get")
    assert (trouble.value.kind, sleeps.slept, sum(platform.calls.values())) == (kind, [], 1)


@pytest.mark.parametrize(("minutes", "refused"), [(9, False), (-9, False), (11, True), (-11, True)])
def test_a_clock_that_is_off_by_more_than_ten_minutes_is_told_as_such(
    platform: LoopbackTop, clock: MovedClock, minutes: int, refused: bool
) -> None:
    platform.skew = timedelta(minutes=minutes)
    with client_of(platform, clock) as client:
        if not refused:
            assert client.call("taobao.time.get")
            return
        with pytest.raises(TopTrouble) as trouble:
            client.call("taobao.time.get")
    assert trouble.value.kind == "clock"


def test_a_wrong_argument_is_refused_with_the_platforms_sentence(
    platform: LoopbackTop, clock: MovedClock
) -> None:
    two_days = {"start_modified": clock() - timedelta(days=2), "end_modified": clock(), "fields": "tid"}
    with client_of(platform, clock) as client, pytest.raises(TopTrouble) as trouble:
        client.call("taobao.trades.sold.increment.get", two_days)
    assert (trouble.value.kind, trouble.value.code, trouble.value.text) == (
        "refused", "41 isv.invalid-parameter", "参数end_modified无效",
    )  # fmt: skip


def test_a_ban_that_names_its_length_is_waited_out_when_short_and_told_when_long() -> None:
    def limited(sentence: str) -> TopTrouble:
        return trouble_in("m", {"code": 7, "msg": "App Call Limited", "sub_msg": sentence})

    assert limited("This ban will last for 12 more seconds").wait_seconds == 12.0
    assert limited("This ban will last for 34567 more seconds").wait_seconds == 34567.0
    assert limited("").wait_seconds == 0.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 15, "sub_code": "isp.call-limited"}, "busy"),
        ({"code": 15, "sub_code": "isp.unknown-error"}, "away"),
        ({"code": 15, "sub_code": "isv.trade-not-exist"}, "refused"),
        ({"code": 26, "msg": "Missing session"}, "sign_in"),
        ({"code": 12, "msg": "Insufficient user permissions"}, "permission"),
        ({"code": 25, "msg": "Invalid signature"}, "keys"),
        ({"code": "9", "msg": "Http action not allowed"}, "away"),
        ({}, "refused"),
    ],
)
def test_an_error_has_the_meaning_of_its_codes(error: dict[str, object], kind: str) -> None:
    assert trouble_in("m", error).kind == kind


def test_the_session_and_the_secret_stand_in_no_text(
    platform: LoopbackTop, clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    platform.faults = [Fault("reset", left=9)]
    with client_of(platform, clock) as client, pytest.raises(TopTrouble) as trouble:
        client.call("taobao.time.get")
    told = f"{trouble.value!r} {trouble.value.as_dict()} {client.account!r} {caplog.text}"
    assert SESSION not in told
    assert "loopback-secret" not in told
    assert "app_key='12345678'" in told
