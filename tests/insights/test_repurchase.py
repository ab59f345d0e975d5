"""Coming back: the curve with those who are still watched, waits and cohorts held against plain rivals."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights import repurchase
from laoke.insights.repurchase import Wait, curve
from tests.insights.small import BUYERS, DAYS, TODAY, bought, day_of, person_of, shop

EPOCH = date(1970, 1, 1)


def test_the_curve_of_a_textbook() -> None:
    # Remission times of the treated group in Freireich et al. (1963), the usual example of the estimate. Kalbfleisch
    # and Prentice give 0.857 after 6 weeks, 0.807, 0.753, 0.690, 0.627, 0.538 and 0.448 after 7, 10, 13, 16, 22 and 23.
    back = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    still = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    found = curve(Wait(days, back.get(days, 0), still.get(days, 0)) for days in back | still)

    assert found.persons == 21
    assert [(point.days, round(1 - point.share, 3)) for point in found.points] == [
        (6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448),
    ]  # fmt: skip
    assert [point.watched for point in found.points] == [21, 17, 15, 12, 11, 7, 6]
    # The interval that survival packages print for 10 weeks with the log-log scale: 0.503 to 0.889.
    ten = found.points[2]
    assert ten.low is not None and ten.high is not None
    assert (round(1 - ten.high, 3), round(1 - ten.low, 3)) == (0.503, 0.889)


def test_nobody_counts_for_days_that_have_not_been_yet() -> None:
    # 40 came long ago and half of them came back on day 10; 60 came five days ago.
    found = curve([Wait(10, 20, 0), Wait(400, 0, 20), Wait(5, 0, 60)])
    ten = found.at(10)
    assert ten is not None
    assert (ten.share, ten.watched, ten.came_back) == (0.5, 40, 20)
    assert found.at(9) == repurchase.Point(9, 0.0, 0.0, 0.0, 40, 0)
    assert found.watched_on(5) == 100


def test_the_curve_ends_where_too_few_are_watched() -> None:
    found = curve([Wait(10, 1, 0), Wait(30, 0, 19)])
    assert found.at(10) is not None
    assert (found.at(11), found.watched_on(11), found.watched_on(31)) == (None, 19, 0)
    assert curve([]).at(1) is None


def test_all_came_back() -> None:
    (point,) = curve([Wait(3, 25, 0)]).points
    assert (point.share, point.low, point.high, point.watched) == (1.0, None, None, 25)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=60))
def test_the_curve_says_what_a_plain_rival_says(people: list[tuple[int, bool]]) -> None:
    found = curve(Wait(days, int(back), int(not back)) for days, back in people)
    for days in range(32):
        away = Fraction(1)
        for day in sorted({at for at, back in people if back and at <= days}):
            watched = sum(1 for at, _back in people if at >= day)
            away *= 1 - Fraction(sum(1 for at, back in people if back and at == day), watched)
        still = sum(1 for at, _back in people if at >= days)
        assert found.watched_on(days) == still
        point = found.at(days)
        if still < repurchase.LEAST_WATCHED:
            assert point is None
        else:
            assert point is not None and point.share == pytest.approx(float(1 - away), abs=1e-12)
            assert point.came_back == sum(1 for at, back in people if back and at <= days)


SALES = st.lists(st.tuples(BUYERS, DAYS, st.integers(0, 9_000), st.booleans()), max_size=30)


def rows_of(sales: list[Any]) -> list[dict[str, Any]]:
    return [bought(n, who, day, paid, coupon_used=coupon) for n, (who, day, paid, coupon) in enumerate(sales)]


def test_orders_of_one_day_and_of_two_nicks_are_one_persons_purchase() -> None:
    rows = rows_of(
        [
            (1, TODAY - 100, 1, False),
            (11, TODAY - 100, 1, True),
            (11, TODAY - 70, 1, False),
            (2, TODAY, 1, False),
        ]
    )
    with shop(rows) as reader:
        found = repurchase.second_purchases(reader, 1, TODAY - 100, TODAY, TODAY)
        earlier = repurchase.second_purchases(reader, 1, TODAY - 99, TODAY, TODAY)
        then = repurchase.second_purchases(reader, 1, TODAY - 100, TODAY, TODAY - 71)

    assert found == {True: [Wait(30, 1, 0)], False: [Wait(0, 0, 1)]}
    assert earlier == {True: [], False: [Wait(0, 0, 1)]}
    assert then == {True: [Wait(29, 0, 1)], False: []}


@given(SALES, st.integers(0, 700), st.integers(0, 60))
@settings(max_examples=12, deadline=None)
def test_waits_say_what_a_plain_rival_says(sales: list[Any], back: int, ago: int) -> None:
    rows, as_of = rows_of(sales), TODAY - ago
    with shop(rows) as reader:
        found = repurchase.second_purchases(reader, 1, TODAY - back, TODAY, as_of)

    by_person: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        person = person_of(row)
        if person is not None and day_of(row) <= as_of:
            by_person.setdefault(person, []).append(row)
    expected: dict[bool, dict[int, list[int]]] = {False: {}, True: {}}
    for own in by_person.values():
        first, *later = sorted({day_of(row) for row in own})
        if not TODAY - back <= first <= TODAY:
            continue
        coupon = any(row["coupon_used"] for row in own if day_of(row) == first)
        counts = expected[coupon].setdefault((later[0] if later else as_of) - first, [0, 0])
        counts[0 if later else 1] += 1
    assert found == {
        coupon: [Wait(days, *counts) for days, counts in sorted(waits.items())]
        for coupon, waits in expected.items()
    }


@given(SALES, st.integers(0, 25), st.integers(0, 90))
@settings(max_examples=12, deadline=None)
def test_cohorts_say_what_a_plain_rival_says(sales: list[Any], months_back: int, ago: int) -> None:
    rows = rows_of(sales)
    seen_to = EPOCH + timedelta(days=TODAY - ago)
    first = seen_to - timedelta(days=30 * months_back)
    with shop(rows) as reader:
        found = repurchase.cohorts(reader, 1, first, seen_to, seen_to)

    months: dict[int, dict[int, int]] = {}
    for row in rows:
        person = person_of(row)
        if person is not None and row["paid_at"].date() <= seen_to:
            own = months.setdefault(person, {})
            number = repurchase.month_no(row["paid_at"].date())
            own[number] = own.get(number, 0) + row["paid_cents"]
    wanted: dict[int, dict[int, list[int]]] = {}
    for own in months.values():
        start = min(own)
        if repurchase.month_no(first) <= start <= repurchase.month_no(seen_to):
            for number, cents in own.items():
                cell = wanted.setdefault(start, {}).setdefault(number - start, [0, 0])
                cell[0] += 1
                cell[1] += cents
    assert {
        one.first_month: {k: [one.persons[k], one.net_cents[k]] for k in one.persons} for one in found.cohorts
    } == wanted
    assert [one.first_month for one in found.cohorts] == sorted(wanted)


def test_a_month_that_is_not_over_is_told_and_left_out_of_the_mean() -> None:
    # December 2018: persons 1 and 2; 1 came again in January, 2 in February. January: 3. Facts reach to 10 February.
    days = [
        (1, date(2018, 12, 3)),
        (2, date(2018, 12, 9)),
        (1, date(2019, 1, 2)),
        (3, date(2019, 1, 5)),
        (2, date(2019, 2, 9)),
    ]
    rows = [bought(n, who, (day - EPOCH).days) for n, (who, day) in enumerate(days)]
    with shop(rows) as reader:
        found = repurchase.cohorts(reader, 1, date(2018, 12, 1), date(2019, 2, 10), date(2019, 2, 10))
        over = repurchase.cohorts(reader, 1, date(2018, 12, 1), date(2019, 2, 28), date(2019, 2, 28))

    december, january = found.cohorts
    assert (december.size, december.share(1), december.share(2), january.size, january.share(1)) == (
        2,
        0.5,
        0.5,
        1,
        0.0,
    )
    assert (found.seen(december), found.whole(december, 1), found.whole(december, 2)) == (2, True, False)
    assert (found.mean(1), found.mean(2), over.mean(1), over.mean(2)) == (0.5, None, 1 / 3, 0.5)
    assert repurchase.month_name(found.last_month) == "2019-02"
