"""The official SDK against the loopback gateway over real HTTP: what each ending of a call is worth."""

from __future__ import annotations

import socket
import threading
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from laoke.dispatch.channels import CHANNELS, channel
from laoke.dispatch.channels.aliyun import signing
from laoke.dispatch.channels.aliyun.adapter import AliyunSms
from laoke.dispatch.channels.aliyun.loopback import LoopbackAliyun
from laoke.dispatch.channels.aliyun.loopback_state import LoopbackConfig
from laoke.dispatch.channels.base import ChannelSettingsError, Outcome, QueryResult, Recipient, days_to_ask
from tests.channels.gateways import (
    ACCESS_KEY,
    NOON,
    SECRET,
    TEXT,
    adapter_for,
    control,
    gateway_at_noon,
    own_page,
    phone,
    request_to,
)

DAY = date(2018, 10, 31)


@pytest.fixture
def gateway() -> Iterator[LoopbackAliyun]:
    with gateway_at_noon(LoopbackConfig(known_templates={"SMS_1": TEXT})) as running:
        yield running


def sent(gateway: LoopbackAliyun, *numbers: int, **changes: Any) -> Outcome:
    """The common outcome of one call to these numbers."""
    outcomes = adapter_for(gateway).send(request_to(*numbers, **changes)).outcomes
    assert set(outcomes) == {f"a{number}" for number in numbers}
    assert len(set(outcomes.values())) == 1
    return outcomes[f"a{numbers[0]}"]


def asked(gateway: LoopbackAliyun, number: int, out_id: str = "call-1", day: date = DAY) -> QueryResult:
    return adapter_for(gateway).query(Recipient("a", phone(number)), day, out_id)


def test_one_number_is_accepted_with_the_text_as_the_phone_shows_it(gateway: LoopbackAliyun) -> None:
    outcome = sent(gateway, 1)
    assert outcome.kind == "accepted"
    (message,) = own_page(gateway, "_messages")["messages"]
    assert message["content"] == "【老客书店】客户1，双十一满300减40，拒收请回复R"
    assert (message["biz_id"], message["out_id"]) == (outcome.provider_id, "call-1")


def test_a_batch_gets_one_provider_id_and_each_number_its_own_text(gateway: LoopbackAliyun) -> None:
    outcome = sent(gateway, *range(100))
    assert outcome.kind == "accepted"
    messages = own_page(gateway, "_messages")["messages"]
    assert {message["biz_id"] for message in messages} == {outcome.provider_id}
    assert [message["content"][:10] for message in messages[:2]] == [
        "【老客书店】客户0，",
        "【老客书店】客户1，",
    ]
    assert own_page(gateway, "_count") == {phone(number): 1 for number in range(100)}


def test_a_batch_above_a_hundred_is_refused_before_anything_is_sent(gateway: LoopbackAliyun) -> None:
    with pytest.raises(ChannelSettingsError):
        adapter_for(gateway).send(request_to(*range(101)))
    assert own_page(gateway, "_count") == {}


def test_an_old_rpc_v1_client_is_understood_and_its_repetition_refused(gateway: LoopbackAliyun) -> None:
    pairs = [
        ("AccessKeyId", ACCESS_KEY),
        ("Action", "SendSms"),
        ("Format", "JSON"),
        ("PhoneNumbers", phone(7)),
        ("SignName", "老客书店"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", str(uuid.uuid4())),
        ("SignatureType", ""),
        ("SignatureVersion", "1.0"),
        ("TemplateCode", "SMS_1"),
        ("TemplateParam", '{"name":"客户7"}'),
        ("Timestamp", datetime.now(UTC).strftime(signing.TIME_FORMAT)),
        ("Version", "2017-05-25"),
    ]
    pairs.append(("Signature", signing.rpc_v1_signature("GET", pairs, SECRET)))
    url = f"http://{gateway.endpoint}/?{urllib.parse.urlencode(pairs)}"
    with urllib.request.urlopen(url, timeout=5) as response:
        assert b'"Code": "OK"' in response.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, timeout=5)
    with refused.value as error:
        assert b"SignatureNonceUsed" in error.read()
    assert own_page(gateway, "_count") == {phone(7): 1}


