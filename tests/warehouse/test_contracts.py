"""The contracts of the tables: what they let in, what they refuse, and the page that describes them."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from laoke.warehouse import columns
from laoke.warehouse.contracts import CONTRACTS, ContractError
from laoke.warehouse.reference import tables_page
from tests.warehouse.shops import order, orders, table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "tables.md"


def test_an_order_that_keeps_the_contract_is_let_in(warehouse):
    assert warehouse.append("orders", orders(order("A")), app_id="1").rows_new == 1


def test_parts_of_times_and_the_month_are_filled_in():
    row = orders(order("A", day=17_834)).to_pylist()[0]  # 2018-10-30, a Tuesday

    assert row["month"] == "2018-10"
    assert (row["created_day"], row["created_weekday"], row["created_hour"]) == (17_834, 1, 10)
    assert (row["paid_day"], row["paid_weekday"], row["paid_hour"]) == (17_834, 1, 10)
    assert datetime(2018, 10, 30).weekday() == 1


def test_parts_of_a_missing_time_are_null():
    row = orders(order("A", status="unpaid")).to_pylist()[0]

    assert (row["paid_at"], row["paid_day"], row["paid_weekday"], row["paid_hour"]) == (
        None,
        None,
        None,
        None,
    )


REFUSED = {
    "status": ({"status": "sent", "state_rank": 3}, "status", "['sent']"),
    "negative money": ({"paid_cents": -1}, "paid_cents", "-1"),
    "absurd money": ({"paid_cents": 10**16}, "paid_cents", "10000000000000000"),
    "no customer number": ({"customer_id": 0}, "customer_id", "0"),
    "empty order id": ({"order_id": ""}, "order_id", "an empty key"),
    "null where none may be": ({"order_id": None}, "order_id", "1 nulls"),
    "endless text": ({"titles": "x" * 5_000}, "titles", "a text of 5000 bytes"),
    "state rank": ({"state_rank": 9}, "state_rank", "9"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_value_outside_the_contract_is_refused_with_column_and_value(case):
    changes, column, found = REFUSED[case]
    base = {"status": "finished"} | changes

    with pytest.raises(ContractError) as refusal:
        CONTRACTS["orders"].check(orders(order("A") | base))

    assert (refusal.value.table, refusal.value.column, refusal.value.found) == ("orders", column, found)


def test_a_month_that_is_no_month_is_refused():
    rows = orders(order("A"))
    rows = rows.set_column(0, "month", pa.array(["2018-13"]))

    with pytest.raises(ContractError, match=r"orders.month: found \['2018-13'\]"):
        CONTRACTS["orders"].check(rows)


def test_a_missing_column_is_named_with_the_columns_there_are():
    with pytest.raises(ContractError, match=r"orders.paid_cents: found columns month, shop_id"):
        CONTRACTS["orders"].check(orders(order("A")).drop(["paid_cents"]))


def test_a_strange_column_is_refused():
    with pytest.raises(ContractError, match="nick"):
        CONTRACTS["orders"].conform(orders(order("A")).append_column("nick", pa.array(["x"])))


def test_a_wrong_type_is_refused():
    rows = orders(order("A"))
    place = rows.column_names.index("paid_cents")

    with pytest.raises(ContractError, match="paid_cents: found double, expected int64"):
        CONTRACTS["orders"].check(rows.set_column(place, "paid_cents", pa.array([1.5])))
    with pytest.raises(ContractError, match="paid_cents"):
        CONTRACTS["orders"].conform(rows.set_column(place, "paid_cents", pa.array([1.5])))


def test_a_key_that_comes_twice_in_one_write_is_refused():
    with pytest.raises(ContractError, match=r"orders.shop_id\+order_id: found 1 repeated keys"):
        CONTRACTS["orders"].check(orders(order("A"), order("A"), order("B")))


@pytest.mark.parametrize("persons", [[3, 3, 2, 1], [1, 2, 2, 3], [9, 1, 5, 9]])
def test_many_rows_are_looked_through_for_a_key_that_comes_twice(monkeypatch, persons):
    monkeypatch.setattr(columns, "FEW_ROWS", 3)
    tags = CONTRACTS["customer_tags"]
    rows = pa.table({"shop_id": [1] * 4, "person_id": persons, "tag": ["a"] * 4})

    with pytest.raises(ContractError, match="found 1 repeated keys"):
        tags.check(tags.conform(rows))
    tags.check(tags.conform(rows.set_column(2, "tag", pa.array(["a", "b", "c", "d"]))))
    for apart in ([1, 2, 3, 4], [9, 1, 7, 3]):
        tags.check(tags.conform(rows.set_column(1, "person_id", pa.array(apart))))


def test_the_same_order_number_in_two_shops_is_two_orders(warehouse):
    assert warehouse.upsert("orders", orders(order("A"), order("A", shop_id=2)), app_id="1").rows_new == 2


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_table_has_a_key_shop_import_and_meanings(name):
    contract = CONTRACTS[name]

    assert contract.key[0] == "shop_id"
    assert len(contract.key) > 1
    assert contract.names[-1] == "import_id"
    assert all(column.meaning for column in contract.columns)
    assert contract.partition in (None, "month")
    contract.check(contract.empty())


def test_no_table_has_a_column_for_a_direct_identifier():
    forbidden = {"nick", "name", "phone", "email", "address", "waybill", "receiver_name", "message"}

    assert not {c.name for contract in CONTRACTS.values() for c in contract.columns} & forbidden


def test_person_map_keeps_its_contract(warehouse):
    rows = table("person_map", [{"shop_id": 1, "customer_id": 5, "person_id": 4, "owner_id": 1}])

    assert warehouse.replace("person_map", rows, app_id="1").rows_new == 1


def test_the_reference_page_of_tables_is_current():
    assert PAGE.read_text(encoding="utf-8") == tables_page()
