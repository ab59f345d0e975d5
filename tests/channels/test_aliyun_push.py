"""Reports and replies: reading what is pushed, and the loopback gateway that pushes it."""

from __future__ import annotations

import json
import urllib.error
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.dispatch.channels.aliyun import inbound
from laoke.dispatch.channels.aliyun.codes import CARRIER_CODES, REACTIONS, carrier_verdict
from laoke.dispatch.channels.aliyun.loopback import LoopbackAliyun
from laoke.dispatch.channels.aliyun.loopback_state import LoopbackConfig
from laoke.dispatch.channels.base import UnreadablePush
from tests.channels.gateways import (
    adapter_for,
    control,
    gateway_at_noon,
    own_page,
    phone,
    receiver,
    request_to,
    wait_until,
)

REPORT = {
    "phone_number": "10000000001",
    "send_time": "2024-01-01 10:00:00",
    "report_time": "2024-01-01 10:00:03",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "2",
    "biz_id": "900^0",
    "out_id": "call-1",
}
REPLY = {
    "phone_number": "10000000001",
    "content": "R",
    "send_time": "2024-01-01 10:05:00",
    "dest_code": "10690000",
    "sequence_id": "77",
}


def pushed(*entries: object) -> bytes:
    return json.dumps(list(entries), ensure_ascii=False).encode()


def quick(**changes: Any) -> LoopbackConfig:
    """A gateway whose reports come at once."""
    return LoopbackConfig(report_delay_s=0.01, reply_delay_s=0.01, retry_delays_s=(0.02, 0.02, 0.02)).changed(
        changes
    )


def test_a_report_is_read_whole() -> None:
    (receipt,) = inbound.parse_receipts(pushed(REPORT))
    assert (receipt.address, receipt.provider_id, receipt.out_id) == ("10000000001", "900^0", "call-1")
    assert (receipt.status, receipt.reason, receipt.segments) == ("delivered", "", 2)
    assert receipt.at == datetime(2024, 1, 1, 10, 0, 3)


def test_one_report_pushed_twice_has_one_key_and_another_number_another() -> None:
    again = {**REPORT, "report_time": "2024-01-01 10:10:03", "sms_size": 2}
    other = {**REPORT, "phone_number": "10000000002"}
    keys = [receipt.event_key for receipt in inbound.parse_receipts(pushed(REPORT, again, other))]
    assert keys[0] == keys[1] != keys[2]
    assert "10000000001" not in keys[0]


@pytest.mark.parametrize(
    ("code", "reason", "dead", "opt_out"),
    [
        ("MK:0001", "failed_invalid_number", True, False),
        ("MK:0005", "failed_suspended", False, False),
        ("MK:0010", "failed_unreachable", False, False),
        ("DB:0144", "failed_blacklist", False, True),
        ("MBBLACK", "failed_blacklist", False, True),
        ("DB:0142", "failed_limit", False, False),
        ("MK:0115", "failed_content", False, False),
        ("EXPIRED", "failed_expired", False, False),
        ("XX:9999", "unknown", False, False),
    ],
)
def test_a_carrier_code_says_why_and_what_follows(code: str, reason: str, dead: bool, opt_out: bool) -> None:
    (receipt,) = inbound.parse_receipts(pushed({**REPORT, "success": False, "err_code": code, "err_msg": ""}))
    assert (receipt.status, receipt.reason) == ("undelivered", reason)
    assert (receipt.dead_contact, receipt.opt_out) == (dead, opt_out)


def test_a_failed_report_with_a_delivered_code_is_not_delivered() -> None:
    assert carrier_verdict("DELIVERED", success=False).delivered is False
    assert carrier_verdict("delivrd").delivered is True


def test_a_reply_is_read_with_a_sequence_of_text_or_number() -> None:
    text, number = inbound.parse_replies(pushed(REPLY, {**REPLY, "sequence_id": 77}))
    assert (text.content, text.sequence_id, text.at) == ("R", "77", datetime(2024, 1, 1, 10, 5))
    assert text.event_key == number.event_key


def test_two_replies_without_sequence_differ_by_their_text() -> None:
    entry = {name: value for name, value in REPLY.items() if name != "sequence_id"}
    first, second = inbound.parse_replies(pushed(entry, {**entry, "content": "有货吗"}))
    assert first.event_key != second.event_key


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadablePush) as refused:
        inbound.parse_receipts(body)
    assert refused.value.readable == []


