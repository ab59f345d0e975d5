"""Purchases summed up by person: against a slow plain rival, and where there is no room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.lifetime import summing
from laoke.lifetime.summing import Summaries, summarize

TODAY = 18_000
# Numbers that share their low or high bits, so that some meet at one place of the table.
PERSONS = st.one_of(st.integers(1, 4), st.sampled_from([2**62, 2**62 + 2**40, 2**33, 2**34, 2**63 - 1]))
BOUGHT = st.lists(st.tuples(PERSONS, st.integers(0, 200), st.integers(0, 10**9)), max_size=60)


def summed(bought: list[tuple[int, int, int]]) -> Summaries | None:
    """Of purchases as (person, days ago, amount)."""
    return summarize(
        np.array([person for person, _, _ in bought], np.int64),
        np.array([TODAY - ago for _, ago, _ in bought], np.int32),
        np.array([amount for _, _, amount in bought], np.int64),
        TODAY,
    )


@settings(deadline=None)
@given(bought=BOUGHT, room=st.sampled_from([1, 2, 1 << 17]))
def test_each_person_has_what_a_plain_rival_counts(bought: list[tuple[int, int, int]], room: int) -> None:
    days: dict[int, dict[int, int]] = {}
    for person, ago, amount in bought:
        of_person = days.setdefault(person, {})
        of_person[ago] = of_person.get(ago, 0) + amount
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summing, "FIRST_ROOM", room)
        found = summed(bought)

    assert found is not None
    told = zip(found.persons, found.frequency, found.recency, found.age, found.repeat, strict=True)
    assert [tuple(int(value) for value in row) for row in told] == [
        (person, len(of) - 1, max(of) - min(of), max(of), sum(of.values()) - of[max(of)])
        for person, of in sorted(days.items())
    ]


def test_two_purchases_of_the_first_day_are_no_repeat() -> None:
    found = summed([(7, 30, 100), (7, 30, 50), (7, 10, 20), (7, 10, 5)])

    assert found is not None
    assert (found.frequency.tolist(), found.recency.tolist(), found.repeat.tolist()) == ([1], [20], [25])


def test_where_the_days_of_all_need_too_much_memory_nothing_is_summed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bought = [(1, 0, 1), (2, 64, 1)]
    needed = 2 * (5 + 2) * 8
    monkeypatch.setattr(summing, "MOST_BYTES", needed)
    assert summed(bought) is not None
    monkeypatch.setattr(summing, "MOST_BYTES", needed - 1)

    assert summed(bought) is None
