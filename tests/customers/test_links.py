"""Proposals by phone and address, and the decisions on them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from laoke.customers import consent, links, tags
from laoke.customers.erasure import Messages, request_erasure
from laoke.customers.identities import join, resolve
from laoke.customers.models import Consent, Customer, OptOut, PersonLink, PersonTag
from laoke.customers.vault import Contact, store_contacts
from laoke.shops.models import AuditEvent, Dirty, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW, LATER = datetime(2026, 10, 31, 10), datetime(2026, 11, 2, 9)
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
    assert marked == {"person_map", "customer_reach", "customer_tags", "group_members"}
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
    assert [link.state for link in links.links_of(shop, links.customers_of(shop, first))] == [
        "proposed",
        "rejected",
    ]


def test_a_decision_can_be_taken_back(shop: Shop, boss: User) -> None:
    _first, _second, link = linked_pair(shop, boss)
    links.undo(link, shop, by=boss, now=NOW)
    assert links.reopen(link, shop, by=boss, now=NOW)
    assert [one.pk for one in links.waiting(shop)] == [link.pk]


WORDING = consent.Declaration(
    "sms", "seller", "我同意接收优惠短信", "1", date(2026, 1, 1), date(2026, 6, 1), "截图"
)


def agreeing(shop: Shop, boss: User, *persons: int) -> None:
    """These persons, each with a phone of their own, consent."""
    with_contacts(shop, *(Contact(one, phone=f"1380000{one % 10_000:04}") for one in persons))
    for one in persons:
        consent.give(shop, one, WORDING, by=boss, now=NOW)


def refused_ones(shop: Shop, *persons: int) -> dict[int, str]:
    return consent.refused(shop.pk, "sms", list(persons), NOW.date())


def by_hand(shop: Shop, boss: User, first: int, second: int, now: datetime = NOW) -> PersonLink:
    return links.join_by_hand(shop, first, second, why="同一个人打来的电话", by=boss, now=now)


def test_what_came_with_a_link_goes_with_its_own_side_when_another_link_is_undone(
    shop: Shop, boss: User
) -> None:
    """1+2, then 1+2+3 by a link between 2 and 3: without the first link 3's consent is no business of 1."""
    first, second, third = sorted(people(shop, "小圆", "青木", "山月"))
    agreeing(shop, boss, third)
    away = tags.make_tag(shop, "恶意退货", now=NOW, suppresses=True)
    tags.set_tag(away, [third], by=boss, now=NOW, reason="三次空包")
    one = by_hand(shop, boss, first, second)
    by_hand(shop, boss, first, third)
    other = PersonLink.objects.exclude(pk=one.pk).get()
    PersonLink.objects.filter(pk=other.pk).update(first_customer_id=second, second_customer_id=third)
    assert links.undo(one, shop, by=boss, now=NOW)
    assert persons() == {first: first, second: second, third: second}
    assert refused_ones(shop, first, second) == {first: "no_consent", second: "tag"}
    assert links.undo(PersonLink.objects.get(pk=other.pk), shop, by=boss, now=NOW)
    assert refused_ones(shop, first, second, third) == {
        first: "no_consent", second: "no_consent", third: "tag",
    }  # fmt: skip


def test_a_tag_that_two_had_stays_with_the_one_that_stays(shop: Shop, boss: User) -> None:
    first, second, third = sorted(people(shop, "小圆", "青木", "山月"))
    away = tags.make_tag(shop, "恶意退货", now=NOW, suppresses=True)
    tags.set_tag(away, [second, third], by=boss, now=NOW, reason="三次空包")
    one = by_hand(shop, boss, first, second)
    by_hand(shop, boss, first, third)
    assert links.undo(one, shop, by=boss, now=NOW)
    assert persons() == {first: first, second: second, third: first}
    assert refused_ones(shop, first, second) == {first: "tag", second: "tag"}


def test_a_link_undone_while_another_holds_gives_its_copies_back_with_the_other(
    shop: Shop, boss: User
) -> None:
    first, second = sorted(people(shop, "小圆", "青木"))
    with_contacts(shop, *(Contact(one, phone=PHONE, email="a@a.com") for one in (first, second)))
    consent.give(shop, second, WORDING, by=boss, now=NOW)
    links.propose(shop, now=NOW)
    both = list(PersonLink.objects.order_by("pk"))
    for link in both:
        assert links.accept(link, shop, by=boss, now=NOW)
    for link in both:
        assert links.undo(PersonLink.objects.get(pk=link.pk), shop, by=boss, now=NOW)
    assert persons() == {first: first, second: second}
    assert refused_ones(shop, first, second) == {first: "no_consent"}


