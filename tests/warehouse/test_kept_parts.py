"""What is asked again is read from memory, as long as it is the same, and never what somebody changed since."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from laoke.warehouse import engine, limits
from laoke.warehouse.engine import Overlay, Reader
from laoke.warehouse.kept_parts import ASKED_REMEMBERED, BYTES_A_VALUE, KeptParts, Part, in_one
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders, table

BUYERS = Part(
    "buyers",
    "SELECT customer_id, count(*) AS n FROM orders_counted WHERE shop_id = $shop GROUP BY customer_id",
)
HOW_MANY = "SELECT count(*) AS people, CAST(sum(n) AS BIGINT) AS orders FROM buyers WHERE n >= $least"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.connect() as opened:
        yield opened


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that the readers of this test made to keep a part; nothing was asked before it."""
    shared = engine._kept_parts(os.getpid(), "", 0, False)
    for state in ("_kept", "_asked"):
        monkeypatch.setattr(shared, state, OrderedDict())
    tables: list[str] = []
    held = KeptParts.held

    def noted(kept: KeptParts, keys: Any, make: Any) -> Any:
        return held(kept, keys, lambda n, name: (tables.append(name), make(n, name))[1])

    monkeypatch.setattr(KeptParts, "held", noted)
    return tables


def answered(reader: Reader, least: int = 1, shop: int = 1) -> tuple[int, int | None]:
    row = reader.answer_in_parts([BUYERS], HOW_MANY, {"shop": shop, "least": least}).to_pylist()[0]
    return row["people"], row["orders"]


def stocked(warehouse: Warehouse) -> Warehouse:
    rows = [order(name, customer_id=buyer) for name, buyer in (("A", 7), ("B", 7), ("C", 8))]
    warehouse.append("orders", orders(*rows), app_id="import:1")
    return warehouse


def test_parts_and_the_rest_are_one_statement() -> None:
    assert in_one([], "SELECT 1") == "SELECT 1"
    assert in_one([Part("a", "SELECT 1 AS n"), Part("b", "SELECT 2 AS n")], "SELECT *\nFROM a, b") == (
        "WITH a AS (\n  SELECT 1 AS n\n), b AS (\n  SELECT 2 AS n\n)\nSELECT *\nFROM a, b"
    )


def test_a_part_is_made_when_it_is_asked_for_again_and_read_from_then_on(
    warehouse: Warehouse, made: list[str]
) -> None:
    reader = stocked(warehouse).reader()
    assert answered(reader) == (2, 3) and made == []
    assert answered(reader) == (2, 3) and len(made) == 1
    assert [answered(reader, least) for least in (1, 2, 3)] == [(2, 3), (1, 2), (0, None)]
    assert len(made) == 1


def test_another_reader_of_the_same_versions_reads_it_too_and_one_of_later_versions_does_not(
    warehouse: Warehouse, made: list[str]
) -> None:
    then = stocked(warehouse).versions()
    for _time in range(2):
        assert answered(warehouse.reader(then)) == (2, 3)
    assert answered(warehouse.reader(then)) == (2, 3) and len(made) == 1
    warehouse.append("orders", orders(order("D", customer_id=9)), app_id="import:2")
    assert answered(warehouse.reader()) == (3, 4) and answered(warehouse.reader(then)) == (2, 3)
    assert len(made) == 1


def test_other_parameters_other_fakes_and_another_warehouse_are_other_parts(
    warehouse: Warehouse, made: list[str], tmp_path: Any
) -> None:
    flag = {"shop_id": 1, "order_id": "C", "flag": "confirmed", "score": 9, "reasons": ""}
    stocked(warehouse).append("order_flags", table("order_flags", [flag]), app_id="flags:1")
    elsewhere = Warehouse(tmp_path / "elsewhere")
    elsewhere.append("orders", orders(order("X")), app_id="import:1")
    elsewhere.append("order_flags", table("order_flags", [flag]), app_id="flags:1")
    assert warehouse.versions() == elsewhere.versions()
    reader = warehouse.reader()
    for _time in range(3):
        assert answered(reader) == (1, 2)
        assert answered(reader.counting_all()) == (2, 3)
        assert answered(reader, shop=2) == (0, None)
        assert answered(elsewhere.reader()) == (1, 1)
    assert len(made) == 4


def test_parameters_may_be_called_otherwise(warehouse: Warehouse, made: list[str]) -> None:
    reader = stocked(warehouse).reader()
    assert answered(reader) == answered(reader) == (2, 3)
    again = Part("other", BUYERS.sql.replace("$shop", "$t9"))
    rest = HOW_MANY.replace("buyers", "other")
    found = reader.answer_in_parts([again], rest, {"t9": 1, "least": 2}).to_pylist()
    assert found == [{"people": 1, "orders": 2}] and len(made) == 1


