"""The newest state of an order wins, whatever order the files come in."""

import tempfile
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.warehouse import order_diff
from laoke.warehouse.order_diff import diff_orders, states_of
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import at, numbered, order


def load(warehouse, rows, import_id):
    """What an import does with its orders; returns the decisions in order of row."""
    diff = diff_orders(warehouse.reader(), numbered(*rows))
    save(warehouse, diff, import_id)
    decisions = diff.decisions.sort_by("row_no").column("decision").to_pylist()
    assert (diff.rows_new, diff.rows_changed, diff.rows_unchanged) == tuple(
        decisions.count(kind) for kind in ("new", "changed", "unchanged")
    )
    return decisions


def save(warehouse, diff, import_id):
    warehouse.upsert("orders", diff.rows, app_id=f"import:{import_id}", decided=True, held_in=diff.held_in)


def stored(warehouse, columns="*"):
    return warehouse.reader().sql(f"SELECT {columns} FROM orders ORDER BY shop_id, order_id").to_pylist()


def test_rows_of_an_empty_table_are_all_new(warehouse):
    assert load(warehouse, [order("A"), order("B")], 1) == ["new", "new"]


def test_the_same_rows_again_are_unchanged_and_write_nothing(warehouse):
    load(warehouse, [order("A"), order("B")], 1)

    diff = diff_orders(warehouse.reader(), numbered(order("A", import_id=2), order("B", import_id=2)))

    assert diff.is_empty
    assert diff.rows_unchanged == 2


def test_a_further_state_replaces_an_earlier_one_but_not_the_other_way(warehouse):
    load(warehouse, [order("A", status="shipped"), order("B", status="finished")], 1)

    decisions = load(warehouse, [order("A", status="finished"), order("B", status="shipped")], 2)

    assert decisions == ["changed", "unchanged"]
    assert [row["status"] for row in stored(warehouse)] == ["finished", "finished"]


def test_of_equal_states_the_one_seen_later_wins_then_the_larger_refund(warehouse):
    load(warehouse, [order("A", seen_at=at(10), titles="old"), order("B", refunded_cents=500)], 1)

    decisions = load(warehouse, [order("A", seen_at=at(11), titles="new"), order("B", refunded_cents=400)], 2)

    assert decisions == ["changed", "unchanged"]
    assert [(row["titles"], row["refunded_cents"]) for row in stored(warehouse)] == [("new", 0), ("", 500)]


def test_the_same_content_seen_later_counts_as_unchanged_but_is_remembered(warehouse):
    load(warehouse, [order("A", seen_at=at(10))], 1)

    assert load(warehouse, [order("A", seen_at=at(12))], 2) == ["unchanged"]
    assert load(warehouse, [order("A", seen_at=at(11), titles="between")], 3) == ["unchanged"]
    assert stored(warehouse, "titles, seen_at") == [{"titles": "", "seen_at": at(12)}]


def test_of_one_order_twice_in_a_file_the_newest_is_counted_once(warehouse):
    decisions = load(
        warehouse, [order("A", status="paid"), order("A", status="shipped"), order("A", status="paid")], 1
    )

    assert decisions == ["unchanged", "new", "unchanged"]
    assert [row["status"] for row in stored(warehouse)] == ["shipped"]


def test_a_newer_export_without_buyers_does_not_lose_them(warehouse):
    load(warehouse, [order("A", 77, status="paid")], 1)

    assert load(warehouse, [order("A", None, status="shipped")], 2) == ["changed"]
    assert stored(warehouse, "status, customer_id") == [{"status": "shipped", "customer_id": 77}]


def test_an_older_export_that_names_the_buyer_links_the_order(warehouse):
    load(warehouse, [order("A", None, status="shipped")], 1)

    assert load(warehouse, [order("A", 77, status="paid")], 2) == ["unchanged"]
    assert stored(warehouse, "status, customer_id") == [{"status": "shipped", "customer_id": 77}]


def test_shops_do_not_meet(warehouse):
    load(warehouse, [order("A", status="shipped")], 1)

    assert load(warehouse, [order("A", shop_id=2, status="paid")], 2) == ["new"]
    assert [(row["shop_id"], row["status"]) for row in stored(warehouse)] == [(1, "shipped"), (2, "paid")]


def test_states_are_told_once_per_order_time_and_status():
    incoming = numbered(
        order("A", status="paid"), order("A", status="paid", import_id=2), order("A", status="shipped")
    )

    assert sorted((r["status"], r["import_id"]) for r in states_of(incoming).to_pylist()) == [
        ("paid", 1),
        ("shipped", 1),
    ]


ROWS = st.builds(
    lambda **given: order(**given),
    order_id=st.sampled_from("AB"),
    customer_id=st.sampled_from([None, 5, 6]),
    status=st.sampled_from(["unpaid", "paid", "finished", "closed_refunded"]),
    seen_at=st.sampled_from([at(10), at(11)]),
    refunded_cents=st.sampled_from([0, 100]),
    titles=st.sampled_from(["", "x, y", "x', 'y"]),
    day=st.sampled_from([17_830, 17_850]),
)


@settings(max_examples=15)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=6),
    shuffle=st.randoms(use_true_random=False),
    cuts=st.sets(st.integers(1, 5)),
    held_at_most=st.sampled_from([0, order_diff.HELD_AT_MOST]),
)
def test_any_order_and_any_cutting_into_files_ends_in_the_same_table(rows, shuffle, cuts, held_at_most):
    other = list(rows)
    shuffle.shuffle(other)
    files, start = [], 0
    for end in [*sorted(cut for cut in cuts if cut < len(other)), len(other)]:
        files.append(other[start:end])
        start = end

    with tempfile.TemporaryDirectory() as folder, patch.object(order_diff, "HELD_AT_MOST", held_at_most):
        whole, parts = Warehouse(Path(folder) / "whole"), Warehouse(Path(folder) / "parts")
        load(whole, rows, 1)
        for number, file in enumerate(files):
            load(parts, file, number)
        assert stored(whole) == stored(parts)


def test_where_orders_lie_is_told_with_the_version_it_was_seen_at(warehouse):
    load(warehouse, [order("A", status="paid"), order("B", day=17_100)], 1)

    diff = diff_orders(warehouse.reader(), numbered(order("A", status="finished", import_id=2)))

    assert diff.held_in.version == warehouse.version("orders")
    assert ["month=2016-07" in file for file in diff.held_in.files] == [True]


def test_orders_that_another_import_moved_meanwhile_are_looked_for_anew(warehouse):
    load(warehouse, [order("A", status="paid")], 1)
    diff = diff_orders(warehouse.reader(), numbered(order("A", status="finished", import_id=3)))
    load(warehouse, [order("A", status="shipped", day=17_100)], 2)

    save(warehouse, diff, 3)

    assert stored(warehouse, "order_id, status, import_id") == [
        {"order_id": "A", "status": "finished", "import_id": 3}
    ]


def test_incoming_files_need_not_be_in_memory(warehouse, tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(numbered(order("A"), order("B")), tmp_path / "1.parquet")
    diff = diff_orders(warehouse.reader(), [tmp_path / "1.parquet"])
    save(warehouse, diff, 1)

    again = diff_orders(warehouse.reader(), [tmp_path / "1.parquet"])

    assert diff.rows == [tmp_path / "1.parquet"]
    assert again.is_empty
    assert isinstance(again.rows, pa.Table)
