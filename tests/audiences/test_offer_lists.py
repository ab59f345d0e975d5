"""The lists of segments that offers are for: counted by the worker in bounded steps, and again after changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from laoke.audiences import offer_lists
from laoke.audiences.models import Segment
from laoke.audiences.offer_lists import ensure_list, to_choose, turn
from laoke.audiences.segments import archive_segment, save_segment
from laoke.customers import tags
from laoke.customers.models import Customer, Erasure
from laoke.promotions import engine
from laoke.promotions.buyer_lists import BOUGHT, segment_key
from laoke.promotions.models import BuyerList, BuyerListMember, Offer
from laoke.promotions.offers import add_offer, archive_offer
from laoke.shops.tokens import make_token
from tests.audiences.world import AS_OF, NOW, World
from tests.warehouse.shops import order

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def nothing_left():
    offer_lists._left.clear()
    yield
    offer_lists._left.clear()


def bought(world: World, times: dict[int, int]) -> None:
    """So many orders of each person, each on a day of its own."""
    world.load(
        [
            order(f"o{person}-{n}", person, day=AS_OF - 10 - n)
            for person, count in times.items()
            for n in range(count)
        ]
    )


def segment(world: World, text: str = "bought(2+)", name: str = "多次") -> Segment:
    return save_segment(world.shop, name, text, by=world.user, now=NOW)


def offered(world: World, audience: str) -> Offer:
    """An offer that runs on the shop's day."""
    window = {"start": (NOW - timedelta(days=1)).isoformat(), "end": (NOW + timedelta(days=9)).isoformat()}
    given = {
        "name": "八折", "layer": "item", "mechanic": "percent_off", "terms": {"pay_bp": 8_000}, "audience": audience,
        "window": window,
    }  # fmt: skip
    return add_offer(world.shop, given, by=world.user, now=NOW)


def listed(row: BuyerList) -> list[int]:
    return sorted(BuyerListMember.objects.filter(of=row).values_list("person_id", flat=True))


def run(now=NOW) -> int:
    turns = 0
    while turn(now):
        turns += 1
        assert turns < 50
    return turns


def test_a_segment_that_an_offer_is_for_is_counted(world: World) -> None:
    bought(world, {1: 1, 2: 2, 3: 5})
    row = ensure_list(segment(world))
    assert run() == 0 and listed(row) == []  # no offer asks for it yet
    offered(world, row.key)
    assert run() == 1
    row.refresh_from_db()
    assert listed(row) == [2, 3]
    assert (row.count, row.counted_at, row.name, row.text) == (2, NOW, "多次", "bought(2+)")
    assert run() == 0


def test_a_changed_segment_is_counted_at_once_and_changed_facts_after_a_rest(world: World) -> None:
    bought(world, {1: 1, 2: 2, 3: 5})
    one = segment(world)
    row = ensure_list(one)
    offered(world, row.key)
    run()
    save_segment(world.shop, "常客", "bought(3+)", by=world.user, now=NOW, segment=one)
    assert run() == 1 and listed(row) == [3]
    row.refresh_from_db()
    assert row.name == "常客"

    bought(world, {1: 1, 2: 3, 3: 5})
    assert run(NOW + timedelta(minutes=9)) == 0 and listed(row) == [3]
    assert run(LATER) == 1 and listed(row) == [2, 3]
    assert run(NOW + timedelta(days=1)) == 1  # a new day has new windows


def test_many_people_are_listed_in_bounded_steps_and_count_when_all_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer_lists, "STEP", 3)
    bought(world, dict.fromkeys(range(1, 8), 2))
    row = ensure_list(segment(world))
    offer = offered(world, row.key)
    assert turn(NOW) and len(listed(row)) == 3
    row.refresh_from_db()
    assert row.counted_at is None
    assert run() == 2 and listed(row) == [1, 2, 3, 4, 5, 6, 7]
    archive_offer(offer, by=None, now=NOW)
    assert run() == 4 and listed(row) == []
    row.refresh_from_db()
    assert row.counted_at is None


def test_nobody_is_put_on_a_list_who_is_being_erased(world: World) -> None:
    bought(world, {1: 2, 2: 2})
    for number in (1, 2):
        Customer.objects.create(id=number, owner=world.owner, person_id=number, created_at=NOW)
    Erasure.objects.create(
        owner=world.owner, shop=world.shop, person_id=1, requested_by=world.user, requested_at=NOW
    )
    row = ensure_list(segment(world))
    offered(world, row.key)
    run()
    row.refresh_from_db()
    assert (listed(row), row.count) == ([2], 1)


def test_a_segment_that_was_put_away_or_names_what_is_gone_has_nobody(world: World) -> None:
    bought(world, {1: 2, 2: 2})
    tag = tags.make_tag(world.shop, "挑剔", now=NOW)
    one = segment(world, 'bought(2+) and not tag("挑剔")')
    row = ensure_list(one)
    offered(world, row.key)
    assert to_choose(world.shop) == [one]
    run()
    tag.delete()
    assert to_choose(world.shop) == []
    save_segment(world.shop, one.name, 'bought(1+) and not tag("挑剔")', by=world.user, now=NOW, segment=one)
    assert run(LATER) == 0
    row.refresh_from_db()
    assert row.error == "unknown: 挑剔"
    tags.make_tag(world.shop, "挑剔", now=NOW)
    assert run(LATER + timedelta(minutes=9)) == 0
    assert run(LATER + timedelta(minutes=10)) == 1
    row.refresh_from_db()
    assert (row.error, listed(row)) == ("", [1, 2])
    archive_segment(one, now=NOW)
    run(LATER + timedelta(minutes=11))
    row.refresh_from_db()
    assert row.error == "segment_archived"


def test_who_has_bought_is_listed_for_offers_by_history(world: World) -> None:
    bought(world, {1: 1, 2: 3})
    offered(world, engine.FIRST_ORDER)
    assert run() == 0
    make_token(world.shop, name="收银", scopes=("coupons:use",), days=30, by=None, now=NOW)
    run()
    row = BuyerList.objects.get(key=BOUGHT)
    assert (listed(row), row.count) == ([1, 2], 2)


def test_nothing_is_counted_before_there_are_facts(world: World) -> None:
    row = ensure_list(segment(world))
    offered(world, segment_key(Segment.objects.get().pk))
    assert run() == 0
    row.refresh_from_db()
    assert (row.counted_at, row.error) == (None, "")
