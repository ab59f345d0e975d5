"""Concentration, steps of spending and regions: by hand, and held against plain rivals."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights import concentration, regions
from laoke.insights.concentration import STEPS, Hundredth, Pareto
from laoke.warehouse.features import build_features, write_features
from laoke.warehouse.store import Warehouse
from tests.insights.small import DAYS, TODAY, bought, day_of, line, person_of, shop
from tests.warehouse.shops import orders


def test_the_best_fifth_brings_most() -> None:
    # Ten buyers: two bring 40.00 each, eight 2.50 each.
    rows = [bought(n, 100 + n, TODAY, 4_000 if n < 2 else 250) for n in range(10)]
    with shop(rows) as reader:
        found = concentration.pareto(reader, 1, TODAY, TODAY)

    assert (found.persons, found.net_cents) == (10, 10_000)
    assert [one.part for one in found.parts] == [1, 11, 21, 31, 41, 51, 61, 71, 81, 91]
    assert found.best(20) == Hundredth(20, 2, 2, 8_000, 4_000)
    assert found.best(100) == Hundredth(100, 10, 10, 10_000, 250)
    assert found.best(10) == Hundredth(10, 1, 1, 4_000, 4_000)
    assert found.best(9) is None and found.best(1) is None, "of ten nobody is the best hundredth"
    assert found.share_for(0.5) == 0.2 and found.share_for(0.4) == 0.1
    assert found.cumulated()[:3] == [(0.0, 0.0), (0.1, 0.4), (0.2, 0.8)]


def test_without_money_there_is_no_share() -> None:
    assert Pareto(()).best(20) is None and Pareto(()).share_for(0.5) is None
    assert Pareto((Hundredth(1, 3, 3, 0, 0),)).cumulated() == []


MANY = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 250)), DAYS, st.integers(0, 9_000), st.integers(0, 9_000)),
    max_size=400,
)


def rows_of(sales: list[Any]) -> list[dict[str, Any]]:
    return [bought(n, who, day, paid, min(paid, back)) for n, (who, day, paid, back) in enumerate(sales)]


@given(MANY, st.integers(0, 700))
@settings(max_examples=12, deadline=None)
def test_hundredths_say_what_a_plain_rival_says(sales: list[Any], back: int) -> None:
    rows = rows_of(sales)
    with shop(rows) as reader:
        found = concentration.pareto(reader, 1, TODAY - back, TODAY)

    net: Counter[int] = Counter()
    counts: Counter[int] = Counter()
    for row in rows:
        person = person_of(row)
        if person is not None and TODAY - back <= day_of(row) <= TODAY:
            net[person] += row["paid_cents"] - row["refunded_cents"]
            counts[person] += 1
    ranked = sorted(counts, key=lambda person: (-net[person], person))
    parts: dict[int, list[int]] = {}
    for place, person in enumerate(ranked):
        parts.setdefault(1 + place * 100 // len(ranked), []).append(person)
    assert found.parts == tuple(
        Hundredth(
            part, len(own), sum(counts[p] for p in own), sum(net[p] for p in own), min(net[p] for p in own)
        )
        for part, own in sorted(parts.items())
    )


def test_goods_by_money_with_titles_where_there_are_no_lines() -> None:
    rows = [
        bought(1, 1, TODAY, 5_000),
        bought(2, 2, TODAY, 3_000, 1_000, titles="老款", item_count=2),
        bought(3, 2, TODAY - 9),
    ]
    lines = [line("O1", 1, "P1", paid_cents=4_000, refunded_cents=500), line("O1", 2, "P2")]
    with shop(rows, lines) as reader:
        found = concentration.goods(reader, 1, TODAY, TODAY, 10)
        first = concentration.goods(reader, 1, TODAY, TODAY, 1)

    told = [
        (one.product_id, one.title, one.orders, one.units, one.paid_cents, one.net_cents) for one in found
    ]
    assert told == [
        ("P1", "款P1", 1, 1, 4_000, 3_500),
        ("", "老款", 1, 2, 3_000, 2_000),
        ("P2", "款P2", 1, 1, 1_000, 1_000),
    ]
    assert first == found[:1]


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(0, 700), st.integers(0, 300_000), st.booleans()),
        max_size=60,
    )
)
@settings(max_examples=12, deadline=None)
def test_steps_of_spending_say_what_a_plain_rival_says(sales: list[Any]) -> None:
    from tempfile import TemporaryDirectory

    rows = [
        bought(n, who, TODAY - ago, paid, paid if back else 0)
        for n, (who, ago, paid, back) in enumerate(sales)
    ]
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(folder)
        warehouse.append("orders", orders(*rows), app_id="1")
        write_features(warehouse, build_features(warehouse.reader(), TODAY, 1), TODAY, 1, app_id="f")
        found = concentration.spending_steps(warehouse.reader(), 1, TODAY)

    own: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        own.setdefault(row["customer_id"], []).append(row)
    expected: dict[str, tuple[Counter[int], Counter[int]]] = {}
    for bought_by in own.values():
        days = {day_of(row) for row in bought_by}
        net = sum(row["paid_cents"] - row["refunded_cents"] for row in bought_by)
        away = TODAY - max(days)
        stage = next(
            (
                name
                for most, name in ((90, "active"), (180, "silent"), (365, "dormant"), (720, "nearly_lost"))
                if away <= most
            ),
            "lost",
        )
        stage = "new_customer" if stage == "active" and len(days) == 1 else stage
        step = sum(net // len(days) >= edge for edge in STEPS)
        persons, money = expected.setdefault(stage, (Counter(), Counter()))
        persons[step] += 1
        money[step] += net
    assert {one.lifecycle: (one.persons, one.net_cents) for one in found} == {
        stage: (tuple(persons[n] for n in range(7)), tuple(money[n] for n in range(7)))
        for stage, (persons, money) in expected.items()
    }


PLACES = st.sampled_from(
    [("", ""), ("浙江省", "杭州市"), ("浙江省", "宁波市"), ("广东省", "广州市"), ("广东省", "")]
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, 1, 2, 11]), DAYS, st.integers(0, 9_000), st.integers(0, 9_000), PLACES
        ),
        max_size=40,
    ),
    st.integers(0, 700),
)
@settings(max_examples=12, deadline=None)
def test_regions_say_what_a_plain_rival_says(sales: list[Any], back: int) -> None:
    rows = [
        bought(n, who, day, paid, min(paid, given_back), province=place[0], city=place[1])
        for n, (who, day, paid, given_back, place) in enumerate(sales)
    ]
    with shop(rows) as reader:
        found = regions.regions(reader, 1, TODAY - back, TODAY)

    inside = [row for row in rows if TODAY - back <= day_of(row) <= TODAY]
    for told, columns in ((found.provinces, ("province",)), (found.cities, ("province", "city"))):
        by_place: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in inside:
            by_place.setdefault(tuple(row[name] for name in columns), []).append(row)
        assert {(one.province, one.city)[: len(columns)] for one in told} == by_place.keys()
        for one in told:
            here = by_place[(one.province, one.city)[: len(columns)]]
            net = [row["paid_cents"] - row["refunded_cents"] for row in here]
            known = [cents for row, cents in zip(here, net, strict=True) if row["customer_id"] is not None]
            assert one.buyers == len({person_of(row) for row in here} - {None})
            assert (one.orders, one.paid_cents) == (len(here), sum(row["paid_cents"] for row in here))
            assert (one.net_cents, one.buyers_net_cents) == (sum(net), sum(known))
            assert one.cents_per_buyer == (round(sum(known) / one.buyers) if one.buyers else None)
        assert [one.net_cents for one in told] == sorted((one.net_cents for one in told), reverse=True)
    assert found.net_cents == sum(row["paid_cents"] - row["refunded_cents"] for row in inside)
