"""Habits out of one person's orders, beside slow rivals."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.insights import habits

DAY = date(2026, 1, 1)


def days(*offsets: int) -> list[date]:
    return [DAY + timedelta(days=n) for n in offsets]


def test_gaps_are_between_days_of_buying_and_a_day_counts_once() -> None:
    assert habits.gaps_of(days(40, 0, 10, 10)) == [10, 30]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_too_few_gaps_say_nothing_of_the_next(n: int) -> None:
    assert habits.next_order(days(*range(0, 10 * n, 10))) is None


def test_three_gaps_give_all_they_have_and_their_true_chance() -> None:
    found = habits.next_order(days(0, 10, 30, 60))
    assert found == habits.NextOrder(DAY + timedelta(days=70), DAY + timedelta(days=90), 0.5, 3)


def test_nine_gaps_reach_four_of_five() -> None:
    offsets = [0, 1, 3, 6, 10, 15, 21, 28, 36, 45]
    found = habits.next_order(days(*offsets))
    assert found is not None
    assert (found.earliest - DAY).days == 46 and (found.latest - DAY).days == 54 and found.chance == 0.8


def test_nineteen_gaps_cut_off_one_more_at_each_end() -> None:
    offsets = [n * (n + 1) // 2 for n in range(20)]
    found = habits.next_order(days(*offsets))
    assert found is not None
    assert ((found.earliest - DAY).days, (found.latest - DAY).days) == (190 + 2, 190 + 18)
    assert found.chance == 0.8


@pytest.mark.parametrize("gaps", [3, 4, 5, 6])
def test_the_chance_is_what_counting_all_orders_of_the_gaps_gives(gaps: int) -> None:
    """All orders in which n + 1 different gaps can come: how often does the last lie in the interval of the others?"""
    held = total = 0
    for order in permutations(range(1, gaps + 2)):
        offsets = [0]
        for gap in order[:-1]:
            offsets.append(offsets[-1] + gap)
        found = habits.next_order(days(*offsets))
        assert found is not None
        came = DAY + timedelta(days=offsets[-1] + order[-1])
        held += found.earliest <= came <= found.latest
        total += 1
        chance = found.chance
    assert held / total == pytest.approx(chance, abs=1e-12)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_the_middle_half_holds_at_least_half_and_its_ends_were_paid(values: list[int]) -> None:
    found = habits.middle_half(values)
    assert found is not None
    low, high = found
    assert low in values and high in values
    assert sum(low <= value <= high for value in values) * 2 >= len(values)


def test_the_middle_of_nothing_is_nothing() -> None:
    assert habits.middle([]) is None and habits.middle_half([]) is None
    assert habits.middle([5, 1, 9, 7]) == 5 and habits.middle_half([1, 2, 3, 4]) == (2, 3)


def test_days_by_month() -> None:
    assert habits.by_month([date(2025, 1, 31), date(2026, 1, 1), date(2026, 12, 5)]) == [2, *[0] * 10, 1]