def test_a_consent_taken_back_while_merged_is_back_on_neither_side(shop: Shop, boss: User) -> None:
    first, second = sorted(people(shop, "小圆", "青木"))
    agreeing(shop, boss, second)
    link = by_hand(shop, boss, first, second)
    assert consent.withdraw(shop, first, "sms", "marketing", by=boss, now=LATER)
    assert links.undo(link, shop, by=boss, now=LATER)
    assert refused_ones(shop, first, second) == {first: "no_consent", second: "no_consent"}


def test_a_consent_taken_back_under_one_number_ends_the_older_one_of_the_other_by_a_merge(
    shop: Shop, boss: User
) -> None:
    first, second = sorted(people(shop, "小圆", "青木"))
    agreeing(shop, boss, first, second)
    assert consent.withdraw(shop, second, "sms", "marketing", by=boss, now=LATER)
    by_hand(shop, boss, first, second, LATER)
    assert refused_ones(shop, first) == {first: "no_consent"}


def test_a_basis_the_shop_took_back_says_nothing_of_the_other_consent(shop: Shop, boss: User) -> None:
    first, second = sorted(people(shop, "小圆", "青木"))
    agreeing(shop, boss, first, second)
    consent.withdraw_basis(Consent.objects.get(person_id=second).basis, by=boss, now=LATER)
    by_hand(shop, boss, first, second, LATER)
    assert refused_ones(shop, first) == {}


def test_who_was_put_aside_while_merged_is_aside_on_both_sides(shop: Shop, boss: User) -> None:
    first, second = sorted(people(shop, "小圆", "青木"))
    agreeing(shop, boss, first, second)
    link = by_hand(shop, boss, first, second)
    away = tags.make_tag(shop, "恶意退货", now=NOW, suppresses=True)
    tags.set_tag(away, [first], by=boss, now=LATER, reason="三次空包")
    assert links.undo(link, shop, by=boss, now=LATER)
    assert refused_ones(shop, first, second) == {first: "tag", second: "tag"}


def test_a_tag_taken_off_the_whole_by_hand_does_not_come_back_with_a_split(shop: Shop, boss: User) -> None:
    first, second, third = sorted(people(shop, "小圆", "青木", "山月"))
    photo = tags.make_tag(shop, "爱晒图", now=NOW)
    tags.set_tag(photo, [third], by=boss, now=NOW)
    one = by_hand(shop, boss, first, second)
    by_hand(shop, boss, first, third)
    tags.unset_tag(photo, [first], by=boss, now=NOW)
    assert links.undo(one, shop, by=boss, now=NOW)
    assert not PersonTag.objects.filter(person_id=first).exists()


def erasing(shop: Shop, boss: User, person: int) -> None:
    nothing = Messages(lambda people, now: 0, lambda people: False, lambda people, now: 0, len)
    request_erasure(shop, person, by=boss, now=NOW, messages=nothing)


def test_who_is_being_erased_is_joined_with_nobody(shop: Shop, boss: User) -> None:
    """The customers of the erased would go over to the other and stay for ever, or the other's be erased too."""
    first, second = people(shop, "小圆", "青木")
    with_contacts(shop, Contact(first, phone=PHONE), Contact(second, phone=PHONE))
    links.propose(shop, now=NOW)
    link = PersonLink.objects.get()
    erasing(shop, boss, second)
    with pytest.raises(links.JoinRefused) as refused:
        links.accept(link, shop, by=boss, now=NOW)
    assert refused.value.code == "erasing"
    link.refresh_from_db()
    assert link.state == "proposed" and persons() == {first: first, second: second}
    assert join(shop, first, second, reason="same_row", now=NOW) == 0
    assert persons() == {first: first, second: second}


def test_who_is_being_erased_is_not_taken_apart(shop: Shop, boss: User) -> None:
    """The customer that left would not be erased, though the person asked for all of it."""
    first, second, link = linked_pair(shop, boss)
    erasing(shop, boss, min(first, second))
    with pytest.raises(links.JoinRefused):
        links.undo(link, shop, by=boss, now=NOW)
    assert set(persons().values()) == {min(first, second)}
