"""From a segment to rows: every person is counted once, and the losses add up."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from laoke.customers import consent
from laoke.customers.models import Customer, DeadContact, PersonTag, Tag
from laoke.customers.sealing import contact_digest
from laoke.customers.vault import Contact, store_contacts
from laoke.dispatch import occasions
from laoke.dispatch.gates import FactGate, register_fact_gate
from laoke.dispatch.models import Message, Occasion
from laoke.dispatch.planning import (
    PlannedPerson,
    PlanRefused,
    all_treated,
    discard_plan,
    funnel,
    plan_occasion,
    preview_funnel,
)
from laoke.experiments.assignment import Holdout, place, salt_of
from laoke.shops.models import Dirty
from tests.dispatch.rounds import Reach, phone, states


def half(people: list[int]) -> list[str]:
    return ["held_out" if person % 2 else "treated" for person in people]


def test_everyone_becomes_a_row_and_the_funnel_adds_up(reach: Reach) -> None:
    people = reach.people(10)
    ids = [person.person_id for person in people]
    now = reach.clock.now()
    consent.opt_out(reach.shop, "sms", now=now, source="service", person_id=ids[0])
    DeadContact.objects.create(
        channel="sms", contact_digest=contact_digest("phone", phone(2)), reason="MK:0001", at=now
    )
    tag = Tag.objects.create(shop=reach.shop, name="别打扰", suppresses=True, created_at=now)
    PersonTag.objects.create(tag=tag, person_id=ids[2], reason="本人要求", created_at=now)
    strangers = reach.people(1, 50, consent=False)
    nobody = [PlannedPerson(77)]
    gate = FactGate("bought_recently", np.array([ids[3], ids[4]]))
    occasion = reach.occasion(launch=False)
    result = plan_occasion(occasion, [*people, *strangers, *nobody], arms=half, now=now, extra_gates=[gate])
    assert result.segment == 12
    assert result.left_out == (
        ("opted_out", 1), ("no_contact", 1), ("dead_contact", 1), ("tag", 1), ("no_consent", 1), ("bought_recently", 2),
    )  # fmt: skip
    assert (result.treated, result.held_out) == (3, 2)
    assert states(occasion) == {"suppressed": 7, "planned": 3, "held_out": 2}
    assert funnel(occasion) == result
    assert Dirty.objects.filter(mirror="touches").count() == 12


def test_a_preview_counts_the_same_and_writes_nothing(reach: Reach) -> None:
    people = reach.people(6)
    occasion = reach.occasion(launch=False)
    before = preview_funnel(occasion, people, arms=half, now=reach.clock.now())
    assert Message.objects.count() == 0
    assert plan_occasion(occasion, people, arms=half, now=reach.clock.now()) == before


def test_a_shared_number_gets_one_message(reach: Reach) -> None:
    people = reach.people(2)
    twin = Customer.objects.create(
        pk=9_000_001, owner_id=reach.shop.owner_id, person_id=9_000_001, created_at=reach.clock.now()
    )
    store_contacts(reach.shop, [Contact(twin.pk, nick="同号的人", phone=phone(1))])
    from tests.dispatch.rounds import give_consent

    give_consent(reach)
    occasion = reach.occasion(launch=False)
    result = plan_occasion(
        occasion, [*people, PlannedPerson(twin.pk)], arms=all_treated, now=reach.clock.now()
    )
    assert result.left_out == (("duplicate_contact", 1),)
    assert Message.objects.get(reason="duplicate_contact").person_id == twin.pk


def test_planning_twice_changes_nothing_and_a_cut_plan_is_completed(reach: Reach) -> None:
    people = reach.people(30)
    occasion = reach.occasion(launch=False)
    plan_occasion(occasion, people[:10], arms=half, now=reach.clock.now())
    first = set(Message.objects.values_list("pk", flat=True))
    result = plan_occasion(occasion, people, arms=half, now=reach.clock.now())
    assert (result.treated, result.held_out) == (15, 15)
    assert first < set(Message.objects.values_list("pk", flat=True))


def test_a_launched_occasion_is_not_planned_again(reach: Reach) -> None:
    people = reach.people(2)
    occasion = reach.occasion(people)
    with pytest.raises(PlanRefused, match="not_draft"):
        plan_occasion(occasion, people, arms=all_treated, now=reach.clock.now())
    with pytest.raises(PlanRefused, match="not_draft"):
        discard_plan(occasion)


def test_a_draft_can_be_taken_back(reach: Reach) -> None:
    occasion = reach.occasion(reach.people(3), launch=False)
    assert discard_plan(occasion) == 3
    with pytest.raises(occasions.OccasionRefused, match="not_planned"):
        occasions.launch(occasion, by=reach.owner, now=reach.clock.now())


def test_a_person_twice_is_refused(reach: Reach) -> None:
    person = reach.people(1)[0]
    with pytest.raises(PlanRefused, match="person_twice"):
        plan_occasion(reach.occasion(), [person, person], arms=all_treated, now=reach.clock.now())


def test_nobody_to_send_to_refuses_the_launch(reach: Reach) -> None:
    occasion = reach.occasion(reach.people(2, consent=False), launch=False)
    assert funnel(occasion).left_out == (("no_consent", 2),)
    with pytest.raises(occasions.OccasionRefused, match="nobody"):
        occasions.launch(occasion, by=reach.owner, now=reach.clock.now())


def test_a_notice_needs_no_consent_but_a_refusal_wins(reach: Reach) -> None:
    people = reach.people(2, consent=False)
    consent.opt_out(reach.shop, "sms", now=reach.clock.now(), source="reply", person_id=people[0].person_id)
    occasion = reach.occasion(people, launch=False, is_marketing=False)
    assert funnel(occasion).left_out == (("opted_out", 1),)


def test_the_caps_of_a_day_a_week_and_a_month(reach: Reach) -> None:
    people = reach.people(4)
    old = reach.occasion(people)
    ids = [person.person_id for person in people]
    now = reach.clock.now()

    def sent(person: int, *days_ago: float) -> None:
        for number, days in enumerate(days_ago):
            round_ = old if number == 0 else Occasion.objects.create(
                shop=reach.shop, kind="round", name="旧", channel="sms", not_before=now, not_after=now, created_at=now
            )  # fmt: skip
            Message.objects.update_or_create(
                occasion=round_, person_id=person,
                defaults={"state": "delivered", "sent_at": now - timedelta(days=days), "due_at": now, "arm": "treated"},
            )  # fmt: skip

    sent(ids[0], 0.5)
    sent(ids[1], 2, 5)
    sent(ids[2], 8, 15, 20, 29)
    sent(ids[3], 3, 31, 32, 33, 34)
    result = preview_funnel(reach.occasion(), people, arms=all_treated, now=now)
    assert result.left_out == (("cap_day", 1), ("cap_week", 1), ("cap_month", 1))
    assert result.treated == 1


def test_registered_fact_gates_are_asked_by_name(reach: Reach) -> None:
    people = reach.people(3)
    register_fact_gate("refund_open", lambda occasion: np.array([people[1].person_id]))
    occasion = reach.occasion(launch=False, rules={"gates": ["refund_open"]})
    result = plan_occasion(occasion, people, arms=all_treated, now=reach.clock.now())
    assert result.left_out == (("refund_open", 1),)


def test_arms_come_from_the_experiments(reach: Reach) -> None:
    people = reach.people(200)
    holdout = Holdout("campaign", salt_of("campaign", reach.shop.pk, 1), 1_000)
    result = plan_occasion(
        reach.occasion(), people, now=reach.clock.now(),
        arms=lambda ids: [place(person, [holdout]).arm for person in ids],
    )  # fmt: skip
    assert result.passed == 200
    assert 8 <= result.held_out <= 35