def test_a_wrong_secret_stops_the_account(gateway: LoopbackAliyun) -> None:
    outcome = adapter_for(gateway, secret="wrong").send(request_to(1)).outcomes["a1"]
    assert (outcome.kind, outcome.code) == ("stop_account", "SignatureDoesNotMatch")


def test_an_unknown_key_stops_the_account(gateway: LoopbackAliyun) -> None:
    outcome = adapter_for(gateway, access_key="nobody").send(request_to(1)).outcomes["a1"]
    assert (outcome.kind, outcome.code) == ("stop_account", "InvalidAccessKeyId.NotFound")


def test_a_clock_that_is_16_minutes_wrong_stops_the_account() -> None:
    wrong = gateway_at_noon(wall=lambda: datetime.now(UTC).timestamp() + 16 * 60)
    with wrong as gateway:
        outcome = sent(gateway, 1)
    assert (outcome.kind, outcome.code) == ("stop_account", "InvalidTimeStamp.Expired")


@pytest.mark.parametrize(
    ("code", "message", "kind", "wait"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", "not_accepted_retry", 60.0),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", "not_accepted_retry", 3600.0),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", "not_accepted_retry", 86400.0),
        ("Throttling.User", "", "not_accepted_retry", 5.0),
        ("isv.AMOUNT_NOT_ENOUGH", "", "stop_account", None),
        ("isv.DAY_LIMIT_CONTROL", "", "stop_account", None),
        ("isv.SMS_SIGNATURE_ILLEGAL", "", "stop_account", None),
        ("isv.BLACK_KEY_CONTROL_LIMIT", "", "rejected", None),
        ("isp.SYSTEM_ERROR", "", "unknown", None),
        ("isv.NEVER_HEARD_OF", "", "unknown", None),
    ],
)
def test_a_complete_answer_means_what_the_table_says(
    gateway: LoopbackAliyun, code: str, message: str, kind: str, wait: float | None
) -> None:
    control(gateway, {"fail": {"mode": "code", "code": code, "message": message}})
    outcome = sent(gateway, 1)
    assert (outcome.kind, outcome.code, outcome.retry_after_s) == (kind, code, wait)
    assert own_page(gateway, "_count") == {}


def test_a_bad_number_alone_is_a_dead_contact(gateway: LoopbackAliyun) -> None:
    request = request_to(1, recipients=(Recipient("a1", "13800000000", {"name": "客户"}),))
    outcome = adapter_for(gateway).send(request).outcomes["a1"]
    assert (outcome.kind, outcome.permanent, outcome.dead_contact) == ("rejected", True, True)


def test_a_bad_number_in_a_batch_sends_nobody_and_asks_for_single_calls(gateway: LoopbackAliyun) -> None:
    people = (Recipient("a1", phone(1), {"name": "客户"}), Recipient("a2", "13800000000", {"name": "客户"}))
    outcomes = adapter_for(gateway).send(request_to(1, recipients=people)).outcomes
    assert [(o.kind, o.alone, o.retry_after_s) for o in outcomes.values()] == [
        ("not_accepted_retry", True, 0.0)
    ] * 2
    assert own_page(gateway, "_count") == {}


def test_a_malformed_number_never_leaves_and_does_not_hold_up_the_others(gateway: LoopbackAliyun) -> None:
    people = (Recipient("a1", phone(1), {"name": "客户"}), Recipient("a2", "138****0000", {"name": "客户"}))
    outcomes = adapter_for(gateway).send(request_to(1, recipients=people)).outcomes
    assert {attempt: outcome.kind for attempt, outcome in outcomes.items()} == {
        "a1": "accepted",
        "a2": "rejected",
    }


def test_a_missing_variable_is_refused_for_that_person_only(gateway: LoopbackAliyun) -> None:
    outcome = adapter_for(gateway).send(request_to(1, recipients=(Recipient("a1", phone(1)),))).outcomes["a1"]
    assert (outcome.kind, outcome.code, outcome.dead_contact) == (
        "rejected",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        False,
    )


