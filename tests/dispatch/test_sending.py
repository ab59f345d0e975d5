"""One turn of a worker: claim, gates, write, call, record, and what each answer makes of a message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from laoke.customers import consent, links
from laoke.customers.models import DeadContact, OptOut, VaultRecord
from laoke.customers.sealing import contact_digest
from laoke.dispatch import occasions
from laoke.dispatch.channels.base import Outcome, SendRequest
from laoke.dispatch.gates import capped, reasons_now, register_fact_gate
from laoke.dispatch.models import Attempt, Gateway, Message, Occasion, Transition
from laoke.dispatch.planning import all_treated, preview_funnel
from laoke.dispatch.worker import expire_turn, reap_turn, send_turn
from tests.dispatch.rounds import ONE_BY_ONE, FakeChannel, Reach, phone, states


def turn(reach: Reach, channel: FakeChannel, worker: str = "w1") -> bool:
    return send_turn(worker, reach.clock.now, settings=ONE_BY_ONE, channel_for=lambda gateway: channel)


def test_everyone_gets_one_message_and_each_move_is_a_row(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(250))
    assert turn(reach, channel)
    assert states(occasion) == {"accepted": 250}
    assert sorted(channel.taken) == [phone(n) for n in range(1, 251)]
    assert [len(call.recipients) for call in channel.calls] == [100, 100, 50]
    first = Message.objects.filter(occasion=occasion).order_by("pk").first()
    assert first is not None
    moves = Transition.objects.filter(message=first).order_by("pk").values_list("before", "after", "by")
    assert list(moves) == [
        ("planned", "claimed", "w1"), ("claimed", "sending", "w1"), ("sending", "accepted", "w1"),
    ]  # fmt: skip
    assert (first.attempts, first.segments, first.cost_millis) == (1, 1, 45)
    assert not turn(reach, channel)


def test_each_call_has_its_own_id_and_the_person_s_nick(reach: Reach, channel: FakeChannel) -> None:
    reach.occasion(reach.people(150))
    turn(reach, channel)
    assert len({call.out_id for call in channel.calls}) == 2
    assert channel.calls[0].recipients[0].variables == {"buyer_nick": "客户1号"}
    assert channel.calls[0].template_code == "SMS_1"


ANSWERS: list[tuple[Outcome, str, str]] = [
    (
        Outcome("rejected", code="isv.MOBILE_NUMBER_ILLEGAL", permanent=True, dead_contact=True),
        "rejected",
        "rejected",
    ),
    (Outcome("not_accepted_retry", code="Throttling", retry_after_s=5.0), "planned", "not_accepted"),
    (Outcome("not_sent"), "planned", "not_sent"),
    (Outcome("unknown"), "unknown", "unknown"),
    (Outcome("stop_account", code="isv.AMOUNT_NOT_ENOUGH"), "planned", "not_accepted"),
]


@pytest.mark.parametrize(("answer", "state", "outcome"), ANSWERS, ids=[a[0].kind for a in ANSWERS])
def test_an_answer_decides_the_state(
    reach: Reach, channel: FakeChannel, answer: Outcome, state: str, outcome: str
) -> None:
    occasion = reach.occasion(reach.people(2))
    channel.answers[phone(1)] = answer
    turn(reach, channel)
    assert states(occasion) == {state: 1, "accepted": 1}
    assert Attempt.objects.filter(message__state=state).get().outcome == outcome


def test_a_dead_number_is_remembered(reach: Reach, channel: FakeChannel) -> None:
    reach.occasion(reach.people(1))
    channel.answers[phone(1)] = ANSWERS[0][0]
    turn(reach, channel)
    assert DeadContact.objects.get().contact_digest == contact_digest("phone", phone(1))


def test_a_stopped_account_stops_every_round_until_a_person_acts(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(1))
    channel.answers[phone(1)] = ANSWERS[4][0]
    turn(reach, channel)
    assert Gateway.objects.get().stopped_reason == "isv.AMOUNT_NOT_ENOUGH"
    reach.clock.forward(minutes=5)
    assert not turn(reach, channel)
    channel.answers.clear()
    from laoke.dispatch.gateways import release_gateway

    release_gateway(reach.gateway, by=reach.owner, now=reach.clock.now())
    turn(reach, channel)
    assert states(occasion) == {"accepted": 1}


def test_a_refusal_of_a_batch_is_tried_person_by_person(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(3))
    for number in (1, 2, 3):
        channel.answers[phone(number)] = Outcome(
            "not_accepted_retry", code="isv.MOBILE_NUMBER_ILLEGAL", retry_after_s=0.0, alone=True
        )
    channel.before_send = lambda request: channel.answers.clear() if len(request.recipients) == 1 else None
    turn(reach, channel)
    assert [len(call.recipients) for call in channel.calls] == [3, 1, 1, 1]
    assert states(occasion) == {"accepted": 3}


def test_an_opt_out_after_planning_is_spared(reach: Reach, channel: FakeChannel) -> None:
    people = reach.people(3)
    occasion = reach.occasion(people)
    consent.opt_out(reach.shop, "sms", now=reach.clock.now(), source="service", person_id=people[0].person_id)
    turn(reach, channel)
    assert phone(1) not in channel.taken
    assert states(occasion) == {"suppressed": 1, "accepted": 2}
    assert Message.objects.get(state="suppressed").reason == "opted_out"


@pytest.mark.parametrize(
    ("is_marketing", "purpose", "spared"),
    [
        (True, "marketing", True), (True, "all", True), (True, "profiling", True), (True, "care", False),
        (False, "care", True), (False, "all", True), (False, "marketing", False), (False, "profiling", False),
    ],
)  # fmt: skip
def test_a_refusal_keeps_back_what_it_is_of(
    reach: Reach, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch,
    is_marketing: bool, purpose: str, spared: bool,
) -> None:  # fmt: skip
    """Asked twice: by the gates, and in the transaction that writes, as if the refusal came between them."""
    from laoke.dispatch import claiming

    people = reach.people(2)
    early = reach.occasion(people, is_marketing=is_marketing)
    consent.opt_out(
        reach.shop,
        "sms",
        purpose=purpose,
        now=reach.clock.now(),
        source="staff",
        person_id=people[0].person_id,
    )
    turn(reach, channel)
    assert states(early) == ({"suppressed": 1, "accepted": 1} if spared else {"accepted": 2})
    OptOut.objects.all().delete()
    Message.objects.all().update(sent_at=None)
    late = reach.occasion(people, is_marketing=is_marketing)
    real = claiming.write_calls

    def opt_out_first(*args: Any, **kwargs: Any) -> Any:
        consent.opt_out(
            reach.shop, "sms", purpose=purpose, now=reach.clock.now(), source="reply",
            contact_digest=contact_digest("phone", phone(2)),
        )  # fmt: skip
        return real(*args, **kwargs)

    monkeypatch.setattr(claiming, "write_calls", opt_out_first)
    turn(reach, channel)

    assert states(late) == ({"suppressed": 1, "accepted": 1} if spared else {"accepted": 2})


def test_an_opt_out_between_gates_and_write_leaves_the_request(
    reach: Reach, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from laoke.dispatch import claiming

    occasion = reach.occasion(reach.people(3))
    real = claiming.write_calls

    def opt_out_first(*args: Any, **kwargs: Any) -> Any:
        consent.opt_out(
            reach.shop, "sms", now=reach.clock.now(), source="reply",
            contact_digest=contact_digest("phone", phone(2)),
        )  # fmt: skip
        return real(*args, **kwargs)

    monkeypatch.setattr(claiming, "write_calls", opt_out_first)
    turn(reach, channel)
    assert sorted(channel.taken) == [phone(1), phone(3)]
    assert states(occasion) == {"suppressed": 1, "accepted": 2}


def test_a_pause_between_claim_and_write_keeps_the_call_from_being_made(
    reach: Reach, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from laoke.dispatch import claiming

    occasion = reach.occasion(reach.people(3))
    real = claiming.write_calls

    def pause_first(*args: Any, **kwargs: Any) -> Any:
        occasions.pause(occasion, by=reach.owner, now=reach.clock.now(), reason="改文案")
        return real(*args, **kwargs)

    monkeypatch.setattr(claiming, "write_calls", pause_first)
    turn(reach, channel)
    assert channel.calls == []
    assert states(occasion) == {"planned": 3}
    monkeypatch.undo()
    occasions.resume(occasion, by=reach.owner, now=reach.clock.now())
    turn(reach, channel)
    assert sorted(channel.taken) == [phone(1), phone(2), phone(3)]


def test_caps_count_what_may_have_been_sent_meanwhile(reach: Reach, channel: FakeChannel) -> None:
    people = reach.people(2)
    first, second = reach.occasion(people), reach.occasion(people)
    turn(reach, channel)
    assert states(first) == {"accepted": 2}
    assert states(second) == {"suppressed": 2}
    assert set(Message.objects.filter(occasion=second).values_list("reason", flat=True)) == {"cap_day"}


def test_before_a_send_the_gates_answer_in_the_order_of_the_funnel(
    reach: Reach, channel: FakeChannel
) -> None:
    people = reach.people(2)
    reach.occasion(people)
    turn(reach, channel)
    one, two = (person.person_id for person in people)
    register_fact_gate("parcel_late", lambda occasion: np.array([one]))
    second = reach.occasion(launch=False, rules={"gates": ["parcel_late"]})
    now = reach.clock.now()

    told = preview_funnel(second, people, arms=all_treated, now=now)

    assert reasons_now(second, {one: None, two: None}, now) == {one: "parcel_late", two: "cap_day"}
    assert told.left_out == (("parcel_late", 1), ("cap_day", 1))


def merged(reach: Reach, first: int, second: int) -> tuple[int, int]:
    """The two become one by hand; the kept number and the one given up."""
    links.join_by_hand(reach.shop, first, second, why="打电话说的", by=reach.owner, now=reach.clock.now())
    return min(first, second), max(first, second)


def test_a_refusal_after_a_merge_spares_what_was_planned_under_the_other_number(
    reach: Reach, channel: FakeChannel
) -> None:
    people = reach.people(2)
    occasion = reach.occasion(people)
    kept, _given_up = merged(reach, *(person.person_id for person in people))
    consent.opt_out(reach.shop, "sms", now=reach.clock.now(), source="staff", person_id=kept)
    turn(reach, channel)
    assert states(occasion) == {"suppressed": 2} and channel.taken == []
    assert set(Message.objects.values_list("reason", flat=True)) == {"opted_out"}


def test_two_numbers_that_became_one_person_get_the_round_once(reach: Reach, channel: FakeChannel) -> None:
    people = reach.people(3)
    occasion = reach.occasion(people)
    _kept, given_up = merged(reach, people[0].person_id, people[1].person_id)
    turn(reach, channel)
    assert states(occasion) == {"accepted": 2, "suppressed": 1}
    spared = Message.objects.get(state="suppressed")
    assert (spared.person_id, spared.reason) == (given_up, "duplicate_contact")
    assert len(channel.taken) == 2


def test_a_cap_counts_what_a_person_got_under_the_other_number(reach: Reach, channel: FakeChannel) -> None:
    people = reach.people(2)
    one, two = sorted(people, key=lambda person: person.person_id)
    reach.occasion([two])
    turn(reach, channel)
    merged(reach, one.person_id, two.person_id)
    now = reach.clock.now()
    assert capped(reach.shop, [one.person_id, two.person_id], now) == {
        one.person_id: "cap_day", two.person_id: "cap_day",
    }  # fmt: skip


def test_late_is_not_sent(reach: Reach, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    from laoke.dispatch import sending

    occasion = reach.occasion(reach.people(1))
    slept = iter([0.0, 10_000.0])
    monkeypatch.setattr(sending, "clock_with_sleep", lambda: next(slept))
    turn(reach, channel)
    assert channel.calls == []
    assert Attempt.objects.get().outcome == "not_sent"
    assert states(occasion) == {"planned": 1}


def test_hours_are_asked_at_the_claim(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(1), not_after=reach.clock.now() + timedelta(days=2))
    reach.clock.at = reach.clock.at.replace(hour=20, minute=1)
    assert not turn(reach, channel)
    reach.clock.at = reach.clock.at.replace(hour=8, minute=0) + timedelta(days=1)
    turn(reach, channel)
    assert states(occasion) == {"accepted": 1}


def test_a_dead_worker_s_claim_waits_again_and_its_call_becomes_unknown(
    reach: Reach, channel: FakeChannel
) -> None:
    class Died(BaseException):
        pass

    def die(request: SendRequest) -> None:
        raise Died

    occasion = reach.occasion(reach.people(2))
    channel.before_send = die
    with pytest.raises(Died):
        turn(reach, channel)
    assert states(occasion) == {"sending": 2}
    reach.clock.forward(seconds=59)
    assert not reap_turn("w2", reach.clock.now, channel_for=lambda gateway: channel)
    reach.clock.forward(seconds=2)
    assert reap_turn("w2", reach.clock.now, channel_for=lambda gateway: channel)
    assert states(occasion) == {"unknown": 2}


def test_what_is_over_expires_and_the_round_finishes(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(2))
    reach.clock.forward(hours=9)
    assert expire_turn("w1", reach.clock.now)
    assert states(occasion) == {"expired": 2}
    assert Occasion.objects.get(pk=occasion.pk).state == "finished"


def test_a_cancelled_round_sends_nothing_more(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(2))
    assert occasions.cancel(occasion, by=reach.owner, now=reach.clock.now()) == 2
    turn(reach, channel)
    assert channel.calls == []
    assert states(occasion) == {"cancelled": 2}


def test_a_round_that_mostly_fails_pauses_by_itself(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(120))
    for number in range(1, 121):
        channel.answers[phone(number)] = Outcome("unknown")
    turn(reach, channel)
    occasion.refresh_from_db()
    assert (occasion.state, occasion.pause_reason) == ("paused", "too_many_errors")
    assert states(occasion) == {"unknown": 100, "planned": 20}


def test_two_workers_share_a_round_without_overlap(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(40))
    channel.max_batch = 10
    other = FakeChannel(max_batch=10)
    nested = {"left": 2}

    def second_worker(request: SendRequest) -> None:
        if nested["left"]:
            nested["left"] -= 1

    channel.before_send = second_worker
    while turn(reach, channel, "w1") or turn(reach, other, "w2"):
        pass
    assert states(occasion) == {"accepted": 40}
    assert len(channel.taken + other.taken) == len(set(channel.taken + other.taken)) == 40


def test_a_gate_nobody_registered_pauses_the_round(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(2))
    Occasion.objects.filter(pk=occasion.pk).update(rules={"gates": ["unheard_of"]})
    turn(reach, channel)
    occasion.refresh_from_db()
    assert (occasion.state, occasion.pause_reason) == ("paused", "gate_missing")
    assert channel.calls == []
    assert states(occasion) == {"planned": 2}


def test_contacts_that_do_not_open_pause_the_round(reach: Reach, channel: FakeChannel) -> None:
    people = reach.people(2)
    occasion = reach.occasion(people)
    VaultRecord.objects.filter(customer_id=people[0].person_id).update(sealed=b"broken beyond repair")
    turn(reach, channel)
    occasion.refresh_from_db()
    assert (occasion.state, occasion.pause_reason) == ("paused", "vault")
    assert states(occasion) == {"planned": 2}
