"""Proposals by phone and address, and the decisions on them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from laoke.customers import consent, links, tags
from laoke.customers.identities import resolve
from laoke.customers.models import Consent, Customer, OptOut, PersonLink, PersonTag
from laoke.customers.vault import Contact, store_contacts
from laoke.shops.models import AuditEvent, Dirty, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)
PHONE = "13800000021"


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


def people(shop: Shop, *nicks: str) -> list[int]:
    found = resolve(shop, [(("nick", nick),) for nick in nicks], now=NOW)
    return [one for one in found.ids if one is not None]


def with_contacts(shop: Shop, *contacts: Contact) -> None:
    store_contacts(shop, contacts)


def linked_pair(shop: Shop, boss: User) -> tuple[int, int, PersonLink]:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, phone=PHONE), Contact(second, phone=PHONE))
    links.propose(shop, now=NOW)
    link = PersonLink.objects.get()
    assert links.accept(link, shop, by=boss, now=NOW)
    return first, second, link


def persons() -> dict[int, int]:
    return dict(Customer.objects.values_list("pk", "person_id"))


def test_two_nicks_with_one_phone_are_proposed_and_not_joined(shop: Shop) -> None:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, phone=PHONE), Contact(second, phone=PHONE))
    assert links.propose(shop, now=NOW) == 1
    link = PersonLink.objects.get()
    assert (link.state, link.reason) == ("proposed", "phone")
    assert link.evidence == {"shared_by": 2, "valid": True}
    assert persons() == {first: first, second: second}


def test_an_address_proposes_too_and_letters_case_does_not_matter(shop: Shop) -> None:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, email="Yuan@a.com"), Contact(second, email="yuan@A.com"))
    assert links.propose(shop, now=NOW) == 1
    assert PersonLink.objects.get().reason == "email"


def test_proposing_again_proposes_nothing_new(shop: Shop) -> None:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, phone=PHONE), Contact(second, phone=PHONE))
    links.propose(shop, now=NOW)
    assert links.propose(shop, now=NOW) == 0


def test_a_number_that_many_share_proposes_nothing(shop: Shop) -> None:
    found = people(shop, *(f"买家{n}" for n in range(6)))
    with_contacts(shop, *(Contact(one, phone=PHONE) for one in found))
    assert links.propose(shop, now=NOW) == 0


def test_a_masked_number_proposes_nothing(shop: Shop) -> None:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, phone="138****0021"), Contact(second, phone="138****0021"))
    assert links.propose(shop, now=NOW) == 0


def test_a_stranger_of_another_owner_is_not_proposed(shop: Shop) -> None:
    other = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=NOW)
    with_contacts(shop, Contact(people(shop, "小圆")[0], phone=PHONE))
    with_contacts(other, Contact(people(other, "青木")[0], phone=PHONE))
    assert links.propose(shop, now=NOW) == 0


def test_accepting_makes_one_person_and_marks_the_mirrors(shop: Shop, boss: User) -> None:
    first, second, link = linked_pair(shop, boss)
    assert set(persons().values()) == {min(first, second)}
    assert (link.state, link.decided_by) == ("linked", boss)
    marked = set(Dirty.objects.values_list("mirror", flat=True))
    assert marked == {"person_map", "customer_reach", "customer_tags"}
    assert AuditEvent.objects.filter(act="person.join").count() == 1


def test_a_proposal_is_decided_once(shop: Shop, boss: User) -> None:
    _first, _second, link = linked_pair(shop, boss)
    assert not links.accept(link, shop, by=boss, now=NOW)
    assert not links.reject(link, shop, by=boss, now=NOW)


def test_a_rejected_pair_is_not_proposed_again(shop: Shop, boss: User) -> None:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, phone=PHONE), Contact(second, phone=PHONE))
    links.propose(shop, now=NOW)
    assert links.reject(PersonLink.objects.get(), shop, by=boss, now=NOW)
    assert links.propose(shop, now=NOW) == 0 and links.waiting(shop) == []
    assert persons() == {first: first, second: second}


def test_undoing_splits_again_and_keeps_the_row(shop: Shop, boss: User) -> None:
    first, second, link = linked_pair(shop, boss)
    assert links.undo(link, shop, by=boss, now=NOW)
    assert persons() == {first: first, second: second}
    assert PersonLink.objects.get().state == "undone"


def test_what_was_taken_apart_is_not_joined_by_a_row(shop: Shop, boss: User) -> None:
    row = [(("nick", "小圆"), ("ouid", "AAE1"))]
    resolve(shop, [(("nick", "小圆"),), (("ouid", "AAE1"),)], now=NOW)
    resolve(shop, row, now=NOW)
    links.undo(PersonLink.objects.get(), shop, by=boss, now=NOW)
    assert resolve(shop, row, now=NOW).joined == 0
    assert len(set(persons().values())) == 2


def test_undoing_one_of_two_links_leaves_the_others_together(shop: Shop, boss: User) -> None:
    first, second, third = people(shop, "小圆", "青木", "山月")
    with_contacts(
        shop,
        Contact(first, phone=PHONE, email="a@a.com"),
        Contact(second, phone=PHONE),
        Contact(third, email="a@a.com"),
    )
    links.propose(shop, now=NOW)
    for link in PersonLink.objects.all():
        links.accept(link, shop, by=boss, now=NOW)
    assert len(set(persons().values())) == 1
    links.undo(PersonLink.objects.get(reason="email"), shop, by=boss, now=NOW)
    assert persons() == {first: first, second: first, third: third}


def test_a_proposal_between_those_already_one_is_not_waiting(shop: Shop, boss: User) -> None:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, *(Contact(one, phone=PHONE, email="a@a.com") for one in (first, second)))
    links.propose(shop, now=NOW)
    assert len(links.waiting(shop)) == 2
    links.accept(links.waiting(shop)[0], shop, by=boss, now=NOW)
    assert links.waiting(shop) == []


def test_a_refusal_of_either_holds_for_the_merged_person_and_after_a_split(shop: Shop, boss: User) -> None:
    first, second = people(shop, "小圆", "青木")
    consent.opt_out(shop, "sms", now=NOW, source="reply", person_id=second)
    with_contacts(shop, Contact(first, phone=PHONE), Contact(second, phone=PHONE))
    links.propose(shop, now=NOW)
    link = PersonLink.objects.get()
    links.accept(link, shop, by=boss, now=NOW)
    assert consent.refused(shop.pk, "sms", [first], NOW.date()) == {first: "opted_out"}
    links.undo(link, shop, by=boss, now=NOW)
    after = consent.refused(shop.pk, "sms", [first, second], NOW.date())
    assert after == {first: "opted_out", second: "opted_out"}


def test_a_refusal_while_merged_reaches_both_after_a_split(shop: Shop, boss: User) -> None:
    first, second, link = linked_pair(shop, boss)
    consent.opt_out(shop, "sms", now=NOW, source="reply", person_id=min(first, second))
    links.undo(link, shop, by=boss, now=NOW)
    assert set(OptOut.objects.values_list("person_id", flat=True)) == {first, second}


def test_consent_and_tags_go_along_and_back(shop: Shop, boss: User) -> None:
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, phone=PHONE), Contact(second, phone=PHONE))
    declared = consent.Declaration(
        "sms", "seller", "我同意接收优惠短信", "1", date(2026, 1, 1), date(2026, 6, 1), "截图"
    )
    consent.declare(shop, declared, by=boss, now=NOW, only=[second])
    tags.set_tag(tags.make_tag(shop, "爱晒图", now=NOW), [second], by=boss, now=NOW)
    links.propose(shop, now=NOW)
    link = PersonLink.objects.get()
    links.accept(link, shop, by=boss, now=NOW)
    assert consent.refused(shop.pk, "sms", [first], NOW.date()) == {}
    assert PersonTag.objects.filter(person_id=first).exists()
    links.undo(link, shop, by=boss, now=NOW)
    assert consent.refused(shop.pk, "sms", [first, second], NOW.date()) == {first: "no_consent"}
    assert list(Consent.objects.values_list("person_id", flat=True)) == [second]
    assert list(PersonTag.objects.values_list("person_id", flat=True)) == [second]


def test_the_links_of_a_person_show_open_ones_first(shop: Shop, boss: User) -> None:
    first, second, third = people(shop, "小圆", "青木", "山月")
    with_contacts(shop, *(Contact(one, phone=PHONE) for one in (first, second, third)))
    links.propose(shop, now=NOW)
    links.reject(
        PersonLink.objects.get(first_customer_id=first, second_customer_id=second), shop, by=boss, now=NOW
    )
    assert [link.state for link in links.links_of(shop, first)] == ["proposed", "rejected"]


def test_a_decision_can_be_taken_back(shop: Shop, boss: User) -> None:
    _first, _second, link = linked_pair(shop, boss)
    links.undo(link, shop, by=boss, now=NOW)
    assert links.reopen(link, shop, by=boss, now=NOW)
    assert [one.pk for one in links.waiting(shop)] == [link.pk]