def test_what_the_ledger_decided_since_is_never_read_from_memory(
    warehouse: Warehouse, made: list[str]
) -> None:
    stocked(warehouse)
    flag = {"shop_id": 1, "order_id": "A", "flag": "suspect", "score": 9, "reasons": ""}
    marked = table("order_flags", [flag])
    keys = marked.select(["shop_id", "order_id"])
    plain = warehouse.reader()
    assert [answered(plain) for _time in range(3)] == [(2, 3)] * 3 and len(made) == 1
    laid_over = warehouse.reader(overlays={"order_flags": Overlay(keys, marked)})
    assert [answered(laid_over) for _time in range(3)] == [(2, 2)] * 3 and len(made) == 1


def test_a_question_that_is_ended_while_it_makes_a_part_leaves_none(
    warehouse: Warehouse, made: list[str]
) -> None:
    reader = stocked(warehouse).reader()
    endless = Part(
        "n", "SELECT count(*) AS n FROM range(3000000) a, range(3000000) b WHERE a.range * b.range % 7 = 3"
    )
    for _time in range(3):
        with limits.limited(0.3), pytest.raises(limits.TooLong):
            reader.answer_in_parts([endless], "SELECT n FROM n", {})
    assert len(made) == 2  # the second time and, as nothing was kept, the third
    kept = reader.sql("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'kept_part_%'")
    assert not set(made) & set(kept["table_name"].to_pylist())
    assert answered(reader) == (2, 3)


def test_many_threads_that_ask_at_once_get_the_same_and_make_a_part_once(
    warehouse: Warehouse, made: list[str]
) -> None:
    reader = stocked(warehouse).reader()
    start, found = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        found.extend(answered(reader, least) for least in (1, 2, 1, 2))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(1, 2)] * 16 + [(2, 3)] * 16
    assert len(made) == 1


def numbers(connection: duckdb.DuckDBPyConnection, many: int) -> Any:
    def make(_n: int, name: str) -> int:
        connection.cursor().execute(f"CREATE TABLE {name} AS SELECT range AS n FROM range({many})")
        return many

    return make


def kept_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = (
        connection.cursor().execute("SELECT table_name FROM duckdb_tables() ORDER BY table_name").fetchall()
    )
    return [name for (name,) in found]


def ask(kept: KeptParts, make: Any, *keys: str | None) -> list[str | None]:
    with kept.held(keys, make) as tables:
        return tables


def test_the_part_asked_for_longest_ago_goes_first(connection: duckdb.DuckDBPyConnection) -> None:
    kept, make = KeptParts(connection, bytes_kept=20 * BYTES_A_VALUE), numbers(connection, 10)
    for _time in range(2):
        for key in "ab":
            ask(kept, make, key)
    assert kept_tables(connection) == ["kept_part_1", "kept_part_2"]
    assert ask(kept, make, "a") == ["kept_part_1"]
    assert ask(kept, make, "c") == [None] and ask(kept, make, "c") == ["kept_part_3"]
    assert kept_tables(connection) == ["kept_part_1", "kept_part_3"]
    assert ask(kept, make, "b") == ["kept_part_4"]  # asked for before: made at once


def test_none_goes_that_a_question_still_reads(connection: duckdb.DuckDBPyConnection) -> None:
    kept, make = KeptParts(connection, bytes_kept=10 * BYTES_A_VALUE), numbers(connection, 10)
    for key in "ab":
        ask(kept, make, key)
    with kept.held(["a"], make) as first:
        assert first == ["kept_part_1"]
        assert ask(kept, make, "b") == ["kept_part_2"]
        assert kept_tables(connection) == ["kept_part_1"]
    assert kept_tables(connection) == ["kept_part_1"]


def test_one_that_is_too_large_alone_is_read_once_and_not_made_again(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    kept, make = KeptParts(connection, bytes_kept=5 * BYTES_A_VALUE), numbers(connection, 10)
    assert [ask(kept, make, "a") for _time in range(4)] == [[None], ["kept_part_1"], [None], [None]]
    assert kept_tables(connection) == []


def test_what_has_no_key_is_never_kept_and_what_was_asked_long_ago_counts_as_new(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    kept, make = KeptParts(connection), numbers(connection, 1)
    assert [ask(kept, make, None, "a") for _time in range(2)] == [[None, None], [None, "kept_part_1"]]
    ask(kept, make, "z")
    for n in range(ASKED_REMEMBERED):
        ask(kept, make, f"other {n}")
    assert ask(kept, make, "z") == [None]


def test_a_part_that_cannot_be_made_is_tried_again(connection: duckdb.DuckDBPyConnection) -> None:
    kept = KeptParts(connection)

    def fails(_n: int, name: str) -> int:
        connection.cursor().execute(f"CREATE TABLE {name} AS SELECT 1 AS n")
        raise KeyError(name)

    ask(kept, fails, "a")
    with pytest.raises(KeyError):
        ask(kept, fails, "a")
    assert kept_tables(connection) == []
    assert ask(kept, numbers(connection, 1), "a") == ["kept_part_2"]
