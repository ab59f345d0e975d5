"""Conditions on customer value: whom they hold for, and how they say that there is nothing to ask."""

from __future__ import annotations

import pytest

from laoke.audiences import counting, wording
from laoke.audiences.readings import reading_of
from laoke.audiences.segments import save_segment
from laoke.audiences.text import parse
from laoke.audiences.tree import TreeError
from laoke.audiences.trends import trend
from laoke.audiences.value_basis import value_basis
from laoke.insights.models import ValueReport
from tests.audiences.world import NOW, TODAY, World


def members(world: World, text: str) -> list[int]:
    return counting.members(world.shop, text, TODAY).column("person_id").to_pylist()


def refusal(world: World, text: str) -> tuple[str, str]:
    with pytest.raises(TreeError) as found:
        counting.count(world.shop, text, TODAY)
    return found.value.code, wording.refusal_text(found.value)


def test_expected_purchases_and_spend_hold_for_whom_the_worker_expects_them(world: World) -> None:
    world.buyers(1, 2, 3, 4)
    world.value({1: 0.1, 2: 0.2, 3: 2.0})
    assert members(world, "expected_orders(>= 0.5, within 90d)") == [2, 3]
    assert members(world, "expected_orders(< 0.5, within 90d)") == [1]
    assert members(world, "expected_orders(0.2, within 30d)") == [2]
    assert members(world, "expected_spend(>= 100.01, within 30d)") == [3]
    assert members(world, "not expected_spend(>= 100.01, within 30d)") == [1, 2, 4]  # 4 was not computed
    assert members(world, "active_probability(50%)") == [1, 2, 3]


def test_why_somebody_is_in_says_what_is_expected_or_that_nothing_was_computed(world: World) -> None:
    world.buyers(1, 2)
    world.value({1: 0.314}, p_alive=0.6049)
    text = "expected_orders(>= 0.5, within 90d) and expected_spend(>= 1, within 30d) and active_probability(>= 60%)"
    told = counting.explain(world.shop, text, 1, TODAY)
    assert told is not None and told.held
    assert [part.found_text for part in told.parts] == ["0.94", "¥31.40", "60.49%"]
    nobody = counting.explain(world.shop, text, 2, TODAY)
    assert nobody is not None and [part.found_text for part in nobody.parts] == ["没有算过"] * 3


def test_before_the_first_computation_the_filter_is_refused_and_not_counted_as_nobody(world: World) -> None:
    world.buyers(1)
    assert refusal(world, "expected_orders(>= 0.5, within 90d)") == (
        "no_value", "还没有算过客户价值，算好以前这个条件数不了",
    )  # fmt: skip
    assert refusal(world, "not active_probability(>= 60%)")[0] == "no_value"
    save_segment(world.shop, "会再来的", "active_probability(>= 60%)", by=None, now=NOW)
    assert refusal(world, 'segment("会再来的") or bought')[0] == "no_value"
    assert counting.count(world.shop, "bought", TODAY).n == 1


def test_where_nothing_could_be_said_the_filter_is_refused_in_other_words(world: World) -> None:
    world.buyers(1)
    world.value({}, model="")
    assert refusal(world, "expected_spend(>= 1, within 30d)")[0] == "no_value_said"


def test_rates_are_counted_and_named_and_know_no_probability(world: World) -> None:
    world.buyers(1, 2)
    world.value({1: 0.1, 2: 0.2}, model="rates", p_alive=None)
    node = parse("expected_orders(>= 0.15, within 30d)")
    assert members(world, "expected_orders(>= 0.15, within 30d)") == [2]
    basis = value_basis(world.shop, node, TODAY)
    assert basis is not None and "回购率" in wording.value_text(basis)
    assert refusal(world, "active_probability(>= 60%)") == (
        "only_rates", "这家店的客户价值只照同类客户的回购率估，没有还是客户的机会，这个条件数不了",
    )  # fmt: skip
    assert value_basis(world.shop, parse("bought"), TODAY) is None


def test_older_values_say_their_day_and_a_model_of_today_says_nothing(world: World) -> None:
    world.buyers(1)
    world.value({1: 0.1})
    node = parse("expected_orders(>= 0, within 30d)")
    basis = value_basis(world.shop, node, reading_of(world.shop, TODAY).as_of)
    assert basis is not None and wording.value_text(basis) == ""
    ValueReport.objects.update(as_of_day="2025-11-01")
    older = value_basis(world.shop, node, TODAY)
    assert older is not None
    assert wording.value_text(older) == "客户价值算到 2025-11-01，那以后才第一次买的人不在里面"


def test_a_trend_says_that_value_is_known_as_of_now(world: World) -> None:
    world.buyers(1)
    world.value({1: 0.1})
    assert trend(world.shop, "expected_orders(>= 0.1, within 30d)", TODAY).as_now
