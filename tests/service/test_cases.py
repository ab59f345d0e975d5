"""After-sales cases: what opens one, whither it leads, what is sealed, and that it goes with its customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from laoke.customers.models import Customer, Erasure
from laoke.customers.resealing import reseal, sealed_with
from laoke.service import cases
from laoke.service.cases import CaseRefused, Draft
from laoke.service.models import CaseStep, ServiceCase
from laoke.shops.models import AuditEvent, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 9, 10)
LATER = NOW + timedelta(hours=24)
DRAFT = Draft("delay", LATER, "三天没动静，电话 13800000001", "1000000000000000001")


@pytest.fixture
def shop() -> Shop:
    owner = Owner.objects.create(name="半亩棉")
    Customer.objects.create(id=7, owner=owner, person_id=7, created_at=NOW)
    return Shop.objects.create(owner=owner, name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


def test_a_case_is_opened_with_a_promise_and_its_words_are_sealed(shop: Shop, boss: User) -> None:
    case = cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    assert (case.state, case.promised_by, case.order_id) == ("open", LATER, DRAFT.order_id)
    step = case.steps.get()
    assert b"13800000001" not in bytes(step.sealed) and cases.plain(step) == DRAFT.words
    assert AuditEvent.objects.get(act="case.open").subject == str(case.pk)


@pytest.mark.parametrize(
    ("change", "person", "code"),
    [
        ({"kind": "war"}, 7, "kind"), ({"order_id": "1" * 65}, 7, "order"), ({"promised_by": NOW}, 7, "promised"),
        ({"words": " "}, 7, "words"), ({"words": "长" * 1_001}, 7, "words"), ({}, 8, "unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened(
    shop: Shop, boss: User, change: dict[str, object], person: int, code: str
) -> None:
    with pytest.raises(CaseRefused) as refused:
        cases.open_case(shop, person, replace(DRAFT, **change), by=boss, now=NOW)  # type: ignore[arg-type]
    assert refused.value.code == code and not ServiceCase.objects.exists()


def test_nothing_is_opened_of_whoever_is_being_erased(shop: Shop, boss: User) -> None:
    Erasure.objects.create(owner=shop.owner, shop=shop, person_id=7, requested_by=boss, requested_at=NOW)
    with pytest.raises(CaseRefused) as refused:
        cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    assert refused.value.code == "erasing"


@pytest.mark.parametrize(
    ("before", "after", "goes"),
    [
        (before, after, before == after or after in cases.WAYS[before])
        for before in ServiceCase.State.values
        for after in ServiceCase.State.values
    ],
)
def test_whither_each_state_leads(shop: Shop, boss: User, before: str, after: str, goes: bool) -> None:
    case = cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    ServiceCase.objects.filter(pk=case.pk).update(state=before)
    case.refresh_from_db()
    told = {"words": "说好了", "promised_by": LATER, "in_charge": None, "by": boss, "now": LATER}
    if goes:
        cases.move(case, after, **told)  # type: ignore[arg-type]
        assert (case.state, case.steps.count(), case.changed_at) == (after, 2, LATER)
        return
    with pytest.raises(CaseRefused) as refused:
        cases.move(case, after, **told)  # type: ignore[arg-type]
    assert refused.value.code == "state" and case.steps.count() == 1


def test_solving_needs_words_and_another_promise_lies_ahead(shop: Shop, boss: User) -> None:
    case = cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    told = {"in_charge": None, "by": boss, "now": NOW + timedelta(hours=1)}
    for state, words, promised, code in (
        ("solved", "", LATER, "words"), ("closed", " ", LATER, "words"), ("open", "", NOW, "promised"),
    ):  # fmt: skip
        with pytest.raises(CaseRefused) as refused:
            cases.move(case, state, words=words, promised_by=promised, **told)  # type: ignore[arg-type]
        assert refused.value.code == code
    cases.move(case, "open", words="", promised_by=LATER + timedelta(days=1), **told)  # type: ignore[arg-type]
    assert case.promised_by == LATER + timedelta(days=1) and bytes(case.steps.latest("pk").sealed) == b""


def test_of_two_colleagues_who_move_a_case_at_once_one_is_told_to_look_again(shop: Shop, boss: User) -> None:
    first = cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    second = ServiceCase.objects.get(pk=first.pk)
    told = {"words": "退了款", "promised_by": LATER, "in_charge": None, "by": boss, "now": LATER}
    cases.move(first, "solved", **told)  # type: ignore[arg-type]
    with pytest.raises(CaseRefused) as refused:
        cases.move(second, "waiting", **told)  # type: ignore[arg-type]
    assert refused.value.code == "state" and ServiceCase.objects.get().state == "solved"


def test_the_words_follow_a_change_of_keys(shop: Shop, boss: User) -> None:
    case = cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    key = case.steps.get().key_id
    assert sealed_with(cases.SEALED, key) == {"service_casestep": 1}
    assert reseal(cases.SEALED, key) == 1
    assert cases.plain(CaseStep.objects.get()) == DRAFT.words
