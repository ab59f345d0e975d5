"""Upkeep: fewer files and the same rows; only what nobody names is deleted; old tables gain new columns."""

import os
import time

import pytest

from laoke.warehouse import delta, upkeep
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders


def names(warehouse, versions=None):
    return (
        warehouse.reader(versions).sql("SELECT order_id FROM orders ORDER BY order_id").column(0).to_pylist()
    )


@pytest.fixture
def crowded(warehouse):
    """Four versions of one month, a file each."""
    for name in "ABCD":
        warehouse.append("orders", orders(order(name)), app_id=f"import:{name}")
    return warehouse


def test_compacting_joins_files_and_changes_no_row(crowded):
    before = crowded.reader().sql("SELECT * FROM orders ORDER BY order_id")

    assert upkeep.compact(crowded, "orders") == 5
    assert len(crowded.files("orders")) == 1
    assert crowded.reader().sql("SELECT * FROM orders ORDER BY order_id") == before
    assert upkeep.compact(crowded, "orders") is None


def test_vacuum_keeps_named_versions_and_deletes_the_rest(crowded):
    upkeep.compact(crowded, "orders")
    later = time.time() + 100 * 3600

    deleted = upkeep.vacuum(crowded, "orders", keep_versions=[2], now=later)

    assert len(deleted) == 2
    assert names(crowded, {"orders": 2}) == ["A", "B"]
    assert names(crowded) == ["A", "B", "C", "D"]


def test_vacuum_within_the_retention_deletes_nothing(crowded):
    upkeep.compact(crowded, "orders")

    assert upkeep.vacuum(crowded, "orders", keep_versions=[]) == []
    assert names(crowded, {"orders": 4}) == ["A", "B", "C", "D"]


def test_the_sweep_finds_files_of_writers_that_died(crowded):
    folder = crowded.files("orders")[0].parent
    for name in ("part-1.parquet#2", "stray.parquet"):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (1, 1))
    (folder / "being-written.parquet").write_bytes(b"half")

    deleted = upkeep.vacuum(crowded, "orders", keep_versions=[4])

    assert [path.name for path in deleted] == ["part-1.parquet#2", "stray.parquet"]
    assert (folder / "being-written.parquet").exists()


def test_the_log_is_trimmed_up_to_what_is_still_named(crowded):
    upkeep.checkpoint(crowded, "orders")
    crowded.append("orders", orders(order("E")), app_id="import:E")

    assert upkeep.trim_log(crowded, "orders", oldest_version=3) == 0
    assert upkeep.trim_log(crowded, "orders", oldest_version=4) == 4
    delta.forget_snapshots()
    assert names(crowded, {"orders": 4}) == ["A", "B", "C", "D"]
    assert names(crowded) == ["A", "B", "C", "D", "E"]
    assert crowded.applied("orders", "import:A") == 1


def test_a_table_that_does_not_exist_needs_no_upkeep(tmp_path):
    empty = Warehouse(tmp_path)

    assert upkeep.compact(empty, "orders") is None
    assert upkeep.vacuum(empty, "orders", keep_versions=[]) == []
    upkeep.checkpoint(empty, "orders")