@pytest.mark.parametrize(
    "entry", [3, None, {}, {"phone_number": "1"}, {**REPORT, "biz_id": ""}, {**REPORT, "biz_id": []}]
)
def test_an_unreadable_entry_keeps_the_others(entry: object) -> None:
    with pytest.raises(UnreadablePush) as refused:
        inbound.parse_receipts(pushed(entry, REPORT))
    assert [receipt.provider_id for receipt in refused.value.readable] == ["900^0"]


def test_reports_arrive_and_can_be_read() -> None:
    with (
        receiver() as received,
        gateway_at_noon(quick(results={"DELIVERED": 1.0}), callback_url=received.url) as gateway,
    ):
        outcome = adapter_for(gateway).send(request_to(1, 2)).outcomes["a1"]
        wait_until(lambda: gateway.pusher.waiting == 0 and len(gateway.state.pushed) == 2)
    receipts = [receipt for body in received.bodies for receipt in inbound.parse_receipts(body)]
    assert {receipt.address for receipt in receipts} == {phone(1), phone(2)}
    assert {(receipt.provider_id, receipt.out_id) for receipt in receipts} == {
        (outcome.provider_id, "call-1")
    }


def test_a_report_is_repeated_until_the_receiver_answers_code_0() -> None:
    with receiver() as received, gateway_at_noon(quick(), callback_url=received.url) as gateway:
        received.answers = [(500, {}), (200, {"code": "0"}), (200, {"code": 0})]
        adapter_for(gateway).send(request_to(1))
        wait_until(lambda: len(gateway.state.pushed) == 1)
        assert (len(received.bodies), len(set(received.bodies)), gateway.pusher.dropped) == (3, 1, 0)


def test_a_report_is_dropped_after_the_last_repetition() -> None:
    with receiver() as received, gateway_at_noon(quick(), callback_url=received.url) as gateway:
        received.answers = [(500, {})]
        adapter_for(gateway).send(request_to(1))
        wait_until(lambda: gateway.pusher.dropped == 1)
        assert len(received.bodies) == 4


def test_every_report_can_be_pushed_twice() -> None:
    config = quick(duplicate_share=1.0)
    with receiver() as received, gateway_at_noon(config, callback_url=received.url) as gateway:
        adapter_for(gateway).send(request_to(1))
        wait_until(lambda: len(received.bodies) == 2)
    keys = [receipt.event_key for body in received.bodies for receipt in inbound.parse_receipts(body)]
    assert keys == [keys[0]] * 2


def test_a_silent_message_gets_no_report_and_stays_waiting() -> None:
    with (
        receiver() as received,
        gateway_at_noon(quick(silent_share=1.0), callback_url=received.url) as gateway,
    ):
        adapter_for(gateway).send(request_to(1))
        assert gateway.pusher.waiting == 0
        assert received.bodies == []


def test_a_reply_can_be_provoked() -> None:
    with receiver() as received, gateway_at_noon(callback_url=received.url) as gateway:
        control(gateway, {"reply": {"phone": phone(5), "content": "退订"}})
        wait_until(lambda: len(received.bodies) == 1)
    (reply,) = inbound.parse_replies(received.bodies[0])
    assert (reply.address, reply.content, reply.sequence_id) == (phone(5), "退订", "1")


def test_a_share_of_the_delivered_answers_by_itself() -> None:
    config = quick(results={"DELIVERED": 1.0}, reply_share=1.0, opt_out_share=1.0)
    with receiver() as received, gateway_at_noon(config, callback_url=received.url) as gateway:
        adapter_for(gateway).send(request_to(*range(20)))
        wait_until(lambda: len(gateway.state.pushed) == 40)
    replies = [r for body in received.bodies if b'"content"' in body for r in inbound.parse_replies(body)]
    assert len({reply.event_key for reply in replies}) == 20
    assert {reply.content for reply in replies} <= {"R", "r", "退订", "TD", "回T退订"}


