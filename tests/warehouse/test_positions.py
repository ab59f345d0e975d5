"""What stays of a file of which rows go, and a file written anew, which reads like the one before."""

import tempfile
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.warehouse import parquet
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.engine import connected
from laoke.warehouse.plan import files_in_range, positions_of_keys
from laoke.warehouse.positions import Positions
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders, table

OCTOBER, NOVEMBER = 17_830, 17_850
CITIES = ("杭州市", "宁波市", "")


def ids(rows: pa.Table) -> list[str]:
    return rows["order_id"].to_pylist()


@pytest.fixture
def ten(anywhere, monkeypatch) -> Positions:
    """Ten orders A0 to A9 in row groups of four, of which none is named yet."""
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 4)
    rows = [order(f"A{n}", day=OCTOBER, city=CITIES[n % 3], item_count=n) for n in range(10)]
    anywhere.append("orders", orders(*rows), app_id="1")
    (file,) = anywhere.files("orders")
    return Positions(file, CONTRACTS["orders"], np.array([], np.int64))


def test_what_stays_comes_by_row_groups_with_its_texts_as_dictionaries_however_rows_are_named(ten):
    named = replace(ten, rows=np.array([7, 4, 1, 4, 6, 5]))

    groups = list(named.others())

    assert [ids(group) for group in groups] == [["A0", "A2", "A3"], ["A8", "A9"]]
    assert named.count_others() == 5
    assert pa.types.is_dictionary(groups[0].schema.field("city").type)
    assert groups[0].schema.field("order_id").type == pa.string()
    assert "month" not in groups[0].column_names


def test_keys_are_found_at_their_positions_and_nowhere_when_nothing_comes(ten, anywhere):
    with connected(anywhere.root) as connection:
        files = [ten.file.as_posix()]
        connection.register("incoming", orders(order("A7"), order("B"), order("A3")))
        found = positions_of_keys(connection, CONTRACTS["orders"], files, ["shop_id", "order_id"])
        assert {file: sorted(rows.tolist()) for file, rows in found.items()} == {files[0]: [3, 7]}

        connection.unregister("incoming")
        connection.register("incoming", orders())
        assert positions_of_keys(connection, CONTRACTS["orders"], files, ["shop_id", "order_id"]) == {}


def test_files_whose_numbers_all_lie_elsewhere_are_not_looked_into(warehouse):
    for number, names in enumerate((["A1", "A5"], ["B1", "B5"], ["B3", "C1"])):
        warehouse.append("orders", orders(*map(order, names)), app_id=str(number))
    warehouse.append("orders", orders(order("B2", shop_id=2)), app_id="of another shop")
    files = {file.as_posix(): pq.read_table(file, partitioning=None) for file in warehouse.files("orders")}

    with connected(warehouse.root) as connection:
        for incoming, expected in (
            (["B2"], [["B1", "B5"]]),
            (["B4", "B2"], [["B1", "B5"], ["B3", "C1"]]),
            (["B5", "C1"], [["B1", "B5"], ["B3", "C1"]]),
            (["A6"], []),
            (["D"], []),
            (["A", "Z"], [["A1", "A5"], ["B1", "B5"], ["B3", "C1"]]),
        ):
            connection.register("incoming", orders(*map(order, incoming)))
            found = files_in_range(connection, CONTRACTS["orders"], list(files), ["shop_id", "order_id"])
            assert sorted(ids(files[file]) for file in found) == expected, incoming
            connection.unregister("incoming")


def test_a_file_written_anew_holds_plain_texts_for_every_reader(warehouse):
    rows = [order(f"A{n}", day=OCTOBER, city=CITIES[n % 3]) for n in range(10)]
    warehouse.append("orders", orders(*rows), app_id="1")
    (before,) = warehouse.files("orders")

    warehouse.upsert("orders", orders(rows[4] | {"city": "温州市"}), app_id="2")

    (after,) = warehouse.files("orders")
    assert pq.read_schema(after).remove_metadata() == pq.read_schema(before).remove_metadata()
    told = DeltaTable(str(warehouse.folder("orders"))).to_pyarrow_table().sort_by("order_id")
    assert told["city"].to_pylist() == [CITIES[n % 3] if n != 4 else "温州市" for n in range(10)]
    assert warehouse.reader().rows("SELECT count(*) AS n FROM orders WHERE city = '杭州市'") == [{"n": 4}]


