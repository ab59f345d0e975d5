"""One person's consent, written down with all it rests on and taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from laoke.customers import consent
from laoke.customers.identities import resolve
from laoke.customers.models import Consent, ConsentBasis, OptOut, PersonChange, VaultRecord
from laoke.customers.vault import Contact, store_contacts
from laoke.shops.models import AuditEvent, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW, LATER = datetime(2026, 10, 31, 10), datetime(2026, 11, 2, 9)
GOOD = consent.Declaration(
    channel="sms", role="seller", wording="我同意接收优惠短信，可随时退订", wording_version="2026-1",
    collected_from=date(2026, 10, 30), collected_to=date(2026, 10, 30), proof="聊天截图 10-30",
)  # fmt: skip


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


@pytest.fixture
def person(shop: Shop) -> int:
    [one] = [n for n in resolve(shop, [(("nick", "小圆"),)], now=NOW).ids if n is not None]
    store_contacts(shop, [Contact(one, phone="13800000021")])
    return one


def test_a_consent_given_by_one_person_reaches_them(shop: Shop, boss: User, person: int) -> None:
    given = consent.give(shop, person, GOOD, by=boss, now=NOW)
    assert (given.basis.person_id, given.basis.people, given.basis.proof) == (person, 1, "聊天截图 10-30")
    assert consent.refused(shop.pk, "sms", [person], NOW.date()) == {}
    assert AuditEvent.objects.get(act="consent.give").subject == str(person)
    again = consent.give(shop, person, replace(GOOD, wording_version="2026-2"), by=boss, now=NOW)
    assert again.pk == given.pk and Consent.objects.get().basis.wording_version == "2026-2"


def test_a_refusal_stands_until_they_say_that_they_want_it_again(shop: Shop, boss: User, person: int) -> None:
    digest = VaultRecord.objects.get().phone_digest
    consent.opt_out(shop, "sms", now=NOW, source="reply", contact_digest=digest)
    with pytest.raises(consent.ConsentRefused) as refused:
        consent.give(shop, person, GOOD, by=boss, now=NOW)
    assert refused.value.code == "opted_out"
    assert not Consent.objects.exists() and not ConsentBasis.objects.exists()
    consent.give(shop, person, GOOD, by=boss, now=NOW, asked_again=True)
    assert OptOut.objects.get().ended_at == NOW
    assert consent.refused_contacts(shop.pk, "sms", [str(digest)]) == {}
    assert list(PersonChange.objects.order_by("pk").values_list("act", flat=True)) == [
        "asked_again",
        "consent",
    ]


def test_each_purpose_is_given_and_refused_by_itself(shop: Shop, boss: User, person: int) -> None:
    care, today = replace(GOOD, purpose="care", wording="我同意接收发货和售后通知"), NOW.date()
    consent.give(shop, person, care, by=boss, now=NOW)
    assert consent.refused(shop.pk, "sms", [person], today) == {person: "no_consent"}
    consent.give(shop, person, GOOD, by=boss, now=NOW)
    assert [(one.purpose, one.basis.purpose) for one in consent.consents_of(shop.pk, person)] == [
        ("care", "care"), ("marketing", "marketing"),
    ]  # fmt: skip
    consent.opt_out(shop, "sms", purpose="care", now=NOW, source="staff", person_id=person)
    assert consent.refused(shop.pk, "sms", [person], today) == {}
    assert consent.refused(shop.pk, "sms", [person], today, "care") == {person: "opted_out"}
    refusals = consent.refusals_of(shop, person)
    assert consent.refused_channels(refusals, "care") == {"sms"}
    assert consent.refused_channels(refusals, "marketing") == set()
    consent.give(shop, person, GOOD, by=boss, now=NOW, asked_again=True)
    assert OptOut.objects.get().ended_at is None, "another purpose stays refused"
    with pytest.raises(consent.ConsentRefused):
        consent.give(shop, person, care, by=boss, now=NOW)
    with pytest.raises(consent.DeclarationRefused) as refused:
        consent.give(shop, person, replace(GOOD, purpose="sale"), by=boss, now=NOW)
    assert refused.value.code == "purpose"
    with pytest.raises(ValueError, match="purpose: found 'sale'"):
        consent.opt_out(shop, "sms", purpose="sale", now=NOW, source="staff", person_id=person)


def test_a_number_refused_for_a_purpose_is_refused_for_that_one(shop: Shop, person: int) -> None:
    digest = VaultRecord.objects.get().phone_digest
    assert digest is not None
    for purpose, marketing, care in (
        ("profiling", "no_profiling", None), ("care", "no_profiling", "opted_out"), ("all", "opted_out", "opted_out"),
    ):  # fmt: skip
        consent.opt_out(shop, "sms", purpose=purpose, now=NOW, source="reply", contact_digest=digest)
        assert consent.refused_contacts(shop.pk, "sms", [digest]).get(digest) == marketing
        assert consent.refused_contacts(shop.pk, "sms", [digest], "care").get(digest) == care


def test_taking_it_back_ends_it_once(shop: Shop, boss: User, person: int) -> None:
    consent.give(shop, person, GOOD, by=boss, now=NOW)
    assert not consent.withdraw(shop, person, "sms", "care", by=boss, now=NOW)
    assert consent.withdraw(shop, person, "sms", "marketing", by=boss, now=NOW)
    assert not consent.withdraw(shop, person, "sms", "marketing", by=boss, now=NOW)
    assert consent.refused(shop.pk, "sms", [person], NOW.date()) == {person: "no_consent"}
    assert AuditEvent.objects.filter(act="consent.take").count() == 1


@pytest.mark.parametrize(
    ("channel", "person_id", "code"), [("email", 0, "contact"), ("sms", 12345, "unknown")]
)
def test_what_could_not_be_used_is_refused(
    shop: Shop, boss: User, person: int, channel: str, person_id: int, code: str
) -> None:
    with pytest.raises(consent.ConsentRefused) as refused:
        consent.give(shop, person_id or person, replace(GOOD, channel=channel), by=boss, now=NOW)
    assert refused.value.code == code and not ConsentBasis.objects.exists()


def test_without_proof_it_is_refused_like_a_declaration(shop: Shop, boss: User, person: int) -> None:
    with pytest.raises(consent.DeclarationRefused):
        consent.give(shop, person, replace(GOOD, proof=" "), by=boss, now=NOW)
    assert not AuditEvent.objects.exists()


def test_who_took_a_consent_back_is_covered_by_no_later_declaration(
    shop: Shop, boss: User, person: int
) -> None:
    """The page says that nothing is sent any more; the shop's next declaration must not bring it back."""
    consent.declare(shop, GOOD, by=boss, now=NOW)
    assert consent.withdraw(shop, person, "sms", "marketing", by=boss, now=LATER)
    assert consent.would_cover(shop, GOOD) == 0
    consent.declare(shop, replace(GOOD, wording_version="2026-2"), by=boss, now=LATER)
    assert consent.refused(shop.pk, "sms", [person], LATER.date()) == {person: "no_consent"}
    assert consent.would_cover(shop, replace(GOOD, channel="call")) == 1, (
        "of other channels they said nothing"
    )
    consent.give(shop, person, GOOD, by=boss, now=LATER)
    assert consent.refused(shop.pk, "sms", [person], LATER.date()) == {}


def test_a_basis_that_the_shop_took_back_may_be_declared_anew(shop: Shop, boss: User, person: int) -> None:
    basis = consent.declare(shop, GOOD, by=boss, now=NOW)
    assert consent.withdraw_basis(basis, by=boss, now=LATER) == 1
    assert consent.would_cover(shop, GOOD) == 1
    consent.declare(shop, GOOD, by=boss, now=LATER)
    assert consent.refused(shop.pk, "sms", [person], LATER.date()) == {}
