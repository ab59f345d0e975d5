"""When and where buyers were seen: the same as SQL says of the same parts, however they are cut."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laoke.intake.loading import seen
from laoke.intake.loading.seen import seen_buyers

DAY = datetime(2018, 10, 1)
Order = tuple[int | None, datetime, str, str]
ORDERS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 4)),
        st.integers(-3, 3).map(lambda hours: DAY + timedelta(hours=hours)),
        st.sampled_from(["", "浙江", "上海", "a", "😀"]),
        st.sampled_from(["", "杭州", "宁波", "上海", "\uffff"]),
    ),
    max_size=12,
)
SCHEMA = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("created_at", pa.timestamp("us")),
        ("province", pa.string()),
        ("city", pa.string()),
    ]
)
RIVAL = """
SELECT customer_id, min(created_at) AS first_seen,
       max(CASE WHEN province <> '' THEN (created_at, province, city) END) AS place
FROM read_parquet($parts) WHERE customer_id IS NOT NULL GROUP BY customer_id ORDER BY customer_id
"""


def staged(folder: Path, *parts: list[Order]) -> list[Path]:
    found = []
    for number, orders in enumerate(parts):
        found.append(folder / f"orders-{number}.parquet")
        columns = zip(*orders, strict=True) if orders else [[], [], [], []]
        arrays = [pa.array(list(values), field.type) for values, field in zip(columns, SCHEMA, strict=True)]
        pq.write_table(pa.table(arrays, schema=SCHEMA), found[-1], use_dictionary=["province", "city"])
    return found


def test_a_buyer_lives_where_the_latest_order_that_names_a_province_went(tmp_path: Path) -> None:
    first = [(7, DAY, "浙江", "杭州"), (8, DAY, "", "无省市"), (None, DAY, "上海", "上海")]
    later = [(7, DAY + timedelta(days=2), "", ""), (7, DAY + timedelta(days=1), "上海", "上海")]
    assert seen_buyers(staged(tmp_path, first, later)).sort_by("customer_id").to_pylist() == [
        {"customer_id": 7, "first_seen": DAY, "province": "上海", "city": "上海"},
        {"customer_id": 8, "first_seen": DAY, "province": None, "city": None},
    ]


def test_of_two_places_at_one_moment_the_later_by_name_counts(tmp_path: Path) -> None:
    told = [(7, DAY, "浙江", "宁波"), (7, DAY, "浙江", "杭州"), (7, DAY, "上海", "上海")]
    for parts in (staged(tmp_path, told), staged(tmp_path, told[::-1])):
        [row] = seen_buyers(parts).to_pylist()
        assert (row["province"], row["city"]) == ("浙江", "杭州")


def test_orders_without_a_buyer_tell_of_nobody(tmp_path: Path) -> None:
    assert seen_buyers(staged(tmp_path, [(None, DAY, "浙江", "杭州")])).num_rows == 0


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(ORDERS, min_size=1, max_size=4), at_once=st.sampled_from([1, 5, 1_000]))
def test_sql_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: list[list[Order]], at_once: int
) -> None:
    monkeypatch.setattr(seen, "ROWS_AT_ONCE", at_once)
    files = staged(tmp_path, *parts)
    with duckdb.connect() as connection:
        rows = connection.execute(RIVAL, {"parts": [str(file) for file in files]}).fetchall()
    expected = [
        (customer, first, *((place[1], place[2]) if place else (None, None)))
        for customer, first, place in rows
    ]
    found = seen_buyers(files).sort_by("customer_id").to_pylist()
    assert [tuple(row.values()) for row in found] == expected
