"""Coupons, new and returning buyers, categories one after the other: by hand, and held against plain rivals."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights import buying
from laoke.insights.buying import OTHERS, CouponHabit, Transition, gathered
from laoke.insights.repurchase import month_no
from tests.insights.small import BUYERS, DAYS, TODAY, bought, day_of, line, person_of, product, shop

SALES = st.lists(
    st.tuples(BUYERS, DAYS, st.integers(0, 9_000), st.integers(0, 9_000), st.booleans()), max_size=30
)


def rows_of(sales: list[Any]) -> list[dict[str, Any]]:
    return [
        bought(n, who, day, paid, min(paid, back), coupon_used=coupon)
        for n, (who, day, paid, back, coupon) in enumerate(sales)
    ]


def net(row: dict[str, Any]) -> int:
    cents: int = row["paid_cents"] - row["refunded_cents"]
    return cents


def test_who_uses_a_coupon_every_time_and_who_now_and_then() -> None:
    times = {1: (3, 3), 2: (3, 1), 3: (3, 2), 4: (4, 3), 5: (2, 0), 6: (1, 1), 7: (1, 0)}
    rows = [
        bought(who * 10 + n, who, TODAY - n, 1_000, coupon_used=n < coupons)
        for who, (orders, coupons) in times.items()
        for n in range(orders)
    ]
    with shop(rows) as reader:
        found = buying.coupon_habits(reader, 1, TODAY - 9, TODAY)

    assert found == [
        CouponHabit(False, 0, 1, 1, 1_000), CouponHabit(False, 4, 1, 1, 1_000), CouponHabit(True, 0, 1, 2, 2_000),
        CouponHabit(True, 1, 1, 3, 3_000), CouponHabit(True, 2, 1, 3, 3_000), CouponHabit(True, 3, 1, 4, 4_000),
        CouponHabit(True, 4, 1, 3, 3_000),
    ]  # fmt: skip


@given(SALES, st.integers(0, 700))
@settings(max_examples=12, deadline=None)
def test_coupons_and_newness_say_what_plain_rivals_say(sales: list[Any], back: int) -> None:
    rows = rows_of(sales)
    with shop(rows) as reader:
        months = buying.coupon_months(reader, 1, TODAY - back, TODAY)
        habits = buying.coupon_habits(reader, 1, TODAY - back, TODAY)
        kinds = buying.newness(reader, 1, TODAY - back, TODAY)

    inside = [row for row in rows if TODAY - back <= day_of(row) <= TODAY]
    by_month: dict[int, list[dict[str, Any]]] = {}
    own: dict[int, list[dict[str, Any]]] = {}
    for row in inside:
        by_month.setdefault(month_no(row["paid_at"]), []).append(row)
        person = person_of(row)
        if person is not None:
            own.setdefault(person, []).append(row)
    assert [
        (one.month_no, one.orders, one.coupon_orders, one.net_cents, one.coupon_net_cents) for one in months
    ] == [
        (
            month, len(here), sum(row["coupon_used"] for row in here), sum(map(net, here)),
            sum(net(row) for row in here if row["coupon_used"]),
        )
        for month, here in sorted(by_month.items())
    ]  # fmt: skip
    expected: Counter[tuple[bool, int]] = Counter()
    for here in own.values():
        share = sum(row["coupon_used"] for row in here) / len(here)
        step = 0 if share == 0 else 4 if share == 1 else 1 if share <= 1 / 3 else 2 if share <= 2 / 3 else 3
        expected[len(here) >= 2, step] += 1
    assert {(one.several, one.step): one.persons for one in habits} == expected
    assert sum(one.net_cents for one in habits) == sum(net(row) for here in own.values() for row in here)

    first: dict[int, int] = {}
    for row in rows:
        person = person_of(row)
        if person is not None:
            first[person] = min(first.get(person, day_of(row)), day_of(row))
    told = Counter[tuple[int, str]]()
    buyers: dict[tuple[int, str], set[int]] = {}
    for row in inside:
        person = person_of(row)
        kind = "unknown" if person is None else "new" if day_of(row) == first[person] else "returning"
        key = month_no(row["paid_at"]), kind
        told[key] += net(row)
        buyers.setdefault(key, set()).update(set() if person is None else {person})
    assert {(at, kind): one.net_cents for at, by in kinds.items() for kind, one in by.items()} == told
    assert {(at, kind): one.buyers for at, by in kinds.items() for kind, one in by.items()} == {
        key: len(people) for key, people in buyers.items()
    }
    assert sum(one.orders for by in kinds.values() for one in by.values()) == len(inside)


CATEGORIES = {"P1": "床品", "P2": "毛巾", "P3": ""}
LINES = st.lists(st.tuples(st.sampled_from(["", "P1", "P2", "P3", "P9"]), st.integers(0, 3)), max_size=3)


@given(
    st.lists(st.tuples(BUYERS, DAYS, st.integers(0, 3), LINES), max_size=25),
    st.integers(0, 700),
    st.integers(0, 40),
)
@settings(max_examples=12, deadline=None)
def test_transitions_say_what_a_plain_rival_says(sales: list[Any], back: int, ago: int) -> None:
    rows = [bought(n, who, day, paid) for n, (who, day, paid, _lines) in enumerate(sales)]
    lines = [
        line(f"O{n}", at, of, paid_cents=cents)
        for n, (_who, _day, _paid, own) in enumerate(sales)
        for at, (of, cents) in enumerate(own)
    ]
    as_of = TODAY - ago
    with shop(rows, lines, [product(*one) for one in CATEGORIES.items()]) as reader:
        found = buying.transitions(reader, 1, TODAY - back, TODAY, as_of)

    spent: dict[int, dict[int, Counter[str]]] = {}
    for row, (_who, _day, paid, own) in zip(rows, sales, strict=True):
        person = person_of(row)
        if person is None or day_of(row) > as_of:
            continue
        day = spent.setdefault(person, {}).setdefault(day_of(row), Counter())
        for of, cents in own or [("", paid)]:
            day[CATEGORIES.get(of, "")] += cents
    expected: Counter[tuple[str, str | None]] = Counter()
    for days in spent.values():
        main = [min(days[day], key=lambda name: (-days[day][name], name)) for day in sorted(days)]
        if TODAY - back <= min(days) <= TODAY:
            expected[main[0], main[1] if len(main) > 1 else None] += 1
    assert {(one.source, one.target): one.persons for one in found} == expected


def test_small_categories_become_one_and_nobody_is_lost() -> None:
    found = [
        Transition("a", "b", 9), Transition("c", "d", 2), Transition("a", None, 5), Transition("d", "c", 1),
        Transition("", "a", 1),
    ]  # fmt: skip
    assert gathered(found, 2) == [
        Transition("a", "b", 9), Transition("a", None, 5), Transition(OTHERS, OTHERS, 3), Transition("", "a", 1),
    ]  # fmt: skip
    assert gathered(found, 9) == sorted(found, key=lambda one: (-one.persons, one.source))
