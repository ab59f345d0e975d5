"""Decisions about people leave one row each, and an audit row beside."""

from __future__ import annotations

from datetime import datetime

import pytest

from laoke.customers import history, links, tags
from laoke.customers.identities import resolve
from laoke.customers.models import Customer, PersonChange, PersonLink
from laoke.shops.models import AuditEvent, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


def people(shop: Shop, *nicks: str) -> list[int]:
    found = resolve(shop, [(("nick", nick),) for nick in nicks], now=NOW)
    return [one for one in found.ids if one is not None]


def told(*people: int) -> list[tuple[str, str, str]]:
    rows = PersonChange.objects.filter(person_id__in=people).order_by("pk")
    return [(row.act, row.source, row.reason) for row in rows]


def test_a_tag_put_on_and_taken_off_is_two_rows_and_two_audit_rows(shop: Shop, boss: User) -> None:
    [person] = people(shop, "小圆")
    tag = tags.make_tag(shop, "爱晒图", now=NOW)
    assert tags.set_tag(tag, [person], by=boss, now=NOW, reason="评价里有图") == 1
    assert tags.set_tag(tag, [person], by=boss, now=NOW) == 0
    assert tags.unset_tag(tag, [person], by=boss, now=NOW, reason="不晒了", source=history.FILE) == 1
    assert tags.unset_tag(tag, [person], by=boss, now=NOW) == 0
    assert told(person) == [("tag_on", "hand", "评价里有图"), ("tag_off", "file", "不晒了")]
    assert list(AuditEvent.objects.order_by("pk").values_list("act", "subject", "count")) == [
        ("tag.set", "爱晒图", 1),
        ("tag.unset", "爱晒图", 1),
    ]


def test_lifting_a_tag_that_keeps_marketing_away_needs_a_reason(shop: Shop, boss: User) -> None:
    [person] = people(shop, "小圆")
    tag = tags.make_tag(shop, "别打扰", now=NOW, suppresses=True)
    tags.set_tag(tag, [person], by=boss, now=NOW, reason="太挑剔")
    with pytest.raises(tags.TagRefused) as refused:
        tags.unset_tag(tag, [person], by=boss, now=NOW, reason=" ")
    assert refused.value.code == "needs_reason"
    assert told(person) == [("tag_on", "hand", "太挑剔")]
    tags.unset_tag(tag, [person], by=boss, now=NOW, reason="道过歉了")
    assert AuditEvent.objects.filter(act="tag.lift").count() == 1


def test_numbers_in_a_reason_are_masked(shop: Shop, boss: User) -> None:
    [person] = people(shop, "小圆")
    tags.set_tag(
        tags.make_tag(shop, "回头客", now=NOW), [person], by=boss, now=NOW, reason="打 13800000021 问的"
    )
    assert told(person) == [("tag_on", "hand", "打 138 **** **21 问的")]


def test_a_card_is_a_row(shop: Shop, boss: User) -> None:
    [person] = people(shop, "小圆")
    tags.set_card(shop, person, now=NOW, importance=4, by=boss)
    assert told(person) == [("card", "hand", "")]


def test_two_people_joined_by_hand_are_one_and_come_apart_again(shop: Shop, boss: User) -> None:
    first, second = people(shop, "小圆", "青木")
    link = links.join_by_hand(shop, second, first, why="本人说的", by=boss, now=NOW)
    assert dict(Customer.objects.values_list("pk", "person_id")) == {first: first, second: first}
    assert (link.state, link.reason, link.evidence["why"], link.decided_by) == (
        "linked", "by_hand", "本人说的", boss,
    )  # fmt: skip
    assert links.undo(link, shop, by=boss, now=NOW)
    assert dict(Customer.objects.values_list("pk", "person_id")) == {first: first, second: second}
    assert [act for act, *_ in told(first)] == ["joined", "split"]
    assert [act for act, *_ in told(second)] == ["split"]
    again = links.join_by_hand(shop, first, second, why="又核对过", by=boss, now=NOW)
    assert again.pk == link.pk and PersonLink.objects.count() == 1


@pytest.mark.parametrize(
    ("other", "why", "code"), [(0, "本人说的", "same"), (99, "本人说的", "unknown"), (1, "  ", "no_reason")]
)
def test_a_join_by_hand_that_makes_no_sense_is_refused(
    shop: Shop, boss: User, other: int, why: str, code: str
) -> None:
    known = people(shop, "小圆", "青木")
    wanted = known[other] if other < 2 else 12345
    with pytest.raises(links.JoinRefused) as refused:
        links.join_by_hand(shop, known[0], wanted, why=why, by=boss, now=NOW)
    assert refused.value.code == code
    assert not PersonLink.objects.exists() and not PersonChange.objects.exists()
