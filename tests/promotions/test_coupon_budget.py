"""Which group gets which coupon under a budget: exact amounts, reasons, and every choice of small cases tried."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.promotions.coupon_budget import (
    BudgetPlan,
    Group,
    NoResponse,
    Option,
    Response,
    Terms,
    best_plan,
    options_of,
    relaxed_bound,
)

FIVE, TEN, TWENTY = 500, 1_000, 2_000


def response(orders_per_thousand: int, *, source: str = "") -> Response:
    ppm = orders_per_thousand * 1_000
    return Response(ppm, ppm, ppm, source)


def group(key: str, people: int, base: int, responses: dict[int, int], margin: int = 6_000) -> Group:
    return Group(key, people, base * 1_000, margin, {face: response(n) for face, n in responses.items()})


def test_what_a_coupon_takes_and_brings_is_exact() -> None:
    # 1,000 people; 30 orders without, 50 with a coupon of 10 yuan; an order is worth 60 yuan; 0.045 yuan a message.
    (option,) = options_of(group("睡", 1_000, 30, {TEN: 50}), Terms(10**9, message_millis=45))
    assert (option.spent_cents, option.gained_cents) == (50_000, 20 * 6_000 - 50_000 - 4_500)


def test_orders_that_do_not_use_the_coupon_cost_nothing() -> None:
    (option,) = options_of(group("睡", 1_000, 30, {TEN: 50}), Terms(10**9, used_bp=6_000))
    assert (option.spent_cents, option.gained_cents) == (30_000, 90_000)


def test_the_response_from_which_it_pays_is_told() -> None:
    (option,) = options_of(group("睡", 1_000, 30, {TEN: 50}), Terms(10**9))
    assert option.even_ppm == 36_000  # 36 orders of 50 yuan bring what 30 of 60 did
    at_even = Group("睡", 1_000, 30_000, 6_000, {TEN: Response(36_000, 36_000, 36_000)})
    assert options_of(at_even, Terms(10**9))[0].gained_cents == 0


def test_a_face_above_the_margin_never_pays() -> None:
    (option,) = options_of(group("睡", 1_000, 30, {TEN: 900}, margin=1_000), Terms(10**9))
    assert option.even_ppm is None


def test_an_interval_gives_the_ends_of_the_gain() -> None:
    measured = Group("睡", 1_000, 30_000, 6_000, {TEN: Response(50_000, 34_000, 66_000, "双11 · 1A")})
    (option,) = options_of(measured, Terms(10**9))
    assert (option.low_cents, option.gained_cents, option.high_cents) == (-10_000, 70_000, 150_000)
    assert option.measured


def chosen(plan: BudgetPlan) -> dict[str, tuple[int, str]]:
    return {one.key: (one.option.face_cents if one.option else 0, one.why) for one in plan.groups}


def test_money_goes_where_it_brings_most() -> None:
    groups = [
        group("睡着的", 2_000, 10, {FIVE: 30, TEN: 45}),
        group("忠诚的", 500, 200, {FIVE: 210, TEN: 220}),
        group("新来的", 1_000, 40, {FIVE: 60, TEN: 90, TWENTY: 100}),
        group("不认识的", 800, 0, {}),
    ]
    # asleep: 5 takes 300 and brings 2100, 10 takes 900 and brings 3300 yuan; new: 5 takes 300 and brings 900,
    # 10 takes 900 and brings 2100, 20 takes 2000 and brings 1600; to the loyal every coupon is given away
    plenty = best_plan(groups, Terms(10**9))
    assert chosen(plenty) == {
        "睡着的": (TEN, "best"), "忠诚的": (0, "loses"), "新来的": (TEN, "best"), "不认识的": (0, "unknown"),
    }  # fmt: skip
    assert (plenty.spent_cents, plenty.gained_cents, plenty.free_cents) == (180_000, 540_000, 540_000)
    tight = best_plan(groups, Terms(120_000))
    # 5 for the asleep with 10 for the new: 4200; the other way round also 4200; both at 5: 3000
    assert (tight.spent_cents, tight.gained_cents) == (120_000, 420_000)
    assert tight.proven and tight.free_cents == 540_000
    assert sorted(why for _, why in chosen(tight).values()) == ["best", "budget", "loses", "unknown"]
    little = best_plan(groups, Terms(30_000))
    assert chosen(little)["睡着的"] == (FIVE, "budget") and chosen(little)["新来的"] == (0, "budget")


def test_nothing_known_is_refused() -> None:
    with pytest.raises(NoResponse):
        best_plan([group("睡", 1_000, 30, {})], Terms(10_000))


def test_a_group_without_people_is_told_as_such() -> None:
    plan = best_plan([group("空", 0, 10, {FIVE: 40}), group("睡", 1_000, 10, {FIVE: 40})], Terms(10**9))
    assert chosen(plan) == {"空": (0, "nobody"), "睡": (FIVE, "best")}


def test_no_budget_buys_nothing_and_says_so() -> None:
    plan = best_plan([group("睡", 1_000, 10, {FIVE: 40})], Terms(0))
    assert (plan.spent_cents, plan.gained_cents, plan.bound_cents) == (0, 0, 0)
    assert chosen(plan) == {"睡": (0, "budget")}


def test_only_what_is_chosen_decides_whether_the_plan_rests_on_measures() -> None:
    measured = Group("睡", 1_000, 10_000, 6_000, {FIVE: Response(40_000, 30_000, 50_000, "双11 · 1A")})
    assert best_plan([measured, group("新", 10, 500, {FIVE: 500})], Terms(10**9)).measured
    assert not best_plan([measured, group("新", 10, 0, {FIVE: 500})], Terms(10**9)).measured


def groups() -> st.SearchStrategy[list[Group]]:
    responses = st.dictionaries(
        st.sampled_from([300, FIVE, 999, TEN, TWENTY]), st.integers(0, 400_000), max_size=3
    ).map(lambda found: {face: Response(ppm, ppm, ppm) for face, ppm in found.items()})
    one = st.builds(
        Group,
        st.just("x"),
        st.integers(0, 200_000),
        st.integers(0, 300_000),
        st.integers(1, 20_000),
        responses,
    )
    return st.lists(one, min_size=1, max_size=5).filter(lambda made: any(group.responses for group in made))


@settings(max_examples=300, deadline=None)
@given(groups(), st.integers(0, 50_000_000), st.integers(0, 200))
def test_no_choice_beats_the_plan_and_none_its_bound(made: list[Group], budget: int, millis: int) -> None:
    terms = Terms(budget, message_millis=millis)
    plan = best_plan(made, terms)
    best = 0
    every: list[list[Option | None]] = [[None, *options_of(one, terms)] for one in made]
    for picked in product(*every):
        taken = [one for one in picked if one is not None]
        if sum(one.spent_cents for one in taken) <= budget:
            best = max(best, sum(one.gained_cents for one in taken))
    assert plan.gained_cents == best
    assert plan.spent_cents <= budget
    assert (
        best
        <= plan.bound_cents
        <= relaxed_bound(
            [[one for one in options_of(group, terms) if one.gained_cents > 0] for group in made], budget
        )
    )
    assert plan.proven
