"""Which days are missing, and in which way."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from laoke.insights.coverage import Gap, Told, gaps

NOVEMBER = date(2026, 11, 1)


def day(number: int) -> date:
    return NOVEMBER + timedelta(days=number - 1)


def file(first: int, last: int, exported: datetime | None = None) -> Told:
    return Told(
        datetime.combine(day(first), datetime.min.time()),
        datetime.combine(day(last), datetime.min.time()) + timedelta(hours=23),
        exported,
    )


def sold(*days: int, each: int = 20) -> dict[date, int]:
    return {day(number): each for number in days}


def test_nothing_known_is_nothing_missing() -> None:
    assert gaps({}, [], dense=True) == []


def test_days_between_two_files_are_missing_together() -> None:
    found = gaps(sold(1, 2, 3, 7, 8), [file(1, 3), file(7, 8)], dense=True)

    assert found == [Gap(day(4), day(6), "uncovered", 20.0)]
    assert found[0].days == 3


def test_twelve_overlapping_files_in_any_order_leave_no_gap() -> None:
    files = [file(start, start + 4) for start in range(1, 25, 2)]

    assert gaps(sold(*range(1, 28)), files[::-1], dense=True) == []


def test_a_day_that_nobody_speaks_of_but_that_has_rows_is_not_missing() -> None:
    assert gaps(sold(1, 2, 3), [file(1, 1), file(3, 3)], dense=True) == []


def test_a_file_exported_before_its_last_day_was_over_leaves_half_a_day_missing() -> None:
    early = file(1, 3, datetime(2026, 11, 3, 15, 0))

    assert gaps(sold(1, 2, 3, 4), [early, file(4, 4)], dense=True) == [Gap(day(3), day(3), "partial", 20.0)]


def test_a_later_file_that_speaks_of_the_day_too_makes_it_whole() -> None:
    early = file(1, 3, datetime(2026, 11, 3, 15, 0))

    assert gaps(sold(1, 2, 3, 4), [early, file(3, 4)], dense=True) == []


def test_the_last_known_day_is_never_missing() -> None:
    assert gaps(sold(1, 2, 3), [file(1, 3, datetime(2026, 11, 3, 15, 0))], dense=True) == []


def test_a_day_without_a_sale_in_a_file_is_strange_only_where_many_are_usual() -> None:
    whole, days = [file(1, 9)], (1, 2, 3, 5, 6, 7, 8, 9)

    assert gaps(sold(*days, each=20), whole, dense=True) == [Gap(day(4), day(4), "silent", 20.0)]
    assert gaps(sold(*days, each=13), whole, dense=True) == []  # e^-13 is above one in a million


def test_a_week_without_a_sale_is_strange_where_two_a_day_are_usual() -> None:
    week = [1, 2, 3, *range(11, 20)]

    assert gaps(sold(*week, each=2), [file(1, 19)], dense=True) == [Gap(day(4), day(10), "silent", 2.0)]
    assert gaps(sold(*week, each=1), [file(1, 19)], dense=True) == []


def test_a_weekday_on_which_nothing_is_ever_sold_is_not_missing() -> None:
    saturdays = set(range(7, 71, 7))  # 7 November 2026 is one
    open_days = [number for number in range(1, 71) if number not in saturdays]

    assert gaps(sold(*open_days), [file(1, 70)], dense=True) == []
    # Sold on once, it is a day like others: the empty Saturdays within four weeks of it are strange.
    once = gaps(sold(*open_days, 35), [file(1, 70)], dense=True)
    assert [gap.first for gap in once] == [day(number) for number in (7, 14, 21, 28, 42, 49, 56, 63)]


def test_empty_days_beside_a_closed_one_are_missing_for_what_they_would_have_sold() -> None:
    saturdays = set(range(7, 71, 7))
    open_days = [number for number in range(1, 71) if number not in saturdays | {36, 37}]

    # Saturday to Monday; two open days at 6 a day chance may leave empty, at 7 not.
    assert gaps(sold(*open_days, each=6), [file(1, 70)], dense=True) == []
    assert gaps(sold(*open_days, each=7), [file(1, 70)], dense=True) == [Gap(day(35), day(37), "silent", 7.0)]


def test_a_month_without_a_sale_is_missing_with_its_closed_days() -> None:
    open_days = [*range(1, 31), *range(61, 91)]

    assert gaps(sold(*open_days), [file(1, 90)], dense=True) == [Gap(day(31), day(60), "silent", 20.0)]


def test_refunds_are_missing_only_where_files_of_refunds_leave_days_out() -> None:
    assert gaps(sold(1, 9), [], dense=False) == []
    assert gaps(sold(1, 9), [file(1, 9)], dense=False) == []
    assert gaps(sold(1, 9), [file(1, 3), file(6, 9)], dense=False) == [Gap(day(4), day(5), "uncovered", 0.0)]


@given(
    st.dictionaries(st.integers(1, 28), st.integers(0, 40)),
    st.lists(st.tuples(st.integers(1, 28), st.integers(0, 6), st.booleans()), max_size=8),
    st.booleans(),
)
def test_gaps_are_in_order_apart_inside_and_say_the_truth(
    counts: dict[int, int], spans: list[tuple[int, int, bool]], dense: bool
) -> None:
    told = [
        file(first, first + more, datetime.combine(day(first + more), datetime.min.time()) if early else None)
        for first, more, early in spans
    ]
    rows = {day(number): n for number, n in counts.items()}

    found = gaps(rows, told, dense=dense)

    spoken = {d for one in told for d in _days(*one.days)}
    for gap, following in pairwise(found):
        assert gap.last < following.first
    known = [*(d for d, n in rows.items() if n), *spoken]
    for gap in found:
        assert min(known) <= gap.first <= gap.last < max(known)
        for one in _days(gap.first, gap.last):
            assert (one in spoken) == (gap.kind != "uncovered")
            assert gap.kind == "partial" or not rows.get(one)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]
