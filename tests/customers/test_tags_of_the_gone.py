"""Tags and cards of people who are being erased or were merged since a list named them, and tags of the same name."""

from __future__ import annotations

from datetime import datetime

import pytest

from laoke.customers import links, tags
from laoke.customers.erasure import Messages, delete_records, request_erasure
from laoke.customers.identities import resolve
from laoke.customers.models import PersonCard, PersonChange, PersonTag, Tag
from laoke.shops.models import Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)
NOTHING = Messages(lambda people, now: 0, lambda people: False, lambda people, now: 0, len)


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


def people(shop: Shop, *nicks: str) -> list[int]:
    found = resolve(shop, [(("nick", nick),) for nick in nicks], now=NOW)
    return sorted(one for one in found.ids if one is not None)


def test_nothing_is_written_down_of_who_is_being_erased(shop: Shop, boss: User) -> None:
    """Step 2 has deleted the tags by then, and nothing would delete these."""
    gone, other = people(shop, "小圆", "青木")
    request_erasure(shop, gone, by=boss, now=NOW, messages=NOTHING)
    assert delete_records(now=NOW, messages=NOTHING) == 1
    photo = tags.make_tag(shop, "爱晒图", now=NOW)
    assert tags.set_tag(photo, [gone, other], by=boss, now=NOW) == 1
    with pytest.raises(tags.TagRefused) as refused:
        tags.set_tag(photo, [gone], by=boss, now=NOW)
    assert refused.value.code == "erasing"
    with pytest.raises(tags.TagRefused):
        tags.set_card(shop, gone, now=NOW, importance=5, by=boss)
    assert tags.assign(shop, [gone, other], in_charge=None, by=boss, now=NOW) == 1
    for model in (PersonTag, PersonCard, PersonChange):
        assert not model.objects.filter(person_id=gone).exists(), model


def test_a_number_that_was_merged_away_means_the_person_it_is_now(shop: Shop, boss: User) -> None:
    """Lists name people as the last features know them; kept away is kept away."""
    kept, given_up = people(shop, "小圆", "青木")
    links.join_by_hand(shop, kept, given_up, why="打电话说的", by=boss, now=NOW)
    away = tags.make_tag(shop, "恶意退货", now=NOW, suppresses=True)
    assert tags.set_tag(away, [given_up], by=boss, now=NOW, reason="三次空包") == 1
    assert list(PersonTag.objects.values_list("person_id", flat=True)) == [kept]
    assert tags.assign(shop, [given_up], in_charge=None, by=boss, now=NOW) == 1
    assert list(PersonCard.objects.values_list("person_id", flat=True)) == [kept]


def test_a_tag_that_keeps_nothing_away_is_not_taken_for_one_that_does(shop: Shop, boss: User) -> None:
    tags.make_tag(shop, "投诉", now=NOW)
    with pytest.raises(tags.TagRefused) as refused:
        tags.make_tag(shop, "投诉", now=NOW, suppresses=True)
    assert refused.value.code == "no_suppressing"
    assert list(Tag.objects.values_list("name", "suppresses")) == [("投诉", False)]
    away = tags.make_tag(shop, "拉黑", now=NOW, suppresses=True)
    assert tags.make_tag(shop, "拉黑", now=NOW) == away, "one that does stays one that does"
