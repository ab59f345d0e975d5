"""Counting: what a filter counts now, with what the ledger decided a moment ago."""

from __future__ import annotations

import pytest

from laoke.audiences import counting
from laoke.audiences.readings import NotReady
from laoke.customers import tags
from tests.audiences.world import AS_OF, NOW, TODAY, World
from tests.warehouse.shops import order


def people(world: World, text: str, shop=None) -> list[int]:
    table = counting.members(shop or world.shop, text, TODAY)
    return table.column("person_id").to_pylist()


def test_a_shop_without_orders_says_so_instead_of_zero(world: World) -> None:
    with pytest.raises(NotReady) as refused:
        counting.count(world.shop, "everyone", TODAY)
    assert refused.value.code == "no_facts"


def test_a_tag_set_now_counts_now_and_one_taken_off_leaves(world: World) -> None:
    world.buyers(1, 2, 3)
    tag = tags.make_tag(world.shop, "挑剔", now=NOW)
    assert people(world, 'tag("挑剔")') == []
    tags.set_tag(tag, [2, 3], by=world.user, now=NOW)
    assert people(world, 'tag("挑剔")') == [2, 3]
    assert people(world, 'not tag("挑剔")') == [1]
    tags.unset_tag(tag, [2], by=world.user, now=NOW)
    assert people(world, 'tag("挑剔")') == [3]


def test_counts_steps_and_share(world: World) -> None:
    world.load(
        [
            order("a1", 1, day=AS_OF - 10, city="杭州"),
            order("a2", 1, day=AS_OF - 40, city="杭州"),
            order("b1", 2, day=AS_OF - 10, city="杭州"),
            order("c1", 3, day=AS_OF - 200, city="上海"),
            order("c2", 3, day=AS_OF - 300, city="上海"),
        ]
    )
    counted = counting.count(world.shop, 'bought(2+) and city = "杭州市"', TODAY)
    assert (counted.n, counted.people, counted.share) == (1, 3, 1 / 3)
    steps = counting.steps(world.shop, 'bought(2+) and city = "杭州市" and not last_order(<= 90d)', TODAY)
    assert [(step.remaining, step.removed) for step in steps] == [(2, 1), (1, 1), (0, 1)]


@pytest.mark.parametrize(
    "text",
    ["everyone", "bought(2+)", 'bought(2+) and city = "杭州"', "bought(1) or bought(2+)", "bought(9+)"],
)
def test_who_remains_after_the_last_step_is_who_is_counted(world: World, text: str) -> None:
    world.load(
        [
            order("a1", 1, day=AS_OF - 10, city="杭州"),
            order("a2", 1, day=AS_OF - 40, city="杭州"),
            order("b1", 2, day=AS_OF - 10, city="杭州"),
        ]
    )
    alone = counting.count(world.shop, text, TODAY)
    counted, steps = counting.count_by_steps(world.shop, text, TODAY)
    assert (counted.n, counted.people, counted.as_of) == (alone.n, 2, TODAY)
    assert steps[-1].remaining == counted.n


@pytest.mark.parametrize("stored", [("杭州", "浙江"), ("杭州市", "浙江省")])
def test_a_place_is_found_with_and_without_its_ending(world: World, stored: tuple[str, str]) -> None:
    city, province = stored
    world.load(
        [
            order("a", 1, day=AS_OF - 5, city=city, province=province),
            order("b", 2, day=AS_OF - 5, city="宁波", province="江西"),
        ]
    )
    for text in ('city = "杭州"', 'city = "杭州市"', 'province = "浙江"', 'province = "浙江省"'):
        assert people(world, text) == [1]
        assert people(world, f"not {text}") == [2]
