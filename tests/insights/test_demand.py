"""Demand by time and by goods: counted by hand, and held against a plain rival."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights import demand
from laoke.insights.demand import Demand, Windows
from tests.insights.small import BUYERS, DAYS, TODAY, bought, day_of, line, product, shop
from tests.warehouse.shops import at

WINDOWS = Windows(TODAY, 30)


def test_orders_fall_into_month_weekday_and_hour_and_are_told_a_day() -> None:
    # Day 17,956 was Friday, 1 March 2019; 14 days hold each weekday twice.
    rows = [bought(1, 1, 17_956, hour=9), bought(2, 2, 17_956, hour=9), bought(3, None, 17_963, hour=20)]
    with shop(rows) as reader:
        found = demand.times(reader, 1, 17_956, 17_969)

    assert found.orders == {(3, 4, 9): 2, (3, 4, 20): 1}
    assert (found.week()[4][9], found.week()[4][20], found.week()[0][9]) == (1.0, 0.5, 0.0)
    assert found.hours_of_months()[2][9] == 2 / 14
    assert found.weekdays_of_months()[2][4] == 1.5
    assert found.hours_of_months()[5] == [None] * 24
    by_hour, by_weekday, by_month = found.sums()
    assert (by_hour[9], by_hour[20], by_weekday[4], by_month[2]) == (2, 1, 3, 3)


def test_fake_orders_count_only_where_asked() -> None:
    rows = [bought(1, 1, TODAY), bought(2, 2, TODAY)]
    with shop(rows, fakes=["O2"]) as reader:
        without, with_them = (
            demand.times(one, 1, TODAY, TODAY).total for one in (reader, reader.counting_all())
        )

    assert (without, with_them) == (1, 2)


def test_nothing_sold_is_nothing_and_no_error() -> None:
    with shop([]) as reader:
        assert demand.times(reader, 1, TODAY - 9, TODAY).total == 0
        assert demand.goods(reader, 1, WINDOWS, 10) == demand.categories(reader, 1, WINDOWS) == []


def test_windows_are_equally_long_and_lie_beside_each_other_and_a_year_before() -> None:
    assert WINDOWS.params() == {
        "from_day": TODAY - 29, "to_day": TODAY, "before_from_day": TODAY - 59, "before_to_day": TODAY - 30,
        "year_before_from_day": TODAY - 394, "year_before_to_day": TODAY - 365,
    }  # fmt: skip
    assert WINDOWS.knows_before(TODAY - 59) and not WINDOWS.knows_before(TODAY - 58)
    assert WINDOWS.knows_year_before(TODAY - 394) and not WINDOWS.knows_year_before(TODAY - 393)


def of_orders(now: int, before: int) -> Demand:
    return Demand("P", "", "", now, before, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("now", "before", "trend"),
    [(0, 0, "few"), (9, 0, "few"), (10, 0, "rising"), (0, 10, "falling"), (9, 1, "steady"), (63, 37, "rising"),
     (62, 38, "steady"), (37, 63, "falling"), (1000, 900, "steady")],
)  # fmt: skip
def test_a_trend_is_what_chance_makes_less_than_once_in_a_hundred(now: int, before: int, trend: str) -> None:
    assert of_orders(now, before).trend() == trend


def test_an_order_without_lines_counts_as_its_titles_and_one_order_once_a_product() -> None:
    rows = [
        bought(1, 1, TODAY, titles="不看"), bought(2, 2, TODAY - 35, titles="老款"), bought(3, 2, TODAY - 370),
        bought(4, 3, TODAY - 1, titles="老款", item_count=3, paid=4_000),
    ]  # fmt: skip
    lines = [line("O1", 1, "P1"), line("O1", 2, "P1", quantity=2), line("O1", 3, "P2"), line("O3", 1, "P1")]
    with shop(rows, lines, [product("P1", "床品")]) as reader:
        goods = demand.goods(reader, 1, WINDOWS, 10)
        categories = demand.categories(reader, 1, WINDOWS)

    assert [
        (one.product_id, one.title, one.category, one.orders, one.orders_before, one.orders_year_before, one.units)
        for one in goods
    ] == [
        ("", "老款", "", 1, 1, 0, 3), ("P1", "款P1", "床品", 1, 0, 1, 3), ("P2", "款P2", "", 1, 0, 0, 1)
    ]  # fmt: skip
    assert [(one.paid_cents, one.year_before_paid_cents) for one in goods] == [
        (4_000, 0),
        (2_000, 1_000),
        (1_000, 0),
    ]
    assert [(one.category, one.orders, one.orders_before) for one in categories] == [
        ("", 2, 1),
        ("床品", 1, 0),
    ]


SALES = st.lists(
    st.tuples(
        BUYERS, DAYS, st.integers(0, 23), st.integers(0, 5_000),
        st.lists(st.tuples(st.sampled_from(["", "P1", "P2"]), st.integers(1, 3), st.integers(0, 900)), max_size=3),
    ),
    max_size=25,
)  # fmt: skip
CATEGORIES = {"P1": "床品", "P2": ""}


def facts(sales: list[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, lines = [], []
    for n, (who, day, hour, paid, bought_lines) in enumerate(sales):
        rows.append(bought(n, who, day, paid, hour=hour, titles=f"单{n % 3}", item_count=2))
        lines += [
            line(f"O{n}", at_line, of, quantity=pieces, paid_cents=cents)
            for at_line, (of, pieces, cents) in enumerate(bought_lines)
        ]
    return rows, lines


def parts(
    rows: list[dict[str, Any]], lines: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], str, str, int, int]]:
    """What was sold: order, product, title, pieces, cents."""
    found = []
    for row in rows:
        own = [one for one in lines if one["order_id"] == row["order_id"]]
        found += [(row, one["product_id"], one["title"], one["quantity"], one["paid_cents"]) for one in own]
        if not own:
            found.append((row, "", row["titles"], row["item_count"], row["paid_cents"]))
    return found


@given(SALES)
@settings(max_examples=12, deadline=None)
def test_goods_and_categories_say_what_a_plain_rival_says(sales: list[Any]) -> None:
    rows, lines = facts(sales)
    with shop(rows, lines, [product(one, category) for one, category in CATEGORIES.items()]) as reader:
        goods = demand.goods(reader, 1, WINDOWS, 1_000)
        categories = demand.categories(reader, 1, WINDOWS)

    spans = {
        "": (TODAY - 29, TODAY),
        "_before": (TODAY - 59, TODAY - 30),
        "_year": (TODAY - 394, TODAY - 365),
    }
    seen: dict[Any, set[Any]] = {}
    cents: Counter[Any] = Counter()
    units: Counter[Any] = Counter()
    for row, of, title, pieces, paid in parts(rows, lines):
        category = CATEGORIES.get(of, "")
        for name, (first, last) in spans.items():
            if not first <= day_of(row) <= last:
                continue
            for key in (("goods", of, "" if of else title), ("category", category)):
                seen.setdefault((key, name), set()).add(row["order_id"])
                cents[key, name] += paid
                units[key] += 0 if name else pieces
    keys = {key for key, _name in seen}
    told = {("goods", one.product_id, "" if one.product_id else one.title): one for one in goods}
    told |= {("category", one.category): one for one in categories}  # type: ignore[dict-item]
    assert told.keys() == keys
    for key, one in told.items():
        counts = tuple(len(seen.get((key, name), ())) for name in spans)
        assert (one.orders, one.orders_before, one.orders_year_before) == counts
        paid_in = tuple(cents[key, name] for name in spans)
        assert (one.paid_cents, one.before_paid_cents, one.year_before_paid_cents) == paid_in
        assert one.units == units[key]


@given(SALES, st.integers(0, 400))
@settings(max_examples=12, deadline=None)
def test_times_say_what_a_plain_rival_says(sales: list[Any], back: int) -> None:
    rows, _lines = facts(sales)
    with shop(rows) as reader:
        found = demand.times(reader, 1, TODAY - back, TODAY)

    inside = [row["paid_at"] for row in rows if TODAY - back <= day_of(row) <= TODAY]
    assert found.orders == Counter((when.month, when.weekday(), when.hour) for when in inside)
    days = [at(day, 0) for day in range(TODAY - back, TODAY + 1)]
    for weekday, hour in ((0, 10), (5, 23)):
        of_day = [day for day in days if day.weekday() == weekday]
        n = sum(1 for when in inside if (when.weekday(), when.hour) == (weekday, hour))
        assert found.week()[weekday][hour] == (n / len(of_day) if of_day else None)
