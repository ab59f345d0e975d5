"""Rows of a fact file against what is stored: one per key, and what the file does not tell is kept.

Of rows with one key the last of the file counts. A goods list without costs leaves the costs that are known, a report
of clicks leaves the visitors: columns that the file does not have keep what is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from laoke.intake.reading.parts import runs
from laoke.warehouse.columns import quoted
from laoke.warehouse.contracts import CONTRACTS, Contract
from laoke.warehouse.storage import reaching

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader

# What a row counts as in the sums of its file, as SQL over the row `i`; a table that is not named has no money.
_MONEY = {
    "product_days": "i.sales_cents",
    "traffic_days": "i.sales_cents",
    "ad_days": "i.cost_cents",
    "order_lines": "i.paid_cents",
    "refunds": "i.amount_cents",
    "money_moves": "i.income_cents - i.expense_cents",
    "waiting_lines": "coalesce(i.paid_cents, i.quantity * i.unit_price_cents)",
}

# Movements of money that are alike are as many movements; of anything else the last row of a key counts.
COUNTED = "n"

Decisions = list[tuple[str, int, int]]


def last_of_each(rows: pa.Table, contract: Contract) -> pa.Table:
    """The rows with the last of each key, in the order of the file."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if COUNTED in contract.key:
        return _counted(rows, [pc.cast(rows[name], pa.string()) for name in contract.key if name != COUNTED])
    keys = [pc.cast(rows[name], pa.string()) for name in contract.key]
    codes = _codes(keys)
    _, backwards = np.unique(codes[::-1], return_index=True)
    return rows.take(pa.array(np.sort(len(codes) - 1 - backwards)))


def _counted(rows: pa.Table, keys: list[pa.ChunkedArray]) -> pa.Table:
    """All rows, those of one key numbered from 1 in the order of the file."""
    import pyarrow as pa

    numbers = position_in_group(*keys)
    return rows.set_column(rows.schema.get_field_index(COUNTED), COUNTED, pa.array(numbers))


def position_in_group(*keys: pa.ChunkedArray) -> Any:
    """For every row the how manyth of its key it is, from 1, int32."""
    import numpy as np

    codes = _codes(list(keys))
    order = np.argsort(codes, kind="stable")
    numbers = np.empty(len(codes), np.int32)
    numbers[order] = runs(codes[order]) + 1
    return numbers


def _codes(keys: list[pa.ChunkedArray]) -> Any:
    """A number for every row, the same for the same key."""
    import pyarrow.compute as pc

    joined = pc.binary_join_element_wise(*keys, "\x1f").combine_chunks().dictionary_encode()
    return joined.indices.to_numpy(zero_copy_only=False)


def merged(reader: Reader, contract: Contract, rows: pa.Table, told: frozenset[str]) -> pa.Table:
    """The rows with the stored values of columns that their file does not tell."""
    own = {*contract.key, *told, "import_id", "month"}
    kept = [name for name in contract.names if name not in own and not _follows(name, told)]
    if not kept or contract.name not in reader.versions:
        return rows
    columns = ", ".join(
        f'CASE WHEN s.shop_id IS NULL THEN i."{name}" ELSE s."{name}" END AS "{name}"'
        if name in kept
        else f'i."{name}"'
        for name in contract.names
    )
    text = f"SELECT {columns} FROM incoming_rows AS i LEFT JOIN {contract.name} AS s ON {_same_key(contract)}"
    return contract.conform(answered(reader, text, rows))


def _follows(name: str, told: frozenset[str]) -> bool:
    """Parts of a time that is told: the day of `created_at`."""
    stem, _, part = name.rpartition("_")
    return part in ("day", "weekday", "hour") and (f"{stem}_at" if stem else "at") in told


def decisions(reader: Reader, contract: Contract, rows: pa.Table) -> Decisions:
    """Rows and cents that are new, changed and unchanged against what is stored."""
    same = " AND ".join(
        f's."{name}" IS NOT DISTINCT FROM i."{name}"'
        for name in contract.names
        if name not in (*contract.key, "import_id")
    )
    text = f"""
        SELECT CASE WHEN s.shop_id IS NULL THEN 'new' WHEN {same} THEN 'unchanged' ELSE 'changed' END AS decision,
               count(*) AS n, CAST(sum({_MONEY.get(contract.name, "0")}) AS BIGINT) AS cents
        FROM incoming_rows AS i LEFT JOIN {contract.name} AS s ON {_same_key(contract)} GROUP BY decision
    """
    found = answered(reader, text, rows).to_pylist()
    return [(row["decision"], row["n"], row["cents"]) for row in found]


def money_of(contract: Contract, rows: pa.Table) -> int:
    """The cents of rows as they count in the sums of their file."""
    from laoke.warehouse.engine import room

    with room() as connection:
        connection.register("incoming_rows", rows.select(list(contract.names)))
        text = f"SELECT coalesce(CAST(sum({_MONEY.get(contract.name, '0')}) AS BIGINT), 0) FROM incoming_rows AS i"
        found = connection.execute(text).fetchone()
        return int(found[0]) if found else 0


def _same_key(contract: Contract) -> str:
    return " AND ".join(f's."{name}" = i."{name}"' for name in contract.key)


def answered(reader: Reader, text: str, rows: pa.Table) -> pa.Table:
    """The answer to a question about `incoming_rows` and stored tables."""
    cursor = reader.cursor(text)
    cursor.register("incoming_rows", rows)
    try:
        with reaching(reader.root):
            return cursor.execute(text).to_arrow_table()
    finally:
        cursor.unregister("incoming_rows")


def stored_with_keys(reader: Reader, table: str, order_ids: pa.Array, shop_id: int) -> pa.Table:
    """The stored rows of these orders, in the columns of the contract."""
    import pyarrow as pa

    contract = CONTRACTS[table]
    if table not in reader.versions:
        return contract.empty()
    wanted = pa.table({"order_id": order_ids.unique()})
    text = (
        f"SELECT {quoted(*contract.names)} FROM {table} AS s WHERE s.shop_id = {int(shop_id)}"
        " AND EXISTS (SELECT 1 FROM incoming_rows AS i WHERE i.order_id = s.order_id)"
    )
    return contract.conform(answered(reader, text, wanted))
