"""Damage of a table: found, named, and for a log mended without losing a row or using a number twice."""

from __future__ import annotations

import pytest

from laoke.warehouse import delta, upkeep
from laoke.warehouse.delta import WarehouseError
from laoke.warehouse.inspection import SET_ASIDE, Flaw, Inspector, log_flaws, mend_log
from laoke.warehouse.storage import Folder
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders


@pytest.fixture
def table(anywhere: Warehouse) -> Warehouse:
    """Four versions of orders, a file each."""
    for name in "ABCD":
        anywhere.append("orders", orders(order(name)), app_id=f"import:{name}")
    return anywhere


def names(warehouse: Warehouse, version: int) -> list[str]:
    delta.forget_snapshots()
    text = "SELECT order_id FROM orders ORDER BY order_id"
    found: list[str] = warehouse.reader({"orders": version}).sql(text).column(0).to_pylist()
    return found


def log(warehouse: Warehouse, number: int) -> Folder:
    return warehouse.folder("orders") / "_delta_log" / f"{number:020}.json"


def flaws(warehouse: Warehouse, version: int, *, quick: bool = False) -> list[Flaw]:
    return Inspector(warehouse, quick=quick).flaws({"orders": version})


def last_file(warehouse: Warehouse) -> Folder:
    [added] = set(warehouse.files("orders", 4)) - set(warehouse.files("orders", 3))
    return added


def test_a_table_in_order_has_no_flaw(table: Warehouse) -> None:
    assert flaws(table, 4) == []
    upkeep.checkpoint(table, "orders")
    assert flaws(table, 4) == []
    assert flaws(table, 2) == []


def test_a_log_entry_cut_in_half_is_named_with_the_version_before_it(table: Warehouse) -> None:
    whole = log(table, 4).read_bytes()
    log(table, 4).write_bytes(whole[: len(whole) // 2])
    found = flaws(table, 4)
    assert found == [
        Flaw("orders", "log_cut", f"{4:020}.json", 4),
        Flaw("orders", "version", "", 4),
    ]
    assert [one for one in flaws(table, 3) if one.kind == "version"] == []


@pytest.mark.parametrize("lines", [0, 1, 2])
def test_a_log_entry_cut_between_its_lines_is_found_too(table: Warehouse, lines: int) -> None:
    kept = log(table, 4).read_bytes().splitlines()[:lines]
    log(table, 4).write_bytes(b"\n".join(kept))
    assert log_flaws(table, "orders") == [Flaw("orders", "log_cut", f"{4:020}.json", 4)]


def test_a_log_entry_that_is_missing_is_named(table: Warehouse) -> None:
    log(table, 2).unlink()
    assert log_flaws(table, "orders") == [Flaw("orders", "log_missing", f"{2:020}.json", 2)]


def test_a_missing_file_is_named(table: Warehouse) -> None:
    file = last_file(table)
    file.unlink()
    [found] = flaws(table, 4)
    assert (found.kind, found.name.rsplit("/", 1)[1]) == ("missing", file.name)
    assert flaws(table, 3) == []


def test_a_file_without_its_end_is_named(table: Warehouse) -> None:
    file = last_file(table)
    file.write_bytes(file.read_bytes()[:-100])
    [found] = flaws(table, 4, quick=True)
    assert found.kind == "footer"


def test_a_file_with_other_rows_than_the_log_says_is_named(table: Warehouse) -> None:
    file, other = last_file(table), Warehouse(table.root / "other")
    other.append("orders", orders(order("X"), order("Y")), app_id="x")
    file.write_bytes(other.files("orders")[0].read_bytes())
    [found] = flaws(table, 4, quick=True)
    assert found.kind == "rows"


def test_one_changed_byte_of_the_content_is_found_by_its_checksum(table: Warehouse) -> None:
    file = last_file(table)
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(bytes(content))
    assert flaws(table, 4, quick=True) == []
    [found] = flaws(table, 4)
    assert found.kind == "content"


@pytest.mark.parametrize("bad", [3, 4])
def test_a_mended_log_holds_the_good_rows_and_never_uses_a_number_twice(table: Warehouse, bad: int) -> None:
    whole = log(table, bad).read_bytes()
    log(table, bad).write_bytes(whole[: len(whole) // 2])
    good = "ABCD"[: bad - 1]

    mended = mend_log(table, "orders", log_flaws(table, "orders"))

    assert mended is not None
    assert (mended.good, mended.version) == (bad - 1, 5)
    assert names(table, 5) == names(table, bad - 1) == list(good)
    assert flaws(table, 5) == []
    for number in range(bad, 5):
        with pytest.raises(Exception, match="version"):
            table.files("orders", number)
    aside = sorted(path.name.split("-", 1)[1] for path in (table.root / SET_ASIDE / "orders").iterdir())
    assert aside == [f"{number:020}.json" for number in range(bad, 5)]
    # Writers go on behind it, what was written before is still known, and what was lost may be written again.
    assert table.applied("orders", "import:A") == 1
    assert table.append("orders", orders(order("E")), app_id="import:E").version == 6
    assert names(table, 6) == [*good, "E"]
    assert mend_log(table, "orders", log_flaws(table, "orders")) is None


def test_a_damaged_checkpoint_is_put_aside(table: Warehouse) -> None:
    upkeep.checkpoint(table, "orders")
    checkpoint = table.folder("orders") / "_delta_log" / f"{4:020}.checkpoint.parquet"
    checkpoint.write_bytes(checkpoint.read_bytes()[:50])
    found = log_flaws(table, "orders")
    assert found == [Flaw("orders", "checkpoint", checkpoint.name, 4)]
    mended = mend_log(table, "orders", found)
    assert mended is not None and mended.version == 4
    assert names(table, 4) == ["A", "B", "C", "D"]


def test_a_log_without_any_version_is_not_mended(table: Warehouse) -> None:
    log(table, 0).write_bytes(b"")
    with pytest.raises(WarehouseError, match="no version is left"):
        mend_log(table, "orders", log_flaws(table, "orders"))
    assert log(table, 4).is_file()
