"""Writing: one commit per write, a repeat skipped, conflicts tried again, nothing visible before the commit."""

import os
import subprocess
import sys
import textwrap
import threading
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from laoke.warehouse import delta, parquet
from laoke.warehouse.contracts import CONTRACTS, ContractError
from laoke.warehouse.delta import RefusedTable, WarehouseError
from laoke.warehouse.engine import connected
from laoke.warehouse.plan import StagedRows, files_with_keys
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders, table

OCTOBER, NOVEMBER = 17_830, 17_850


def stored(warehouse: Warehouse, columns: str = "order_id, memo_flag") -> list[tuple]:
    rows = warehouse.reader().sql(f"SELECT {columns} FROM orders ORDER BY order_id").to_pylist()
    return [tuple(row.values()) for row in rows]


def test_a_table_is_made_with_timestamps_without_zone(warehouse):
    warehouse.create("orders")
    warehouse.create("orders")

    assert warehouse.versions() == {"orders": 0}
    assert DeltaTable(str(warehouse.folder("orders"))).protocol().writer_features == ["timestampNtz"]


def test_an_append_is_one_version_with_one_file_per_month(warehouse):
    result = warehouse.append(
        "orders",
        orders(order("A", day=NOVEMBER), order("B", day=OCTOBER), order("C", day=NOVEMBER)),
        app_id="import:1",
    )

    assert (result.version, result.rows_new, result.skipped) == (1, 3, False)
    assert sorted(path.parent.name for path in warehouse.files("orders")) == [
        "month=2018-10",
        "month=2018-11",
    ]
    assert stored(warehouse, "order_id, month") == [("A", "2018-11"), ("B", "2018-10"), ("C", "2018-11")]
    assert all("month" not in pq.read_schema(path).names for path in warehouse.files("orders"))


@pytest.mark.parametrize("home", ["plain", "我的 店铺", "[店] a'b 100%#&+"])
def test_the_largest_file_is_named_first_because_duckdb_judges_all_by_it(tmp_path, home):
    warehouse = Warehouse(tmp_path / home)
    warehouse.append("orders", orders(order("A", day=OCTOBER)), app_id="few")
    many = [order(f"B{n}", day=NOVEMBER) for n in range(2_000)]
    warehouse.append("orders", orders(*many, order("C", day=OCTOBER)), app_id="many")

    assert [file.parent.name for file in warehouse.files("orders")] == [
        "month=2018-11", "month=2018-10", "month=2018-10",
    ]  # fmt: skip
    with connected(warehouse.root) as connection:
        connection.register("incoming", orders(*many[:500], *(order(f"D{n}") for n in range(500))))
        files = delta.snapshot(warehouse.folder("orders"), warehouse.versions()["orders"]).files
        assert files_with_keys(connection, CONTRACTS["orders"], files, ["shop_id", "order_id"]) == [files[0]]


def test_a_file_that_duckdb_names_and_the_table_does_not_know_is_no_file_to_pass_over(warehouse):
    warehouse.append("orders", orders(order("A")), app_id="1")
    (file,) = warehouse.files("orders")
    with connected(warehouse.root) as connection:
        connection.register("incoming", orders(order("A")))
        with pytest.raises(WarehouseError, match="is not a file of this version"):
            files_with_keys(connection, CONTRACTS["orders"], [f"{file.parent}/*.parquet"], ["order_id"])


def test_deltalake_reads_the_same_rows(warehouse):
    rows = orders(order("A", day=NOVEMBER), order("B", day=OCTOBER, customer_id=None))
    warehouse.append("orders", rows, app_id="import:1")

    read = DeltaTable(str(warehouse.folder("orders"))).to_pyarrow_table()

    assert read.select(rows.column_names).sort_by("order_id").to_pylist() == rows.to_pylist()


def test_the_same_app_transaction_is_skipped(warehouse):
    warehouse.append("orders", orders(order("A")), app_id="import:1")

    again = warehouse.append("orders", orders(order("A")), app_id="import:1")
    later = warehouse.append("orders", orders(order("B")), app_id="import:1", app_version=2)

    assert (again.skipped, again.version) == (True, 1)
    assert (later.skipped, later.version) == (False, 2)
    assert warehouse.applied("orders", "import:1") == 2
    assert warehouse.applied("orders", "import:2") is None