def test_texts_too_many_for_a_dictionary_stay_what_they_are(warehouse):
    """Two megabytes of titles, where a dictionary page ends at one."""
    rows = [order(f"A{n}", day=OCTOBER, titles=f"{n:04d}" * 250) for n in range(2_000)]
    warehouse.append("orders", orders(*rows), app_id="1")

    for turn in range(2):
        changed = orders(*(row | {"memo_flag": turn + 1} for row in rows[turn::50]))
        warehouse.upsert("orders", changed, app_id=f"again-{turn}")

    told = warehouse.reader().rows("SELECT order_id, titles, memo_flag FROM orders ORDER BY order_id")
    assert {row["order_id"]: row["titles"] for row in told} == {r["order_id"]: r["titles"] for r in rows}
    assert [sum(row["memo_flag"] == flag for row in told) for flag in (1, 2)] == [40, 40]


def test_row_groups_are_joined_while_they_fit_and_never_cut(warehouse, monkeypatch):
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 4)
    warehouse.append("orders", orders(*(order(f"A{n}", day=OCTOBER) for n in range(10))), app_id="1")

    warehouse.upsert(
        "orders", orders(*(order(f"A{n}", day=OCTOBER, memo_flag=1) for n in (1, 4, 5))), app_id="2"
    )

    (file,) = warehouse.files("orders")
    found = pq.ParquetFile(file)
    groups = [ids(found.read_row_group(n)) for n in range(found.num_row_groups)]
    assert groups == [["A0", "A2", "A3"], ["A6", "A7", "A8", "A9"], ["A1", "A4", "A5"]]


KEYS = st.integers(0, 7)
ROW = st.tuples(
    KEYS, st.sampled_from([OCTOBER, NOVEMBER]), st.sampled_from(CITIES), st.sampled_from([None, 5, 6])
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(ROW, min_size=1, max_size=5, unique_by=lambda row: row[0])),
        st.tuples(st.just("change"), st.lists(KEYS, max_size=4, unique=True)),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=20)
@given(steps=STEPS)
def test_whatever_comes_and_goes_the_table_is_what_a_dictionary_would_be(steps):
    rival: dict[int, dict] = {}
    with tempfile.TemporaryDirectory() as folder, patch.object(parquet, "ROW_GROUP_ROWS", 3):
        warehouse = Warehouse(Path(folder))
        for number, (act, what) in enumerate(steps):
            if act == "upsert":
                rows = {
                    key: order(str(key), customer, day=day, city=city) for key, day, city, customer in what
                }
                rival |= rows
                warehouse.upsert("orders", orders(*rows.values()), app_id=str(number))
            else:
                rival = {key: row for key, row in rival.items() if key not in what}
                gone = orders(*(order(str(key)) for key in what)).select(["shop_id", "order_id"])
                warehouse.change("orders", CONTRACTS["orders"].empty(), gone, app_id=str(number))
        told = warehouse.reader().sql("SELECT * FROM orders ORDER BY order_id")

    assert told.to_pylist() == orders(*(rival[key] for key in sorted(rival))).to_pylist()


@settings(max_examples=15)
@given(
    steps=st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=6, unique=True), min_size=1, max_size=5)
)
def test_files_of_so_many_rows_each_hold_no_more_whatever_is_replaced(steps):
    name = "customer_tags"
    contract = replace(CONTRACTS[name], file_rows=3)
    rival: dict[int, str] = {}
    with tempfile.TemporaryDirectory() as folder, patch.dict(CONTRACTS, {name: contract}):
        warehouse = Warehouse(Path(folder))
        for number, persons in enumerate(steps):
            rows = [{"shop_id": 1, "person_id": person, "tag": f"t{number}"} for person in persons]
            rival |= dict.fromkeys(persons, f"t{number}")
            gone = table(name, rows).select(["shop_id", "person_id"])
            warehouse.change(name, table(name, rows), gone, app_id=str(number))
        told = warehouse.reader().rows(f"SELECT person_id, tag FROM {name} ORDER BY person_id")
        counts = [pq.read_metadata(file).num_rows for file in warehouse.files(name)]

    assert [(row["person_id"], row["tag"]) for row in told] == sorted(rival.items())
    assert max(counts) <= 3
