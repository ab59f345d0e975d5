"""Consent and refusal: what a declaration needs and covers, and that a refusal wins over everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from laoke.customers import consent, tags
from laoke.customers.consent import Declaration, DeclarationRefused
from laoke.customers.models import Consent, ConsentBasis, Customer, DeadContact
from laoke.customers.sealing import contact_digest
from laoke.customers.vault import Contact, store_contacts
from laoke.shops.models import AuditEvent, Dirty, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)
TODAY = NOW.date()
GOOD = Declaration(
    "sms", "seller", "我同意接收优惠短信，可随时退订。", "1", date(2025, 1, 1), date(2026, 6, 1), "会员页截图"
)


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


@pytest.fixture
def people(shop: Shop) -> list[int]:
    """Four persons: two with a mobile, one with a masked number, one with an address alone."""
    for number in (1, 2, 3, 4):
        Customer.objects.create(id=number, owner=shop.owner, person_id=number, created_at=NOW)
    store_contacts(
        shop,
        [
            Contact(1, phone="13800000001"), Contact(2, phone="13800000002"), Contact(3, phone="138****0003"),
            Contact(4, email="si@a.com"),
        ],
    )  # fmt: skip
    return [1, 2, 3, 4]


def test_imported_buyers_have_no_consent(shop: Shop, people: list[int]) -> None:
    assert consent.refused(shop.pk, "sms", people, TODAY) == dict.fromkeys(people, "no_consent")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"wording": "好"}, "wording"),
        ({"proof": " "}, "proof"),
        ({"collected_to": date(2024, 1, 1)}, "period"),
        ({"collected_to": TODAY + timedelta(days=1)}, "period"),
        ({"expires_on": TODAY}, "expired"),
    ],
)
def test_a_declaration_that_would_not_stand_up_is_refused(shop: Shop, boss: User, change, code: str) -> None:
    with pytest.raises(DeclarationRefused) as found:
        consent.declare(shop, replace(GOOD, **change), by=boss, now=NOW)
    assert found.value.code == code
    assert ConsentBasis.objects.count() == 0


def test_a_declaration_covers_who_can_be_reached_on_its_channel(
    shop: Shop, boss: User, people: list[int]
) -> None:
    assert consent.would_cover(shop, GOOD) == 2
    basis = consent.declare(shop, GOOD, by=boss, now=NOW)
    assert basis.people == 2
    assert consent.refused(shop.pk, "sms", people, TODAY) == {3: "no_consent", 4: "no_consent"}
    assert consent.would_cover(shop, GOOD) == 0
    assert AuditEvent.objects.get(act="consent.declare").count == 2
    assert set(Dirty.objects.filter(mirror="customer_reach").values_list("key", flat=True)) == {"1", "2"}


def test_consent_on_one_channel_says_nothing_of_another(shop: Shop, boss: User, people: list[int]) -> None:
    consent.declare(shop, GOOD, by=boss, now=NOW)
    assert consent.refused(shop.pk, "email", [1], TODAY) == {1: "no_consent"}


def test_a_withdrawn_basis_ends_every_consent_that_rests_on_it(
    shop: Shop, boss: User, people: list[int]
) -> None:
    basis = consent.declare(shop, GOOD, by=boss, now=NOW)
    assert consent.withdraw_basis(basis, by=boss, now=NOW) == 2
    assert consent.refused(shop.pk, "sms", [1, 2], TODAY) == {1: "no_consent", 2: "no_consent"}
    again = consent.declare(shop, GOOD, by=boss, now=NOW)
    assert again.people == 2 and consent.refused(shop.pk, "sms", [1, 2], TODAY) == {}


def test_consent_runs_out_on_its_day(shop: Shop, boss: User, people: list[int]) -> None:
    consent.declare(shop, replace(GOOD, expires_on=date(2026, 12, 31)), by=boss, now=NOW)
    assert consent.refused(shop.pk, "sms", [1], date(2026, 12, 31)) == {}
    assert consent.refused(shop.pk, "sms", [1], date(2027, 1, 1)) == {1: "consent_expired"}


def test_a_refusal_wins_over_every_consent(shop: Shop, boss: User, people: list[int]) -> None:
    consent.declare(shop, GOOD, by=boss, now=NOW)
    consent.opt_out(shop, "sms", now=NOW, source="reply", person_id=1, words="R")
    assert consent.refused(shop.pk, "sms", [1, 2], TODAY) == {1: "opted_out"}
    consent.declare(shop, replace(GOOD, wording_version="2"), by=boss, now=NOW)
    assert consent.refused(shop.pk, "sms", [1], TODAY) == {1: "opted_out"}


def test_a_new_declaration_leaves_out_who_refused(shop: Shop, boss: User, people: list[int]) -> None:
    consent.opt_out(shop, "sms", now=NOW, source="reply", person_id=1)
    assert consent.declare(shop, GOOD, by=boss, now=NOW).people == 1
    assert list(Consent.objects.values_list("person_id", flat=True)) == [2]


def test_a_declaration_leaves_out_whose_number_was_refused_before_anybody_knew_them(
    shop: Shop, boss: User
) -> None:
    refused = contact_digest("phone", "13800000001")
    consent.opt_out(shop, "sms", now=NOW, source="reply", contact_digest=refused)
    consent.opt_out(
        shop, "email", now=NOW, source="reply", contact_digest=contact_digest("email", "er@a.com")
    )
    for number in (1, 2, 3):
        Customer.objects.create(id=number, owner=shop.owner, person_id=number, created_at=NOW)
    # The third customer is the first person again, by a number that nobody refused.
    Customer.objects.filter(id=3).update(person_id=1)
    known = [
        Contact(1, phone="13800000001", email="yi@a.com"),
        Contact(2, phone="13800000002", email="er@a.com"),
        Contact(3, phone="13800000003"),
    ]
    store_contacts(shop, known)
    assert consent.would_cover(shop, GOOD) == 1
    assert consent.would_cover(shop, replace(GOOD, channel="email")) == 1
    assert consent.declare(shop, GOOD, by=boss, now=NOW).people == 1
    assert list(Consent.objects.values_list("person_id", flat=True)) == [2]


@pytest.mark.parametrize(
    ("refused", "covered"), [("all", 1), ("marketing", 1), ("care", 2), ("profiling", 2)]
)
def test_a_number_refused_for_a_purpose_is_left_out_of_declarations_of_that_one(
    shop: Shop, people: list[int], refused: str, covered: int
) -> None:
    digest = contact_digest("phone", "13800000001")
    consent.opt_out(shop, "sms", now=NOW, source="reply", contact_digest=digest, purpose=refused)
    assert consent.would_cover(shop, GOOD) == covered


def test_a_number_refused_in_one_shop_and_known_in_another_counts_for_the_first(
    shop: Shop, people: list[int]
) -> None:
    other = Shop.objects.create(owner=shop.owner, name="二店", created_at=NOW)
    consent.opt_out(
        other, "sms", now=NOW, source="reply", contact_digest=contact_digest("phone", "13800000001")
    )
    assert consent.would_cover(shop, GOOD) == 2


def test_a_person_who_asks_again_is_written_to_again(shop: Shop, boss: User, people: list[int]) -> None:
    consent.declare(shop, GOOD, by=boss, now=NOW)
    consent.opt_out(shop, "sms", now=NOW, source="reply", person_id=1)
    consent.give(shop, 1, GOOD, by=boss, now=NOW, asked_again=True)
    assert consent.refused(shop.pk, "sms", [1], TODAY) == {}


def test_a_refused_number_is_refused_whoever_has_it(shop: Shop, people: list[int]) -> None:
    digest = contact_digest("phone", "13800000001")
    consent.opt_out(shop, "sms", now=NOW, source="reply", contact_digest=digest)
    assert consent.refused_contacts(shop.pk, "sms", [digest, "x"]) == {digest: "opted_out"}
    assert consent.persons_of_contact(digest) == [1]
    assert Dirty.objects.filter(mirror="customer_reach", key="1").exists()


def test_a_refusal_wins_over_a_dead_number(shop: Shop) -> None:
    digest = contact_digest("phone", "13800000001")
    DeadContact.objects.create(channel="sms", contact_digest=digest, reason="空号", at=NOW)
    assert consent.refused_contacts(shop.pk, "sms", [digest]) == {digest: "dead_contact"}
    consent.opt_out(shop, "sms", now=NOW, source="reply", contact_digest=digest)
    assert consent.refused_contacts(shop.pk, "sms", [digest]) == {digest: "opted_out"}


def test_an_opt_out_must_name_somebody(shop: Shop) -> None:
    with pytest.raises(ValueError):
        consent.opt_out(shop, "sms", now=NOW, source="reply")


def test_a_tag_that_keeps_marketing_away_does(shop: Shop, boss: User, people: list[int]) -> None:
    consent.declare(shop, GOOD, by=boss, now=NOW)
    quiet = tags.make_tag(shop, "别打扰", now=NOW, suppresses=True)
    with pytest.raises(tags.TagRefused):
        tags.set_tag(quiet, [1], by=boss, now=NOW)
    tags.set_tag(quiet, [1], by=boss, now=NOW, reason="投诉过")
    assert consent.refused(shop.pk, "sms", [1, 2], TODAY) == {1: "tag"}
    tags.unset_tag(quiet, [1], by=None, now=NOW, reason="又来买了")
    assert consent.refused(shop.pk, "sms", [1, 2], TODAY) == {}


def test_a_declaration_cut_short_counts_whom_it_reached_and_declaring_again_reaches_the_rest(
    shop: Shop, boss: User, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(rows: list[Any], write: Callable[[list[Any]], None]) -> None:
        write(rows[:1])
        raise ConnectionAbortedError

    with monkeypatch.context() as patched, pytest.raises(ConnectionAbortedError):
        patched.setattr(consent, "write_in_batches", cut)
        consent.declare(shop, GOOD, by=boss, now=NOW)
    assert [basis.people for basis in ConsentBasis.objects.all()] == [1]
    assert consent.refused(shop.pk, "sms", [1, 2], TODAY) == {2: "no_consent"}
    assert consent.declare(shop, GOOD, by=boss, now=NOW).people == 1
    assert consent.refused(shop.pk, "sms", [1, 2], TODAY) == {}


def test_what_somebody_takes_back_while_a_declaration_is_written_stays_taken_back(
    shop: Shop, boss: User, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = consent.write_in_batches

    def while_written(rows: list[Any], write: Callable[[list[Any]], None]) -> None:
        consent.give(shop, 1, GOOD, by=boss, now=NOW)
        consent.withdraw(shop, 1, "sms", "marketing", by=boss, now=NOW + timedelta(seconds=1))
        written(rows, write)

    monkeypatch.setattr(consent, "write_in_batches", while_written)
    assert consent.declare(shop, GOOD, by=boss, now=NOW).people == 1
    assert consent.refused(shop.pk, "sms", [1, 2], TODAY) == {1: "no_consent"}


def test_two_shops_of_one_owner_ask_each_for_itself(shop: Shop, boss: User, people: list[int]) -> None:
    other = Shop.objects.create(owner=shop.owner, name="二店", created_at=NOW)
    consent.declare(shop, GOOD, by=boss, now=NOW)
    assert consent.refused(other.pk, "sms", [1], TODAY) == {1: "no_consent"}


def test_many_are_given_to_one_colleague_and_keep_their_importance(
    shop: Shop, boss: User, people: list[int]
) -> None:
    from laoke.customers.models import PersonCard
    from laoke.shops.models import Staff

    staff = Staff.objects.create(user=boss, shop=shop, role="owner")
    tags.set_card(shop, 1, now=NOW, importance=4)
    assert tags.assign(shop, [1, 2], in_charge=staff, by=boss, now=NOW) == 2
    cards = {card.person_id: (card.importance, card.in_charge_id) for card in PersonCard.objects.all()}
    assert cards == {1: (4, staff.pk), 2: (0, staff.pk)}
    tags.assign(shop, [1], in_charge=None, by=boss, now=NOW)
    assert PersonCard.objects.get(person_id=1).in_charge is None