def test_an_upsert_counts_new_changed_and_unchanged_rows_and_writes_only_what_differs(warehouse):
    first = [order("A"), order("B", day=NOVEMBER), order("C")]
    warehouse.append("orders", orders(*first), app_id="import:1")
    before = {path.name for path in warehouse.files("orders")}

    result = warehouse.upsert(
        "orders",
        orders(order("A", import_id=2), order("B", day=NOVEMBER, memo_flag=3), order("D", day=NOVEMBER)),
        app_id="import:2",
    )

    assert (result.rows_new, result.rows_changed, result.rows_unchanged) == (1, 1, 1)
    assert stored(warehouse) == [("A", 0), ("B", 3), ("C", 0), ("D", 0)]
    assert len(before & {path.name for path in warehouse.files("orders")}) == 1


def test_an_upsert_of_what_is_there_makes_no_version(warehouse):
    warehouse.append("orders", orders(order("A")), app_id="import:1")

    result = warehouse.upsert("orders", orders(order("A", import_id=2)), app_id="import:2")

    assert (result.version, result.rows_unchanged) == (1, 1)
    assert warehouse.version("orders") == 1


def test_an_order_whose_month_changed_leaves_its_old_month(warehouse):
    warehouse.append("orders", orders(order("A", day=OCTOBER)), app_id="import:1")

    warehouse.upsert("orders", orders(order("A", day=NOVEMBER)), app_id="import:2")

    assert stored(warehouse, "order_id, month") == [("A", "2018-11")]
    assert len(warehouse.files("orders")) == 1


@pytest.mark.parametrize("waiting", [0, 1_000_000])
def test_staged_files_of_mixed_months_become_one_file_per_month(warehouse, tmp_path, monkeypatch, waiting):
    monkeypatch.setattr("laoke.warehouse.parquet.WAITING_ROWS", waiting)
    days = [17_000, 17_031, 17_000, 17_062, 17_031]
    rows = orders(*(order(str(n), day=day) for n, day in enumerate(days)))
    staged = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    pq.write_table(rows.slice(0, 2), staged[0])
    pq.write_table(rows.slice(2), staged[1])
    told = datetime(2018, 11, 11, 8)

    warehouse.append("orders", StagedRows(tuple(staged), told), app_id="import:1")
    warehouse.upsert("order_states", StagedRows(tuple(staged), told), app_id="import:1")

    files = sorted(file.parent.name for file in warehouse.files("orders"))
    assert files == ["month=2016-07", "month=2016-08", "month=2016-09"]
    found = (
        warehouse.reader().sql("SELECT order_id, month, seen_at FROM orders ORDER BY order_id").to_pylist()
    )
    months = ["2016-07", "2016-08", "2016-07", "2016-09", "2016-08"]
    assert found == [{"order_id": str(n), "month": month, "seen_at": told} for n, month in enumerate(months)]
    states = warehouse.reader().sql("SELECT order_id, seen_at, status FROM order_states ORDER BY order_id")
    assert states.to_pylist() == [
        {"order_id": str(n), "seen_at": told, "status": "finished"} for n in range(5)
    ]


def test_words_that_stay_numbers_on_their_way_are_texts_in_the_files(warehouse, tmp_path):
    staged = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    places = [("浙江", "杭州"), ("上海", "上海"), ("", ""), ("浙江", "宁波")]
    rows = orders(*(order(str(n), province=p, city=c, day=OCTOBER) for n, (p, c) in enumerate(places)))
    pq.write_table(rows.slice(0, 2), staged[0], use_dictionary=["province", "city"])
    pq.write_table(rows.slice(2), staged[1], use_dictionary=False)

    warehouse.append(
        "orders", StagedRows(tuple(staged), None, ("province", "city", "line_status")), app_id="1"
    )

    found = warehouse.reader().sql("SELECT province, city FROM orders ORDER BY order_id").to_pylist()
    assert [(row["province"], row["city"]) for row in found] == places
    (file,) = warehouse.files("orders")
    assert [pq.read_schema(file).field(name).type for name in ("province", "city", "created_at")] == [
        pa.string(), pa.string(), pa.timestamp("us"),
    ]  # fmt: skip


def test_rows_may_come_as_parquet_files(warehouse, tmp_path):
    rows = orders(order("A", day=OCTOBER), order("B", day=NOVEMBER))
    staged = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    pq.write_table(rows.slice(0, 1).append_column("row_no", pa.array([0])), staged[0])
    pq.write_table(rows.slice(1, 1).append_column("row_no", pa.array([1])), staged[1])

    result = warehouse.append("orders", staged, app_id="import:1")
    again = warehouse.upsert("orders", staged, app_id="import:2")

    assert (result.rows_new, again.rows_unchanged) == (2, 2)
    assert stored(warehouse) == [("A", 0), ("B", 0)]