def test_one_message_more_than_a_number_may_get_in_a_day_waits_a_day() -> None:
    with gateway_at_noon(LoopbackConfig(per_number_day_limit=1)) as gateway:
        assert sent(gateway, 1).kind == "accepted"
        outcome = sent(gateway, 1, out_id="call-2")
    assert (outcome.code, outcome.retry_after_s) == ("isv.BUSINESS_LIMIT_CONTROL", 86400.0)


def test_an_account_without_balance_stops_and_takes_nobody() -> None:
    with gateway_at_noon(LoopbackConfig(balance=3)) as gateway:
        assert sent(gateway, 1, 2).kind == "accepted"
        outcome = sent(gateway, 3, 4, out_id="call-2")
        assert own_page(gateway, "_count") == {phone(1): 1, phone(2): 1}
    assert (outcome.kind, outcome.code) == ("stop_account", "isv.AMOUNT_NOT_ENOUGH")


@pytest.mark.parametrize(
    ("mode", "taken"),
    [
        ("lost_after_accept", True),
        ("unreadable", True),
        ("reset_before_read", False),
        ("http500", False),
        ("redirect", False),
    ],
)
def test_a_call_without_a_readable_answer_is_unknown_and_is_not_repeated(
    gateway: LoopbackAliyun, mode: str, taken: bool
) -> None:
    control(gateway, {"fail": {"mode": mode}})
    assert sent(gateway, 1).kind == "unknown"
    assert own_page(gateway, "_count") == ({phone(1): 1} if taken else {})
    assert asked(gateway, 1).answer == ("found" if taken else "not_found")


def test_a_redirect_is_not_followed(gateway: LoopbackAliyun) -> None:
    control(gateway, {"fail": {"mode": "redirect"}})
    assert "HTTP 307" in sent(gateway, 1).message


def test_an_answer_after_the_timeout_is_unknown_then_found(gateway: LoopbackAliyun) -> None:
    control(gateway, {"fail": {"mode": "slow", "seconds": 0.6}})
    outcome = adapter_for(gateway, read_timeout_s=0.2).send(request_to(1)).outcomes["a1"]
    assert outcome.kind == "unknown"
    assert asked(gateway, 1).answer == "found"


def test_a_call_that_would_be_taken_too_late_is_never_taken() -> None:
    config = LoopbackConfig(accept_within_s=0.5)
    with gateway_at_noon(config) as gateway:
        control(gateway, {"fail": {"mode": "accept_late", "seconds": 3.0}})
        assert adapter_for(gateway, read_timeout_s=0.2).send(request_to(1)).outcomes["a1"].kind == "unknown"
        threading.Event().wait(config.absence_proof_after_s + 0.7)
        assert asked(gateway, 1).answer == "not_found"
        assert own_page(gateway, "_count") == {}


def test_a_closed_port_is_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{unused.getsockname()[1]}"
    outcome = AliyunSms(ACCESS_KEY, SECRET, endpoint).send(request_to(1)).outcomes["a1"]
    assert outcome.kind == "not_sent"


def test_a_lost_call_is_not_called_unsent_because_an_earlier_one_was(gateway: LoopbackAliyun) -> None:
    control(gateway, {"fail": {"mode": "lost_after_accept"}})
    try:
        raise ConnectionRefusedError("an earlier call")
    except ConnectionRefusedError:
        assert sent(gateway, 1).kind == "unknown"


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    gateway: LoopbackAliyun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert sent(gateway, 1).kind == "accepted"


def test_a_message_is_findable_after_the_lag_only() -> None:
    now = [datetime.now(UTC).timestamp()]
    with gateway_at_noon(
        LoopbackConfig(query_lag_s=30.0, results={"MK:0001": 1.0}), wall=lambda: now[0]
    ) as gateway:
        sent(gateway, 1)
        assert asked(gateway, 1) == QueryResult("not_found")
        now[0] += 31.0
        found = asked(gateway, 1)
    assert (found.answer, found.status, found.reason) == ("found", "undelivered", "failed_invalid_number")
    assert found.dead_contact


