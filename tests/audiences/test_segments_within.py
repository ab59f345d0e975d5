"""A segment in another: read as it is now, renamed with it, and refused with the reason when it is not there."""

from __future__ import annotations

import pytest

from laoke.audiences import counting, snapshots, wording
from laoke.audiences.models import Segment, Snapshot
from laoke.audiences.readings import reading_of
from laoke.audiences.references import MOST_DEEP, MOST_WITHIN, unknown_tags
from laoke.audiences.segments import archive_segment, save_segment
from laoke.audiences.text import parse
from laoke.audiences.tree import TreeError
from laoke.customers import tags
from tests.audiences.test_conditions import both
from tests.audiences.world import AS_OF, NOW, TODAY, World
from tests.warehouse.shops import order


def keep(world: World, name: str, text: str, segment: Segment | None = None) -> Segment:
    return save_segment(world.shop, name, text, by=world.user, now=NOW, segment=segment)


@pytest.fixture
def shop(world: World) -> World:
    world.load(
        [
            order("a1", 1, day=AS_OF - 10),
            order("a2", 1, day=AS_OF - 40),
            order("b1", 2, day=AS_OF - 10),
            order("c1", 3, day=AS_OF - 200),
        ]
    )
    return world


def people(world: World, text: str) -> list[int]:
    return counting.members(world.shop, text, TODAY).column("person_id").to_pylist()


def refusal(world: World, text: str) -> TreeError:
    with pytest.raises(TreeError) as refused:
        counting.count(world.shop, text, TODAY)
    return refused.value


def test_a_segment_counts_as_what_it_says_now(shop: World) -> None:
    kept = keep(shop, "老朋友", "bought(2+)")
    keep(shop, "近来的", 'segment("老朋友") or last_order(<= 30d)')
    assert people(shop, 'segment("老朋友")') == [1]
    assert people(shop, 'not segment("老朋友") and segment("近来的")') == [2]
    keep(shop, "老朋友", "bought(1)", kept)
    assert people(shop, 'segment("老朋友")') == [2, 3]
    steps = counting.steps(shop.shop, 'segment("近来的") and bought(1)', TODAY)
    assert [step.remaining for step in steps] == [3, 2]


def test_why_somebody_is_in_names_the_segment(shop: World) -> None:
    keep(shop, "老朋友", "bought(2+)")
    told = counting.explain(shop.shop, 'segment("老朋友")', 2, TODAY)
    assert told is not None
    assert (told.held, told.description, told.found_text) == (False, "在人群“老朋友”里", "否")


def test_one_that_does_not_exist_explains_itself_and_is_not_frozen(shop: World) -> None:
    error = refusal(shop, 'bought and segment("没有的")')
    assert (error.code, wording.refusal_text(error)) == (
        "segment_missing",
        "没有叫“没有的”的人群，改掉它再用",
    )
    with pytest.raises(TreeError):
        snapshots.freeze(shop.shop, 'segment("没有的")', now=NOW, by=shop.user)
    with pytest.raises(TreeError):
        keep(shop, "新的", 'segment("没有的")')
    assert not Snapshot.objects.exists() and not Segment.objects.exists()


def test_one_that_was_put_away_explains_itself(shop: World) -> None:
    kept = keep(shop, "老朋友", "bought(2+)")
    user = keep(shop, "用它的", 'segment("老朋友") and bought')
    archive_segment(kept, now=NOW)
    error = refusal(shop, user.text)
    assert (error.code, error.params["name"]) == ("segment_archived", "老朋友")
    assert "已经收起" in wording.refusal_text(error)


def test_a_circle_is_refused_with_the_way_round_it(shop: World) -> None:
    first = keep(shop, "甲", "bought")
    keep(shop, "乙", 'segment("甲") and bought(2+)')
    for text in ('segment("乙")', 'segment("甲")'):
        with pytest.raises(TreeError) as refused:
            keep(shop, "甲", text, first)
        assert refused.value.code == "segment_cycle"
    Segment.objects.filter(pk=first.pk).update(text='segment("乙")')  # as an older hand may have written it
    error = refusal(shop, 'segment("甲")')
    assert wording.refusal_text(error) == "人群“甲”绕了一圈又用到自己：甲 → 乙 → 甲"