def test_a_replace_touches_only_what_it_names(warehouse):
    rows = [{"shop_id": shop, "person_id": 7, "tag": "vip"} for shop in (1, 2)]
    warehouse.append("customer_tags", table("customer_tags", rows), app_id="a")

    result = warehouse.replace(
        "customer_tags",
        table("customer_tags", [{"shop_id": 1, "person_id": 8, "tag": "new"}]),
        where={"shop_id": 1},
        app_id="b",
    )

    assert (result.rows_new, result.rows_removed) == (1, 1)
    found = (
        warehouse.reader().sql("SELECT shop_id, person_id, tag FROM customer_tags ORDER BY ALL").to_pylist()
    )
    assert found == [
        {"shop_id": 1, "person_id": 8, "tag": "new"},
        {"shop_id": 2, "person_id": 7, "tag": "vip"},
    ]


def test_a_replace_by_nothing_empties_the_table(warehouse):
    warehouse.append(
        "customer_tags", table("customer_tags", [{"shop_id": 1, "person_id": 8, "tag": "x"}]), app_id="a"
    )

    warehouse.replace("customer_tags", CONTRACTS["customer_tags"].empty(), app_id="b")

    assert warehouse.files("customer_tags") == []
    assert warehouse.reader().sql("SELECT * FROM customer_tags").num_rows == 0


def test_a_write_that_breaks_the_contract_leaves_no_file(warehouse):
    with pytest.raises(ContractError):
        warehouse.append("orders", orders(order("A"), order("A")), app_id="import:1")

    assert warehouse.version("orders") == 0
    assert list(warehouse.folder("orders").rglob("*.parquet")) == []


def test_an_unknown_table_is_named_with_those_there_are(warehouse):
    with pytest.raises(
        WarehouseError, match="unknown table 'order'; there are ad_days, coupon_events, customer_f"
    ):
        warehouse.create("order")


def test_a_writer_that_lost_the_race_plans_again(tmp_path):
    """Between the plan and the commit of one writer, another changes the same order and adds one."""
    root = tmp_path / "warehouse"
    rival = Warehouse(root)
    rival.append("orders", orders(order("A"), order("B")), app_id="import:1")
    disturbed = []

    def disturb(step: str) -> None:
        if step == "files_written" and not disturbed:
            disturbed.append(step)
            rival.upsert("orders", orders(order("A", memo_flag=1), order("C")), app_id="import:2")

    slow = Warehouse(root, failpoint=disturb)
    result = slow.upsert(
        "orders", orders(order("B", memo_flag=2), order("C", memo_flag=2)), app_id="import:3"
    )

    assert (result.version, result.rows_new, result.rows_changed) == (3, 0, 2)
    assert stored(rival) == [("A", 1), ("B", 2), ("C", 2)]


def test_two_writers_at_once_lose_nothing(tmp_path):
    root = tmp_path / "warehouse"
    Warehouse(root).create("orders")
    failures = []

    def write(writer: int) -> None:
        try:
            for i in range(3):
                row = orders(order(f"{writer}-{i}"), order("both", memo_flag=writer))
                Warehouse(root).upsert("orders", row, app_id=f"import:{writer}:{i}")
        except Exception as error:  # noqa: BLE001 - collected for the assertion below
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert failures == []
    assert [order_id for order_id, _ in stored(Warehouse(root))] == [
        "1-0",
        "1-1",
        "1-2",
        "2-0",
        "2-1",
        "2-2",
        "both",
    ]


KILLED = """
    import os, sys
    from laoke.warehouse.store import Warehouse
    from tests.warehouse.shops import order, orders

    def die(step):
        if step == sys.argv[2]:
            os._exit(9)

    warehouse = Warehouse(sys.argv[1], failpoint=die)
    warehouse.upsert("orders", orders(order("A", memo_flag=5), order("B")), app_id="import:2")
"""


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("planned", [("A", 0)]),
        ("files_written", [("A", 0)]),
        ("committed", [("A", 5), ("B", 0)]),
    ],
)
def test_a_writer_killed_at_a_step_leaves_the_old_state_or_the_new_one(warehouse, step, expected):
    warehouse.append("orders", orders(order("A")), app_id="import:1")

    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(warehouse.root), step],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )

    assert ended.returncode == 9
    assert stored(warehouse) == expected
    again = warehouse.upsert("orders", orders(order("A", memo_flag=5), order("B")), app_id="import:2")
    assert again.skipped is (step == "committed")
    assert stored(warehouse) == [("A", 5), ("B", 0)]


