"""What can hold for nobody is said so, and only that: whatever is named, the slow reading finds nobody for it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from laoke.audiences import wording
from laoke.audiences.contradictions import contradiction_in
from laoke.audiences.printing import print_filter
from laoke.audiences.text import parse
from laoke.audiences.tree import Amount, Day, InSegment, Node, Not, OneOf, Trait, Within, all_of
from tests.audiences.test_conditions import both
from tests.audiences.trees import bounds, dates, one_of, stars
from tests.audiences.world import World

IMPOSSIBLE = [
    "bought(0) and bought(2+)",
    "bought(0) and last_order(<= 30d)",
    "bought(0) and spent(>= 1, within 30d)",
    "bought(0, within 90d) and items(2+, within 30d)",
    "bought(0, within 90d) and average_order(>= 10, within 90d)",
    "bought(3+, within 30d) and bought(<= 2, within 90d)",
    "spent(>= 100, within 30d) and spent(< 100)",
    "bought(2+, in 2025-11-01..2025-11-11) and bought(1, in 2025-10-01..2025-11-30)",
    "last_order(<= 30d) and last_order(>= 90d)",
    "last_order(2025-01-01..2025-01-31) and last_order(2025-02-01)",
    "first_order(<= 30d) and last_order(>= 31d)",
    "first_order(2025-06-01) and last_order(2025-01-01..2025-05-31)",
    'city in ("杭州") and city in ("上海", "北京")',
    'city = "杭州" and not city in ("杭州市", "上海")',
    "lifecycle in (lost) and lifecycle in (active, silent)",
    "not group in (loyal) and not group in (active, ordinary)",
    "r_score(4+) and r_score(<= 3)",
    "bought(0) and mean_gap(<= 30d)",
    "expected_orders(>= 1, within 90d) and expected_orders(< 0.5, within 90d)",
    "active_probability(>= 60%) and active_probability(< 60%)",
    "answered(0) and answered(2+, within 30d)",
    "touched(0, within 90d) and delivered(sms, within 30d)",
    "touched(1, sms) and touched(2+, sms)",
    'holds_coupon(0, "券") and holds_coupon(2+, "券")',
    "had_case(0, open) and had_case(2+, open)",
    "points_held(100+) and points_held(<= 50)",
    "points_ending(100+, within 30d) and points_ending(<= 50, within 60d)",
    "points_used(0) and points_used(within 30d)",
    'drew(0) and won("双11 抽奖", within 30d)',
    'drew(1, within 90d) and drew(2+, "双11 抽奖", within 30d)',
    "brought(0) and brought(2+, within 365d)",
    'tag("晒单") and not tag("晒单")',
    "not everyone",
    "bought and (bought(0) and used_coupon or used_coupon and not used_coupon)",
    "not everyone or bought(0) and bought",
]
POSSIBLE = [
    "bought(0, within 30d) and bought(2+, within 90d)",
    "net_spent(>= 100, within 30d) and net_spent(< 100)",  # what was refunded long ago
    "average_order(>= 100, within 30d) and average_order(< 100)",
    "last_order(<= 30d) and last_order(>= 30d)",
    "first_order(>= 90d) and last_order(<= 30d)",
    'city = "杭州" and province = "上海"',
    "bought_month in (11) and bought_month in (6)",
    "bought(0) and lifecycle in (prospect)",
    "bought(0, within 30d) and coupon_share(>= 50%)",
    "bought(0) or bought(2+)",
    'tag("晒单") and not tag("挑剔")',
    "expected_orders(>= 1, within 365d) and expected_orders(< 1, within 30d)",
    "touched(0) and answered",  # an answer to what was sent from elsewhere
    "touched(0, sms) and delivered",
    "had_case(0, open) and had_case(2+)",
    'used_code(0, "甲") and used_code("乙") and used_code(0, within 30d)',
    "touched(0, within 30d) and touched(2+)",
    "points_held(0) and points_ending(within 30d)",  # what cannot be used yet
    "points_earned(0, within 30d) and points_used(within 30d)",
    'drew(0, "甲") and won("乙")',
    "brought(0) and was_brought",
    "bought(0) and refunded(>= 1)",  # money back that names no order
    'platform_level in ("甲") and platform_level in ("乙")',  # one person, two accounts
]


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_what_can_hold_for_nobody_is_named(text: str) -> None:
    found = contradiction_in(parse(text))
    assert found is not None and 1 <= len(found.parts) <= 2
    assert wording.impossible_text(parse(text)).startswith("没有人")


@pytest.mark.parametrize("text", POSSIBLE)
def test_what_may_hold_is_left_alone(text: str) -> None:
    assert contradiction_in(parse(text)) is None and wording.impossible_text(parse(text)) == ""


def test_the_sentence_says_which_parts_cannot_meet() -> None:
    said = wording.impossible_text(parse("reachable(sms) and last_order(<= 30d) and last_order(>= 90d)"))
    assert said == "没有人能同时满足：最近一次购买 在 30 天以内；最近一次购买 在 90 天前或更早"


def test_a_segment_that_holds_for_nobody_leaves_nobody() -> None:
    assert contradiction_in(InSegment("空", parse("not everyone"))) is not None
    assert contradiction_in(InSegment("空")) is None


def parts() -> st.SearchStrategy[Node]:
    """Conditions that look at few things, so that two of them often look at the same."""
    windows = st.sampled_from([None, Within(90), Within(365)])
    measures = st.sampled_from(
        ["bought", "items", "spent", "refunded", "net_spent", "average_order", "full_price"]
    )
    plain = st.one_of(
        st.builds(Amount, measures, bounds(3), windows),
        st.builds(Day, st.sampled_from(["last_order", "first_order"]), st.one_of(bounds(400), dates())),
        st.sampled_from(["city", "group"]).flatmap(one_of),
        st.builds(Trait, st.just("r_score"), stars()),
        st.builds(Trait, st.just("mean_gap"), bounds(100)),
    )
    return plain | plain.filter(lambda one: isinstance(one, OneOf | Amount)).map(Not)


def test_nobody_is_found_for_what_is_called_impossible(world: World) -> None:
    _reading, slow = both(world, 8)
    seen = []

    @settings(
        max_examples=100,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
    )
    @given(st.lists(parts(), min_size=2, max_size=3))
    def holds(given_parts: list[Node]) -> None:
        tree = all_of(*given_parts)
        assume(contradiction_in(tree))
        seen.append(tree)
        assert slow.members(tree) == [], print_filter(tree)

    holds()
    assert len(seen) >= 80


@pytest.mark.parametrize(
    "text",
    [
        'province in ("内蒙古") and province in ("内蒙古自治区")',
        'province in ("新疆维吾尔自治区") and province in ("新疆")',
        'province = "广西壮族自治区" and province = "广西"',
        'province = "香港特别行政区" and province = "香港"',
    ],
)
def test_one_place_spelled_in_two_ways_is_no_contradiction(text: str) -> None:
    """The query reads both spellings as one place, so there may be people."""
    assert contradiction_in(parse(text)) is None
