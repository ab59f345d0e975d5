"""Tables written before a column joined their contract: the written step brings it, older versions stay readable."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from laoke.warehouse import delta, migrations
from laoke.warehouse.columns import Contract, column
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.delta import WarehouseError
from laoke.warehouse.engine import Reader
from laoke.warehouse.migrations import MIGRATIONS, TableMigration, migrate, pending
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders

FIRST = Path(__file__).with_name("first_contracts.json")
GIFT = TableMigration(1, "orders", ("gift",), "the gift that went along")
POINTS = TableMigration(2, "orders", ("points", "shelf"), "points of the order, and where it lay")
STEPS = (GIFT, POINTS)


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
def old(anywhere: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """Two months of orders, written with the contract of before; the contract has grown since."""
    new = CONTRACTS["orders"]
    gained = (
        column("gift?", "text", "a gift"),
        column("points", "int64", "points", default=7),
        column("shelf", "text", "a shelf", default="a'b"),
    )
    columns = (*new.columns[:-1], *gained, new.columns[-1])
    grown = Contract("orders", columns, new.partition, new.meaning, month_from=new.month_from)
    anywhere.append("orders", orders(order("A"), order("B", day=17_850)), app_id="import:1")
    monkeypatch.setitem(CONTRACTS, "orders", grown)
    monkeypatch.setattr(migrations, "MIGRATIONS", STEPS)
    return anywhere


def new_row() -> pa.Table:
    rows = pa.Table.from_pylist([order("C")]).append_column("gift", pa.array(["tea"]))
    rows = rows.append_column("points", pa.array([5])).append_column("shelf", pa.array(["x"]))
    return CONTRACTS["orders"].conform(rows)


def read(warehouse: Warehouse, version: int) -> list[tuple[object, ...]]:
    text = "SELECT order_id, gift, points, shelf, total_cents FROM orders ORDER BY order_id"
    delta.forget_snapshots()
    return [tuple(row.values()) for row in Reader(warehouse.root, {"orders": version}).sql(text).to_pylist()]


def test_an_old_table_takes_no_row_before_its_steps(old: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="no column gift yet; run laoke migrate first"):
        old.append("orders", new_row(), app_id="import:2")
    assert old.version("orders") == 1


def test_its_steps_bring_null_and_defaults_and_change_no_other_value(old: Warehouse) -> None:
    assert pending(old, {"orders": 1}) == [GIFT, POINTS]

    version = migrate(old, "orders", STEPS)

    assert version == 3  # the schema, then the files
    rows = [("A", None, 7, "a'b", 10_000), ("B", None, 7, "a'b", 10_000)]
    assert read(old, 3) == rows
    assert read(old, 1) == rows  # as it is, read with today's eyes
    assert pending(old, {"orders": 3}) == []
    added = old.append("orders", new_row(), app_id="import:2").version
    assert read(old, added)[2] == ("C", "tea", 5, "x", 10_000)


def test_a_second_time_changes_nothing(old: Warehouse) -> None:
    version = migrate(old, "orders", STEPS)
    assert migrate(old, "orders", STEPS) == version


@pytest.mark.parametrize("at", ["schema_changed", "files_widened"])
def test_killed_between_the_two_commits_it_is_completed_by_a_repeat(old: Warehouse, at: str) -> None:
    def die(name: str) -> None:
        if name == at:
            raise Killed

    with pytest.raises(Killed):
        migrate(Warehouse(old.root, failpoint=die), "orders", STEPS)
    assert read(old, 1) == [("A", None, 7, "a'b", 10_000), ("B", None, 7, "a'b", 10_000)]

    old.align({"orders": 1})
    version = migrate(old, "orders", STEPS)

    assert pending(old, {"orders": version}) == []
    assert read(old, version) == read(old, 1)


def test_a_table_that_is_not_named_waits_for_nothing(old: Warehouse, tmp_path: Path) -> None:
    assert pending(old, {}) == []
    assert pending(Warehouse(tmp_path / "empty"), {}) == []


def test_steps_are_numbered_and_name_columns_that_are_there() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    for step in MIGRATIONS:
        assert set(step.columns) <= set(CONTRACTS[step.table].by_name)


def test_no_contract_has_changed_without_a_written_step() -> None:
    """The columns that every table had in 0.1.0, with those that steps brought, are the columns of today.

    A table that is new since is made with all its columns; it joins the file with the release that brings it.
    """
    first: dict[str, dict[str, str]] = json.loads(FIRST.read_text(encoding="utf-8"))
    assert first.keys() <= CONTRACTS.keys()
    for table, columns in first.items():
        now = {one.name: shape(one.type, one.nullable) for one in CONTRACTS[table].columns}
        gained = {name for step in MIGRATIONS if step.table == table for name in step.columns}
        assert {name: now[name] for name in now if name not in gained} == columns, table


def shape(kind: str, nullable: bool) -> str:
    return f"{kind}?" if nullable else kind