def test_a_write_that_was_taken_back_is_written_anew_by_the_same_app_transaction(warehouse):
    warehouse.append("orders", orders(order("A")), app_id="import:1")
    warehouse.append("orders", orders(order("B")), app_id="import:2")

    for _ in range(2):  # the second time as after a death between taking back and writing
        next_writer = Warehouse(warehouse.root)
        next_writer.align({"orders": 1})
    again = next_writer.append("orders", orders(order("B")), app_id="import:2")
    repeat = next_writer.append("orders", orders(order("B")), app_id="import:2")

    assert (again.skipped, repeat.skipped) == (False, True)
    assert stored(warehouse) == [("A", 0), ("B", 0)]


@pytest.mark.parametrize(
    ("feature", "named"),
    [
        ({"delta.enableDeletionVectors": "true"}, "deletionVectors"),
        ({"delta.columnMapping.mode": "name"}, "columnMapping"),
    ],
)
def test_a_table_that_a_list_of_files_misreads_is_refused(warehouse, monkeypatch, feature, named):
    warehouse.create("orders")
    metadata = DeltaTable(str(warehouse.folder("orders"))).metadata()

    class Foreign:
        configuration = {**metadata.configuration, **feature}

    monkeypatch.setattr(DeltaTable, "metadata", lambda self: Foreign)
    with pytest.raises(RefusedTable, match=named):
        delta.open_table(Path(warehouse.folder("orders")))


def test_damage_names_the_table_and_the_file_that_is_gone(warehouse):
    written = warehouse.append(
        "orders", orders(order("A", day=NOVEMBER), order("B", day=OCTOBER)), app_id="import:1"
    )
    versions = {"orders": written.version}
    assert warehouse.damage(versions) == []

    gone = warehouse.files("orders")[0]
    gone.unlink()

    assert warehouse.damage(versions) == [f"orders: 1 of 2 files are missing, {gone.name} first"]
    [unknown] = warehouse.damage({"orders": 7})
    assert unknown.startswith("orders: version 7 cannot be opened")


def test_many_rows_without_months_become_a_file_for_each_thread_in_their_order(warehouse, monkeypatch):
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 4)
    links = [{"shop_id": 1, "customer_id": i, "person_id": 1, "owner_id": 1} for i in range(1, 14)]
    warehouse.append("person_map", table("person_map", links[:3]), app_id="1")

    warehouse.replace("person_map", table("person_map", links), app_id="2")

    files = [pq.ParquetFile(file) for file in warehouse.files("person_map")]
    assert sorted(file.metadata.num_rows for file in files) == [5, 8]
    assert {file.metadata.row_group(0).num_rows for file in files} == {4}
    for file in files:
        numbers = file.read()["customer_id"].to_pylist()
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert warehouse.reader().rows("SELECT count(DISTINCT customer_id) AS n FROM person_map") == [{"n": 13}]


def test_what_stays_of_a_touched_file_goes_along_when_another_part_is_replaced(warehouse):
    links = [
        {"shop_id": shop, "customer_id": i, "person_id": 1, "owner_id": 1} for shop in (1, 2) for i in (1, 2)
    ]
    warehouse.append("person_map", table("person_map", links), app_id="1")

    warehouse.replace("person_map", table("person_map", links[:1]), where={"shop_id": 1}, app_id="2")

    rows = warehouse.reader().rows("SELECT shop_id, customer_id FROM person_map ORDER BY ALL")
    assert [(row["shop_id"], row["customer_id"]) for row in rows] == [(1, 1), (2, 1), (2, 2)]


@pytest.mark.parametrize("least", [20, 21])
def test_files_with_many_rows_say_which_numbers_they_cannot_hold(warehouse, monkeypatch, least):
    monkeypatch.setattr(parquet, "LEAST_FILTERED_ROWS", least)
    rows = [order(f"A{n * 2:03}", n * 2) for n in range(1, 21)]
    warehouse.append("orders", orders(*rows), app_id="1")

    [file] = warehouse.files("orders")
    with connected(warehouse.root) as database:
        asked = (
            "SELECT path_in_schema FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL ORDER BY 1"
        )
        found = [name for (name,) in database.execute(asked, [str(file)]).fetchall()]
    assert found == (["customer_id", "order_id"] if least == 20 else [])
    numbers = [
        warehouse.reader().rows("SELECT order_id FROM orders WHERE customer_id = $n", {"n": n})
        for n in (8, 9)
    ]
    assert numbers == [[{"order_id": "A008"}], []]
