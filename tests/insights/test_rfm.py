"""RFM: breaks against all ways to cut, groups, previews and movements against plain rivals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights import rfm
from laoke.insights.natural_breaks import natural_breaks
from laoke.insights.rfm_groups import GRID, GROUPS, group_of
from laoke.warehouse.engine import Reader
from laoke.warehouse.features import CutPoints, build_features, write_features
from laoke.warehouse.store import Warehouse
from tests.insights.small import TODAY, bought
from tests.warehouse.shops import order, orders, table


def distance(values: list[int], counts: list[int]) -> Fraction:
    """The squared distance from the mean, exactly."""
    mean = Fraction(sum(v * n for v, n in zip(values, counts, strict=True)), sum(counts))
    return sum((n * (v - mean) ** 2 for v, n in zip(values, counts, strict=True)), Fraction(0))


def within(values: list[int], counts: list[int], starts: tuple[int, ...]) -> Fraction:
    return sum((distance(values[a:b], counts[a:b]) for a, b in pairwise((*starts, len(values)))), Fraction(0))


COUNTED = st.dictionaries(st.integers(-50, 400), st.integers(1, 40), min_size=1, max_size=9)


@given(COUNTED, st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_no_other_way_to_cut_is_better(counted: dict[int, int], classes: int) -> None:
    values = sorted(counted)
    counts = [counted[value] for value in values]
    found = natural_breaks(values, counts, classes)

    k = min(classes, len(values))
    ways = [(0, *rest) for rest in combinations(range(1, len(values)), k - 1)]
    best = min(within(values, counts, way) for way in ways)
    assert len(found.starts) == k and found.starts in ways
    assert within(values, counts, found.starts) == best
    whole = distance(values, counts)
    assert found.fit == pytest.approx(float(1 - best / whole) if whole else 1.0, abs=1e-12)


def test_values_fall_apart_where_there_is_a_gap() -> None:
    values = [1, 2, 3, 50, 51, 52, 400, 401]
    found = natural_breaks(values, [5, 9, 1, 3, 3, 3, 1, 1], 3)
    assert [values[start] for start in found.starts] == [1, 50, 400]
    assert natural_breaks([7], [3], 5).starts == (0,)
    assert natural_breaks([1, 2, 9], [1, 1, 1], 5).starts == (0, 1, 2)


@pytest.mark.parametrize(
    ("values", "counts", "classes"),
    [([2, 1], [1, 1], 2), ([1, 1], [1, 1], 2), ([1], [0], 1), ([], [], 2), ([1], [1], 0), ([1, 2], [1], 1)],
)
def test_breaks_of_what_is_not_counted_are_refused(
    values: list[int], counts: list[int], classes: int
) -> None:
    with pytest.raises(ValueError, match="values"):
        natural_breaks(values, counts, classes)


def test_thousands_of_values_are_cut_at_once() -> None:
    values = [value * value for value in range(3_000)]
    found = natural_breaks(values, [1 + value % 7 for value in range(3_000)], 5)
    assert len(found.starts) == 5 and 0.95 < found.fit < 1


def test_every_score_has_one_of_eleven_groups() -> None:
    scores = range(1, 6)
    found = Counter(group_of(r, f, m) for r in scores for f in scores for m in scores)
    assert sum(found.values()) == 125
    assert {*found, group_of(None, None, None)} == set(GROUPS) and len(GROUPS) == 11
    assert sorted(GRID) == [1, 2, 3, 4, 5] and {len(row) for row in GRID.values()} == {5}


@pytest.mark.parametrize("name", ["analyse.md", "analyse.zh-CN.md"])
def test_the_page_of_analyses_shows_the_grid(name: str) -> None:
    from django.utils.translation import override

    from laoke.web.pages.analysis.words import RFM_GROUPS

    text = (Path(__file__).parents[2] / "docs" / "how-to" / name).read_text(encoding="utf-8")
    rows = {
        row[0]: row[1:]
        for line in text.splitlines()
        if len(row := [c.strip() for c in line.split("|")[1:-1]]) == 6
    }
    with override("zh-hans"):
        words = {one: str(RFM_GROUPS[one]) if "zh" in name else one.replace("_", " ") for one in GROUPS}
    for score, row in GRID.items():
        told = rows.get(str(score)) or rows.get("2, 1") or rows["2、1"]
        assert told == [words[one] for one in row]


@pytest.mark.parametrize(
    ("scores", "group"),
    [((5, 5, 5), "champions"), ((5, 3, 4), "champions"), ((4, 4, 4), "loyal"), ((5, 1, 1), "new"),
     ((4, 1, 1), "promising"), ((5, 1, 2), "active"), ((3, 3, 3), "needs_attention"), ((3, 1, 2), "almost_lost"),
     ((2, 5, 5), "previously_loyal"), ((1, 4, 5), "previously_loyal"), ((1, 3, 4), "at_risk"), ((2, 2, 2), "dormant"),
     ((None, None, None), "prospects")],
)  # fmt: skip
def test_a_group_follows_from_recency_and_the_mean_of_the_others(
    scores: tuple[int | None, ...], group: str
) -> None:
    assert group_of(*scores) == group  # type: ignore[arg-type]


@contextmanager
def scored(rows: list[dict[str, Any]], cuts: CutPoints, *days: int) -> Iterator[Reader]:
    """A reader over these orders with features of the days."""
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(folder)
        warehouse.append("orders", orders(*rows), app_id="1")
        for day in days:
            features = build_features(warehouse.reader(), day, 1, cuts)
            write_features(warehouse, features, day, 1, app_id=f"f{day}")
        yield warehouse.reader()


def scores_of(reader: Reader, day: int) -> dict[int, tuple[int | None, ...]]:
    found = reader.rows(
        "SELECT person_id, r_score, f_score, m_score FROM customer_features WHERE as_of_day = $day",
        {"day": day},
    )
    return {row["person_id"]: (row["r_score"], row["f_score"], row["m_score"]) for row in found}


SALES = st.lists(
    st.tuples(st.integers(1, 25), st.integers(0, 500), st.integers(0, 90_000)), min_size=1, max_size=60
)
CUTS = st.sampled_from(
    [
        CutPoints(), CutPoints(score_by="fixed"),
        CutPoints(
            score_by="lines", r_cuts=(20, 80, 200, 400), f_cuts=(2, 3, 4, 5), m_lines=(100, 5_000, 40_000, 90_000)
        ),
    ]
)  # fmt: skip


def rows_of(sales: list[Any]) -> list[dict[str, Any]]:
    return [bought(n, who, TODAY - ago, paid) for n, (who, ago, paid) in enumerate(sales)]


@given(SALES, CUTS, CUTS)
@settings(max_examples=6, deadline=None)
def test_a_preview_says_what_the_features_would(sales: list[Any], now: CutPoints, other: CutPoints) -> None:
    rows = rows_of(sales)
    with scored(rows, now, TODAY) as reader:
        before = scores_of(reader, TODAY)
        found = rfm.preview(reader, 1, TODAY, other)
        told = rfm.groups(reader, 1, TODAY)
    with scored(rows, other, TODAY) as reader:
        after = scores_of(reader, TODAY)

    assert found.persons == len(after)
    assert found.other_scores == sum(before[one] != after[one] for one in after)
    assert found.moves == Counter((group_of(*before[one]), group_of(*after[one])) for one in after)  # type: ignore[arg-type]
    assert found.other_groups == sum(
        group_of(*before[one]) != group_of(*after[one]) for one in after  # type: ignore[arg-type]
    )  # fmt: skip
    for at, letter in enumerate("rfm"):
        counts = Counter(scores[at] for scores in after.values())
        assert found.scores[letter] == tuple(counts[score] for score in range(1, 6))
    groups = Counter(group_of(*scores) for scores in before.values())  # type: ignore[arg-type]
    assert {one.name: one.persons for one in told} == {name: groups[name] for name in GROUPS}
    assert sum(one.net_cents for one in told) == sum(row["paid_cents"] for row in rows)


@given(SALES)
@settings(max_examples=6, deadline=None)
def test_movements_say_what_a_plain_rival_says(sales: list[Any]) -> None:
    rows = rows_of(sales)
    with scored(rows, CutPoints(), TODAY - 100, TODAY) as reader:
        before, after = scores_of(reader, TODAY - 100), scores_of(reader, TODAY)
        found = rfm.movement(reader, 1, TODAY - 100, TODAY)

    assert found == Counter(
        (group_of(*before[one]) if one in before else None, group_of(*after[one]))
        for one in after  # type: ignore[arg-type]
    )


@given(SALES)
@settings(max_examples=6, deadline=None)
def test_the_course_of_groups_is_that_of_each_day(sales: list[Any]) -> None:
    rows = rows_of(sales)
    days = [TODAY - 100, TODAY - 30, TODAY]
    with scored(rows, CutPoints(), *days) as reader:
        found = rfm.over_days(reader, 1, [TODAY - 100, TODAY])
        each = {day: rfm.groups(reader, 1, day) for day in days}

    assert [one.day for one in found] == [TODAY - 100, TODAY]
    for one in found:
        assert {name: one.persons[name] for name in GROUPS} == {
            group.name: group.persons for group in each[one.day]
        }
        assert {name: one.net_cents[name] for name in GROUPS} == {
            group.name: group.net_cents for group in each[one.day]
        }


def test_messages_are_counted_from_the_day_after_one_to_the_next() -> None:
    usual = {
        "shop_id": 1, "occasion_id": 1, "round_id": None, "campaign_id": None, "channel": "sms", "arm": "treated",
        "at": datetime(2019, 4, 14), "cost_millis": 0, "import_id": 0,
    }  # fmt: skip
    sent = [
        usual | {"person_id": n, "day": TODAY - ago, "state": state}
        for n, (ago, state) in enumerate(
            [(70, "delivered"), (60, "delivered"), (59, "delivered"), (59, "held_out"), (30, "accepted"),
             (29, "delivered"), (0, "planned")]
        )
    ]  # fmt: skip
    with scored([bought(1, 1, TODAY)], CutPoints(), TODAY) as reader:
        seen = Reader(reader.root, reader.versions, {"touches": table("touches", sent)})
        counted = rfm.messages_between(seen, 1, [TODAY - 60, TODAY - 30, TODAY], ["delivered", "accepted"])
        none = rfm.messages_between(reader, 1, [TODAY - 60, TODAY], ["delivered"])
        assert rfm.messages_between(reader, 1, [TODAY], ["delivered"]) == []

    assert (counted, none) == ([2, 1], [0])
    assert rfm.over_days(reader, 1, []) == []


@given(SALES)
@settings(max_examples=6, deadline=None)
def test_learnt_lines_score_each_class_of_the_breaks_alike(sales: list[Any]) -> None:
    rows = rows_of(sales)
    with scored(rows, CutPoints(), TODAY) as reader:
        learnt = rfm.learn(reader, 1, TODAY)
        known = reader.rows("SELECT person_id, last_day, rfm_orders, rfm_cents FROM customer_features")
    assert learnt is not None
    with scored(rows, learnt.taken_into(CutPoints()), TODAY) as reader:
        after = scores_of(reader, TODAY)

    for at, (name, scaled) in enumerate(
        (
            ("last_day", lambda day: TODAY - day),
            ("rfm_orders", lambda n: round(200 * math.log1p(n))),
            ("rfm_cents", lambda cents: round(200 * math.log1p(cents // 100))),
        )
    ):
        counts = Counter(scaled(row[name]) for row in known)
        values = sorted(counts)
        breaks = natural_breaks(values, [counts[value] for value in values], 5)
        for row in known:
            place = values.index(scaled(row[name]))
            number = sum(1 for start in breaks.starts if start <= place)
            score = after[row["person_id"]][at]
            assert score == (6 - number if name == "last_day" else number)


def test_nobody_who_paid_gives_nothing_to_learn_from() -> None:
    with scored([order("U1", 1, day=TODAY, status="unpaid")], CutPoints(), TODAY) as reader:
        assert rfm.learn(reader, 1, TODAY) is None
        assert rfm.proposal("learnt", CutPoints(), None) is None
        assert sum(one.persons for one in rfm.groups(reader, 1, TODAY)) == 0


def test_few_values_leave_scores_that_nobody_gets() -> None:
    # Everybody bought once, on one of two days, for one of two amounts.
    rows = [bought(n, n + 1, TODAY - 50 * (n % 2), 1_000 + 9_000 * (n % 2)) for n in range(10)]
    with scored(rows, CutPoints(), TODAY) as reader:
        learnt = rfm.learn(reader, 1, TODAY)
        assert learnt is not None
        found = rfm.preview(reader, 1, TODAY, learnt.taken_into(CutPoints()))

    assert (learnt.r_cuts, learnt.f_cuts, learnt.m_lines) == (
        (49, 50, 51, 52), (2, 3, 4, 5), (10_000, 10_100, 10_101, 10_102),
    )  # fmt: skip
    assert found.scores == {"r": (0, 0, 0, 5, 5), "f": (10, 0, 0, 0, 0), "m": (5, 5, 0, 0, 0)}
    assert learnt.values == {"r": 2, "f": 1, "m": 2}
