"""Unknown outcomes: asked about, proven, decided by a person, or overtaken by a late answer; receipts and replies."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from laoke.customers.erasure import Traces
from laoke.customers.models import OptOut
from laoke.customers.sealing import contact_digest
from laoke.dispatch import claiming, erasing, inbox, occasions, settling
from laoke.dispatch.channels.base import Outcome, QueryResult, UnreadablePush
from laoke.dispatch.gateways import channel_for
from laoke.dispatch.models import Attempt, Batch, Message, Occasion, ProviderEvent
from laoke.dispatch.models import Reply as ReplyRow
from laoke.dispatch.recording import record
from laoke.dispatch.states import MoveRefused, check_move, move
from laoke.dispatch.worker import expire_turn, inbox_turn, reap_turn, send_turn, settle_turn
from tests.dispatch.rounds import ONE_BY_ONE, FakeChannel, Reach, phone, receipt_for, states


def turn(reach: Reach, channel: FakeChannel) -> bool:
    return send_turn("w1", reach.clock.now, settings=ONE_BY_ONE, channel_for=lambda gateway: channel)


def settle(reach: Reach, channel: FakeChannel) -> bool:
    return settle_turn("w2", reach.clock.now, channel_for=lambda gateway: channel)


@pytest.fixture
def unknown(reach: Reach, channel: FakeChannel) -> Occasion:
    """One message whose call got no answer."""
    occasion = reach.occasion(reach.people(1))
    channel.answers[phone(1)] = Outcome("unknown")
    turn(reach, channel)
    channel.answers.clear()
    assert states(occasion) == {"unknown": 1}
    return occasion


def test_questions_are_put_at_2_10_30_minutes_2_and_6_hours(
    reach: Reach, channel: FakeChannel, unknown: Occasion
) -> None:
    channel.absence_proof_after_s = None
    asked_at = []
    for minute in range(7 * 60):
        reach.clock.forward(minutes=1)
        if settle(reach, channel):
            asked_at.append(minute + 1)
    assert asked_at == [2, 10, 30, 120, 360]
    assert states(unknown) == {"unknown": 1}
    assert Attempt.objects.get().next_query_at is None
    assert settling.unknown_messages(unknown) == [Message.objects.get()]


def test_found_is_accepted_and_delivered(reach: Reach, channel: FakeChannel, unknown: Occasion) -> None:
    channel.found[phone(1)] = QueryResult("found", "delivered", code="DELIVERED")
    reach.clock.forward(minutes=3)
    settle(reach, channel)
    assert states(unknown) == {"delivered": 1}
    assert Attempt.objects.get().outcome == "accepted"


def test_not_found_proves_nothing_before_its_time(
    reach: Reach, channel: FakeChannel, unknown: Occasion
) -> None:
    reach.clock.forward(minutes=11)
    settle(reach, channel)
    assert states(unknown) == {"unknown": 1}
    reach.clock.forward(minutes=5)
    settle(reach, channel)
    assert states(unknown) == {"planned": 1}
    assert Attempt.objects.get().outcome == "absent"
    turn(reach, channel)
    assert states(unknown) == {"accepted": 1}
    assert channel.taken == [phone(1)]


def test_no_answer_keeps_asking(reach: Reach, channel: FakeChannel, unknown: Occasion) -> None:
    channel.found[phone(1)] = QueryResult("no_answer")
    reach.clock.forward(minutes=20)
    settle(reach, channel)
    assert states(unknown) == {"unknown": 1}
    assert Attempt.objects.get().next_query_at == reach.clock.now() + timedelta(minutes=5, seconds=30)


def test_a_blind_channel_leaves_the_decision_to_a_person(reach: Reach, channel: FakeChannel) -> None:
    channel.power = "blind"
    channel.absence_proof_after_s = None
    occasion = reach.occasion(reach.people(2))
    channel.answers.update({phone(1): Outcome("unknown"), phone(2): Outcome("unknown")})
    turn(reach, channel)
    reach.clock.forward(minutes=30)
    assert not settle(reach, channel)
    first, second = Message.objects.order_by("pk")
    with pytest.raises(ValueError, match="reason"):
        settling.decide_unknown(first, sent=True, by=reach.owner, reason=" ", now=reach.clock.now())
    assert settling.decide_unknown(first, sent=True, by=reach.owner, reason="账单里有", now=reach.clock.now())
    assert settling.decide_unknown(
        second, sent=False, by=reach.owner, reason="账单里没有", now=reach.clock.now()
    )
    assert states(occasion) == {"given_up": 1, "planned": 1}
    assert not settling.decide_unknown(
        first, sent=False, by=reach.owner, reason="再试", now=reach.clock.now()
    )


class Hung(BaseException):
    """The process is gone in the middle of a call."""


def die_in_a_call(reach: Reach, channel: FakeChannel) -> Occasion:
    def hang(_request: object) -> None:
        raise Hung

    occasion = reach.occasion(reach.people(1))
    channel.before_send = hang
    with pytest.raises(Hung):
        turn(reach, channel)
    channel.before_send = lambda request: None
    return occasion


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (QueryResult("found", "delivered", code="DELIVERED"), "delivered"),
        (QueryResult("not_found"), "expired"),
        (QueryResult("no_answer"), "unknown"),
    ],
)
def test_a_pc_that_was_off_at_all_the_times_asks_once_when_it_is_back(
    reach: Reach, channel: FakeChannel, answer: QueryResult, then: str
) -> None:
    occasion = die_in_a_call(reach, channel)
    channel.found[phone(1)] = answer
    reach.clock.forward(hours=14)
    reap_turn("w2", reach.clock.now, channel_for=lambda gateway: channel)
    assert states(occasion) == {"unknown": 1}
    assert settle(reach, channel)
    assert states(occasion) == {then: 1}
    reach.clock.forward(hours=1)
    assert not settle(reach, channel)
    assert channel.asked == [phone(1)]


def test_an_answer_after_the_lease_is_not_thrown_away(reach: Reach, channel: FakeChannel) -> None:
    occasion = die_in_a_call(reach, channel)
    reach.clock.forward(minutes=2)
    reap_turn("w2", reach.clock.now, channel_for=lambda gateway: channel)
    assert states(occasion) == {"unknown": 1}
    message, batch = Message.objects.get(), Batch.objects.get()
    answer = {message.pk: Outcome("accepted", provider_id="biz1")}
    record({batch.pk: answer}, occasion, by="w1", now=reach.clock.now(), first_query_at=None)
    assert states(occasion) == {"accepted": 1}
    assert Batch.objects.get().provider_id == "biz1"


def test_an_answer_that_contradicts_a_proof_takes_the_second_send_back(
    reach: Reach, channel: FakeChannel, unknown: Occasion
) -> None:
    message, batch = Message.objects.get(), Batch.objects.get()
    settling.decide_unknown(message, sent=False, by=reach.owner, reason="没收到", now=reach.clock.now())
    answer = {message.pk: Outcome("accepted", provider_id="biz1")}
    record({batch.pk: answer}, unknown, by="w1", now=reach.clock.now(), first_query_at=None)
    turn(reach, channel)
    assert states(unknown) == {"accepted": 1}
    assert channel.taken == []
    assert Message.objects.get().reason == "late_answer"


def test_a_late_refusal_does_not_touch_a_newer_attempt(
    reach: Reach, channel: FakeChannel, unknown: Occasion
) -> None:
    message, batch = Message.objects.get(), Batch.objects.get()
    settling.decide_unknown(message, sent=False, by=reach.owner, reason="没收到", now=reach.clock.now())
    turn(reach, channel)
    refusal = {message.pk: Outcome("rejected", code="isv.PARAM_LENGTH_LIMIT")}
    record({batch.pk: refusal}, unknown, by="w1", now=reach.clock.now(), first_query_at=None)
    assert states(unknown) == {"accepted": 1}


def test_no_receipt_after_72_hours_and_a_late_one_still_counts(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(1))
    turn(reach, channel)
    reach.clock.forward(hours=73)
    reap_turn("w1", reach.clock.now, channel_for=lambda gateway: channel)
    assert states(occasion) == {"no_receipt": 1}
    push(reach, receipt_for(Message.objects.get(), Batch.objects.get().out_id, phone(1)))
    assert states(occasion) == {"delivered": 1}


def push(reach: Reach, *entries: object, kind: str = "receipt") -> int:
    """Let the gateway push these entries, and a worker apply them."""
    body = json.dumps(entries).encode()
    new = inbox.receive(reach.gateway, channel_for(reach.gateway), kind, body, reach.clock.now())
    inbox_turn("w1", reach.clock.now)
    return new


def test_a_receipt_is_applied_once(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(2))
    turn(reach, channel)
    entry = receipt_for(Message.objects.first(), channel.calls[0].out_id, phone(1), sms_size="2")
    assert push(reach, entry, entry) == 1
    assert push(reach, entry) == 0
    assert states(occasion) == {"delivered": 1, "accepted": 1}
    message = Message.objects.get(state="delivered")
    assert (message.segments, message.cost_millis) == (2, 90)
    event = ProviderEvent.objects.get()
    assert event.message_id == message.pk
    assert phone(1).encode() not in bytes(event.sealed)


def test_a_waiting_report_of_an_erased_number_holds_up_nobody_behind_it(
    reach: Reach, channel: FakeChannel
) -> None:
    occasion = reach.occasion(reach.people(2))
    turn(reach, channel)
    first, second = Message.objects.order_by("pk")
    out_id = channel.calls[0].out_id
    body = json.dumps([receipt_for(first, out_id, phone(1)), receipt_for(second, out_id, phone(2))]).encode()
    inbox.receive(reach.gateway, channel_for(reach.gateway), "receipt", body, reach.clock.now())
    gone = Traces((first.person_id,), frozenset({contact_digest("phone", phone(1))}), frozenset())

    assert erasing.forget_events(reach.shop, gone, reach.clock.now()) == 1
    inbox_turn("w1", reach.clock.now)

    assert states(occasion) == {"accepted": 1, "delivered": 1}
    assert not ProviderEvent.objects.filter(applied_at=None).exists()


def test_a_receipt_before_the_answer(
    reach: Reach, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    occasion = reach.occasion(reach.people(1))
    real = claiming.write_calls

    def report_at_once(*args: Any, **kwargs: Any) -> Any:
        calls = real(*args, **kwargs)
        push(reach, receipt_for(Message.objects.get(), calls[0].out_id, phone(1)))
        return calls

    monkeypatch.setattr(claiming, "write_calls", report_at_once)
    turn(reach, channel)
    assert channel.taken == [phone(1)]
    assert states(occasion) == {"delivered": 1}
    attempt = Attempt.objects.get()
    assert attempt.outcome == "accepted"


def test_a_receipt_settles_an_unknown_one(reach: Reach, channel: FakeChannel, unknown: Occasion) -> None:
    push(reach, receipt_for(Message.objects.get(), channel.calls[0].out_id, phone(1)))
    assert states(unknown) == {"delivered": 1}
    reach.clock.forward(hours=1)
    assert not settle(reach, channel)


def test_a_failed_delivery_costs_nothing_and_names_its_reason(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(1))
    turn(reach, channel)
    entry = receipt_for(
        Message.objects.get(), channel.calls[0].out_id, phone(1), success=False, err_code="MK:0001"
    )
    push(reach, entry)
    message = Message.objects.get(occasion=occasion)
    assert (message.state, message.reason, message.cost_millis) == ("undelivered", "failed_invalid_number", 0)
    later = reach.occasion([], launch=False)
    from laoke.dispatch.planning import PlannedPerson, all_treated, preview_funnel

    reach.clock.forward(days=40)
    result = preview_funnel(
        later, [PlannedPerson(message.person_id)], arms=all_treated, now=reach.clock.now()
    )
    assert result.left_out == (("dead_contact", 1),)


REPLY = {
    "phone_number": phone(1), "content": "退订", "send_time": "2026-10-31 10:01:00", "sequence_id": "7",
    "sign_name": "老客家纺", "dest_code": "1",
}  # fmt: skip


def test_a_reply_of_refusal_counts_at_once_and_once(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(2))
    assert push(reach, REPLY, kind="reply") == 1
    assert push(reach, REPLY, kind="reply") == 0
    assert OptOut.objects.count() == 1
    reply = ReplyRow.objects.get()
    assert (reply.is_opt_out, reply.contact_mask) == (True, "100 **** **01")
    assert inbox.reply_text(reply) == "退订"
    turn(reach, channel)
    assert states(occasion) == {"suppressed": 1, "accepted": 1}


def test_another_reply_waits_for_service(reach: Reach) -> None:
    reach.people(1)
    push(reach, {**REPLY, "content": "什么时候发货"}, kind="reply")
    reply = ReplyRow.objects.get()
    assert (reply.is_opt_out, reply.handled_at) == (False, None)
    assert OptOut.objects.count() == 0


def test_what_can_be_read_of_a_broken_push_is_kept(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(1))
    turn(reach, channel)
    assert (
        push(reach, {"what": 1}, receipt_for(Message.objects.get(), channel.calls[0].out_id, phone(1))) == 1
    )
    assert states(occasion) == {"delivered": 1}
    with pytest.raises(UnreadablePush):
        push(reach, {"what": 1})


def test_a_finished_round_runs_again_for_one_proven_absent(
    reach: Reach, channel: FakeChannel, unknown: Occasion
) -> None:
    expire_turn("w1", reach.clock.now)
    unknown.refresh_from_db()
    assert unknown.state == "running"
    assert not occasions.finish_if_done(unknown, reach.clock.now())
    reach.clock.forward(minutes=16)
    settle(reach, channel)
    turn(reach, channel)
    expire_turn("w1", reach.clock.now)
    unknown.refresh_from_db()
    assert unknown.state == "finished"


def test_an_absent_one_of_a_cancelled_round_is_cancelled(
    reach: Reach, channel: FakeChannel, unknown: Occasion
) -> None:
    occasions.cancel(unknown, by=reach.owner, now=reach.clock.now())
    reach.clock.forward(minutes=16)
    settle(reach, channel)
    assert states(unknown) == {"cancelled": 1}


def test_a_move_outside_the_table_is_refused(reach: Reach) -> None:
    occasion = reach.occasion(reach.people(1))
    message = occasion.messages.get()
    with pytest.raises(MoveRefused, match="no move from planned to sending"):
        move([message.pk], "planned", "sending", at=reach.clock.now(), by="test")
    with pytest.raises(MoveRefused):
        check_move("delivered", "planned")
    assert states(occasion) == {"planned": 1}


def test_a_lost_race_moves_nothing(reach: Reach) -> None:
    occasion = reach.occasion(reach.people(1))
    message = occasion.messages.get()
    assert move([message.pk], "claimed", "planned", at=reach.clock.now(), by="test") == []
    assert message.transitions.count() == 0