def test_the_count_survives_the_end_of_the_gateway_and_a_line_cut_in_half(tmp_path: Path) -> None:
    journal = tmp_path / "gateway" / "aliyun.jsonl"
    with gateway_at_noon(state_path=journal) as gateway:
        adapter_for(gateway).send(request_to(1, 2))
    with journal.open("ab") as file:
        file.write(b'{"kind": "accepted", "mess')
    with gateway_at_noon(state_path=journal) as gateway:
        assert own_page(gateway, "_count") == {phone(1): 1, phone(2): 1}
        second = adapter_for(gateway).send(request_to(1, out_id="call-2"))
        assert second.outcomes["a1"].kind == "accepted"
    with gateway_at_noon(state_path=journal) as gateway:
        assert own_page(gateway, "_count") == {phone(1): 2, phone(2): 1}
        assert len({message.biz_id for message in gateway.state.messages()}) == 2


def test_a_report_that_was_not_taken_is_pushed_by_the_next_life_of_the_gateway(tmp_path: Path) -> None:
    journal = tmp_path / "aliyun.jsonl"
    with gateway_at_noon(quick(), state_path=journal) as gateway:
        adapter_for(gateway).send(request_to(1))
    with receiver() as received:
        with gateway_at_noon(quick(), state_path=journal, callback_url=received.url) as gateway:
            wait_until(lambda: len(gateway.state.pushed) == 1)
        with gateway_at_noon(quick(), state_path=journal, callback_url=received.url) as gateway:
            assert gateway.pusher.waiting == 0
    assert len(received.bodies) == 1


def test_the_same_seed_gives_the_same_fates() -> None:
    def fates(seed: int) -> list[str]:
        with gateway_at_noon(
            LoopbackConfig(seed=seed, results={"DELIVERED": 1.0, "MK:0001": 1.0})
        ) as gateway:
            gateway.state.accept("call", "SMS_1", [(phone(number), "老客书店", "x") for number in range(50)])
            return [message.result for message in gateway.state.messages()]

    assert fates(1) == fates(1) != fates(2)


def test_a_share_of_calls_fails_as_the_seed_says() -> None:
    with gateway_at_noon() as gateway:
        control(gateway, {"fail": {"mode": "http500", "rate": 0.5}})
        adapter = adapter_for(gateway)
        kinds = [adapter.send(request_to(n, out_id=f"call-{n}")).outcomes[f"a{n}"].kind for n in range(30)]
        assert control(gateway, {"fail": None})["fault"] is None
        assert len(own_page(gateway, "_count")) == kinds.count("accepted")
    assert 5 < kinds.count("unknown") < 25


def test_a_failure_can_wait_until_calls_went_through() -> None:
    with gateway_at_noon() as gateway:
        control(gateway, {"fail": {"mode": "http500", "rate": 1.0, "after": 2}})
        adapter = adapter_for(gateway)
        kinds = [adapter.send(request_to(n, out_id=f"call-{n}")).outcomes[f"a{n}"].kind for n in range(4)]
        assert kinds == ["accepted", "accepted", "unknown", "unknown"]
        assert len(own_page(gateway, "_count")) == 2


@pytest.mark.parametrize(
    "wish",
    [
        {"fail": {"mode": "explode"}},
        {"config": {"lag": 3}},
        {"nonsense": 1},
        {"reply": {"phone": "1"}},
        [],
        3,
    ],
)
def test_an_unknown_wish_is_refused_by_name(wish: Any) -> None:
    with gateway_at_noon() as gateway:
        with pytest.raises(urllib.error.HTTPError) as refused:
            control(gateway, wish)
        with refused.value as error:
            assert error.code == 400
            assert json.loads(error.read())["error"]


def test_settings_change_while_it_runs_and_tell_when_absence_is_proved() -> None:
    with gateway_at_noon() as gateway:
        shown = control(gateway, {"config": {"query_lag_s": 3.0, "accept_within_s": 10.0}})
    assert shown["config"]["absence_proof_after_s"] == 15.0


def test_it_listens_on_this_machine_only() -> None:
    with pytest.raises(ValueError, match="this machine"):
        LoopbackAliyun("0.0.0.0")


def test_every_code_of_the_reference_page_is_in_the_tables_and_the_other_way_round() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "channels.md").read_text(encoding="utf-8")
    for code in (*REACTIONS, *CARRIER_CODES):
        assert f"`{code}`" in page, f"docs/reference/channels.md does not name {code}"
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    reactions = {row[1].strip().strip("`"): row[2].strip() for row in rows}
    for code, reaction in REACTIONS.items():
        assert reactions[code] == reaction.kind
