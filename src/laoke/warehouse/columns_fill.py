"""Filling in what a table's contract lets one derive: parts of times, the month, defaults and column order.

Kept beside `columns.py`, which only says yes or no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from laoke.warehouse.columns import Column, Contract, ContractError

if TYPE_CHECKING:
    import pyarrow as pa


def fill(contract: Contract, table: pa.Table) -> pa.Table:
    """`table` with exactly the contract's columns; raises ContractError for strange, missing or uncastable ones."""
    import pyarrow as pa

    strange = [name for name in table.column_names if name not in contract.by_name]
    if strange:
        raise ContractError(
            contract.name,
            strange[0],
            "a column the contract does not know",
            ", ".join(contract.names),
        )
    columns = [_column(contract, column, table) for column in contract.columns]
    return pa.Table.from_arrays(columns, schema=contract.arrow_schema())


def _column(contract: Contract, column: Column, table: pa.Table) -> pa.ChunkedArray:
    import pyarrow as pa

    if column.name in table.column_names:
        return _cast(contract, column, table.column(column.name))
    derived = _derived(contract, column, table)
    if derived is not None:
        return derived
    if column.nullable:
        return pa.chunked_array([pa.nulls(table.num_rows, column.arrow_type())])
    raise ContractError(
        contract.name,
        column.name,
        f"columns {', '.join(table.column_names)}",
        "this column",
    )


def _cast(contract: Contract, column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if values.type == column.arrow_type():
        return values
    try:
        return values.cast(column.arrow_type())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ContractError(
            contract.name,
            column.name,
            f"{values.type} ({error})",
            str(column.arrow_type()),
        ) from error


def _derived(contract: Contract, column: Column, table: pa.Table) -> pa.ChunkedArray | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.name == "import_id":
        return pa.chunked_array([pa.repeat(pa.scalar(0, pa.int64()), table.num_rows)])
    if column.name == "month" and contract.month_from in table.column_names:
        return pc.strftime(
            table.column(contract.month_from).cast(pa.timestamp("s"), safe=False),
            "%Y-%m",
        )
    time = _time_of(column.name, table)
    if time is None:
        return None
    if column.type == "day":
        return pc.floor_temporal(time, unit="day").cast(pa.date32()).cast(pa.int32())
    if column.type == "weekday":
        return pc.day_of_week(time).cast(pa.int8())
    return pc.hour(time).cast(pa.int8()) if column.type == "hour" else None


def _time_of(name: str, table: pa.Table) -> pa.ChunkedArray | None:
    """The time column a part belongs to: `paid_hour` → `paid_at`, `day` → `at`."""
    stem = name.rpartition("_")[0]
    source = f"{stem}_at" if stem else "at"
    return table.column(source) if source in table.column_names else None