def test_a_circle_by_a_new_name_is_found_too(shop: World) -> None:
    first = keep(shop, "甲", "bought")
    with pytest.raises(TreeError) as refused:
        keep(shop, "丙", 'segment("甲")', first)
    assert refused.value.code == "segment_cycle"


def test_a_new_name_is_taken_over_by_those_that_use_it(shop: World) -> None:
    kept = keep(shop, "老朋友", "bought(2+)")
    user = keep(shop, "用它的", 'segment("老朋友") or tag("segment(")')
    keep(shop, "贵客", "bought(2+)", kept)
    user.refresh_from_db()
    assert user.text == 'segment("贵客") or tag("segment(")'
    assert user.tree["parts"][0] == {"kind": "segment", "name": "贵客"}
    assert people(shop, user.text) == [1]


def test_segments_within_segments_have_an_end(shop: World) -> None:
    keep(shop, "s0", "bought")
    for number in range(1, MOST_WITHIN):
        keep(shop, f"s{number}", f'segment("s{number - 1}")')
    assert people(shop, f'segment("s{MOST_WITHIN - 1}")') == [1, 2, 3]
    with pytest.raises(TreeError) as refused:
        keep(shop, "too deep", f'segment("s{MOST_WITHIN - 1}")')
    assert refused.value.code == "segment_deep"


def test_segments_that_double_each_other_are_refused_before_they_fill_a_query(shop: World) -> None:
    keep(shop, "d0", "bought and used_coupon")
    for number in range(1, 8):
        below = f'segment("d{number - 1}")'
        keep(shop, f"d{number}", " or ".join([f"({below} and bought({one}+))" for one in range(1, 5)]))
    assert refusal(shop, 'segment("d7")').code == "too_many"


def test_what_a_segment_said_is_frozen_with_it(shop: World) -> None:
    keep(shop, "老朋友", "bought(2+)")
    taken = snapshots.freeze(shop.shop, 'segment("老朋友")', now=NOW, by=shop.user)
    frozen = snapshots.read_snapshot(taken)
    assert frozen.text == 'segment("老朋友")'
    assert frozen.people.to_pydict() == {"person_id": [1], "segment": [True]}
    _people, facts = snapshots._opened(taken)
    assert facts["tree"]["says"]["measure"] == "bought"  # type: ignore[index]


def test_another_shops_segment_is_not_there(shop: World) -> None:
    other = shop.another_shop("分店")
    save_segment(other, "别人的", "bought", by=None, now=NOW)
    assert refusal(shop, 'segment("别人的")').code == "segment_missing"


def test_tags_that_nobody_made_are_told(shop: World) -> None:
    tags.make_tag(shop.shop, "挑剔", now=NOW)
    keep(shop, "内层", 'not tag("挑踢")')
    tree = counting.tree_of(shop.shop, 'segment("内层") and not tag("挑剔") and tag("没有")')
    assert unknown_tags(shop.shop, tree) == ["挑踢", "没有"]


def test_a_segment_holds_for_whom_the_rival_says(world: World) -> None:
    _reading, slow = both(world, 9)
    keep(world, "内层", "bought(2+) and not used_coupon")
    inner = parse("bought(2+) and not used_coupon")
    expected = [person for person in sorted(slow.features) if not slow.holds(inner, person)]
    assert people(world, 'not segment("内层")') == expected
    assert reading_of(world.shop, TODAY).people == len(slow.features)


def test_segments_that_are_too_deep_together_are_refused_before_a_query_is_written(shop: World) -> None:
    """Each of them is allowed; what writes the query would end in the middle of it."""
    deep = 'not (tag("x") and not (tag("x") and not (tag("x") and not (tag("x") and {})))) '
    keep(shop, "0", deep.format("bought"))
    for level in range(1, 8):
        keep(shop, str(level), deep.format(f'segment("{level - 1}")'))
    found = refusal(shop, 'segment("7")')
    assert (found.code, found.params["most"]) == ("too_deep", MOST_DEEP)
    assert people(shop, 'segment("2")') is not None