def test_a_waiting_message_is_found_as_accepted() -> None:
    with gateway_at_noon(LoopbackConfig(report_delay_s=100.0)) as gateway:
        sent(gateway, 1)
        assert asked(gateway, 1) == QueryResult("found", "accepted")


def test_the_answer_is_searched_on_all_pages() -> None:
    with gateway_at_noon(LoopbackConfig(per_number_day_limit=0)) as gateway:
        for call in range(120):
            gateway.state.accept(f"call-{call}", "SMS_1", [(phone(1), "老客书店", "text")])
        assert asked(gateway, 1, "call-0").answer == "found"
        assert asked(gateway, 1, "call-119").answer == "found"
        assert asked(gateway, 1, "call-120").answer == "not_found"


def test_another_day_is_another_answer_and_near_midnight_both_are_asked() -> None:
    late = datetime(2018, 11, 10, 23, 59, 58)
    with gateway_at_noon(clock=lambda: late + timedelta(seconds=5)) as gateway:
        sent(gateway, 1)
        assert asked(gateway, 1, day=late.date()).answer == "not_found"
        assert adapter_for(gateway).query_sent(Recipient("a", phone(1)), late, "call-1").answer == "found"


def test_days_to_ask_are_two_only_near_midnight() -> None:
    assert days_to_ask(NOON) == (date(2018, 10, 31),)
    assert days_to_ask(datetime(2018, 11, 11, 0, 10)) == (date(2018, 11, 11), date(2018, 11, 10))
    assert days_to_ask(datetime(2018, 11, 10, 23, 45)) == (date(2018, 11, 10), date(2018, 11, 11))


@pytest.mark.parametrize("mode", ["http500", "lost_after_accept", "unreadable", "code"])
def test_a_question_without_an_answer_stays_open(gateway: LoopbackAliyun, mode: str) -> None:
    sent(gateway, 1)
    control(gateway, {"fail": {"mode": mode, "actions": ["QuerySendDetails"]}})
    assert asked(gateway, 1).answer == "no_answer"
    assert asked(gateway, 1).answer == "found"


def test_what_may_be_shown_or_logged_holds_no_number(gateway: LoopbackAliyun) -> None:
    control(gateway, {"fail": {"mode": "lost_after_accept"}})
    outcome = sent(gateway, 1)
    assert phone(1) not in outcome.message


def test_the_registry_builds_the_channel_by_name() -> None:
    built = channel(
        "aliyun", {"access_key": "a", "secret": "b", "endpoint": "127.0.0.1:9", "absence_proof_after_s": 4.0}
    )
    assert (built.power, built.max_batch, built.loopback, built.absence_proof_after_s) == (
        "queryable",
        100,
        True,
        4.0,
    )
    assert "secret" in CHANNELS["aliyun"].secrets


def test_the_real_service_never_proves_absence() -> None:
    assert channel("aliyun", {"access_key": "a", "secret": "b"}).absence_proof_after_s is None
    with pytest.raises(ChannelSettingsError, match="loopback"):
        AliyunSms("a", "b", absence_proof_after_s=60.0)


@pytest.mark.parametrize(
    "settings",
    [
        {"access_key": "", "secret": "b"},
        {"access_key": "a", "secret": "b", "endpoint": "http://127.0.0.1"},
        {"access_key": "a", "secret": "b", "read_timeout_s": 0.0},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ChannelSettingsError):
        channel("aliyun", settings)


def test_an_unknown_channel_names_those_there_are() -> None:
    with pytest.raises(ChannelSettingsError, match="aliyun"):
        channel("pigeon", {})


def test_a_request_names_each_address_once() -> None:
    twice = (Recipient("a1", phone(1)), Recipient("a2", phone(1)))
    with pytest.raises(ChannelSettingsError, match="twice"):
        request_to(1, recipients=twice)
