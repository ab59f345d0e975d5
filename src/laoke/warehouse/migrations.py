"""Schema changes of tables as written steps: number, table, columns gained, and what they are for.

A contract gains a column only together with a step here (a test holds the two together). The column may be null, or
says in its contract what rows from before it read as. Whether a step is done is seen in the table itself: a version
that a catalog entry names has the columns or has not, so nothing else has to be kept in step with it.

The steps of one table are done together, by two commits (the schema, then the files written anew); no catalog entry
names the one between, and a repeat completes it. Older versions stay readable as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from laoke.warehouse import delta
from laoke.warehouse.contracts import CONTRACTS, Contract
from laoke.warehouse.engine import connected, stored_sql
from laoke.warehouse.parquet import ROW_GROUP_ROWS, partition_of, write_stream
from laoke.warehouse.storage import Folder, path_of, reaching, readable

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

    from laoke.warehouse.delta import NewFile
    from laoke.warehouse.store import Warehouse


@dataclass(frozen=True)
class TableMigration:
    """One step: the columns that a table gains, and why."""

    number: int
    table: str
    columns: tuple[str, ...]
    what: str


# In order, numbered from 1; a step that was published is never edited.
MIGRATIONS: tuple[TableMigration, ...] = (
    TableMigration(
        1,
        "customer_features",
        ("rfm_orders", "rfm_cents"),
        "what scores are computed from, so that they can be computed anew without the orders",
    ),
    TableMigration(
        2,
        "customer_features",
        ("hours_0", "hours_8", "hours_16", "weekdays", "place_day"),
        "what orders are added to without asking the old ones again: days by hour and weekday, the day of the place",
    ),
    TableMigration(
        3,
        "customer_value",
        ("p_alive_low", "p_alive_high"),
        "how sure the probability of still being a customer is, by how sure the model's parameters are",
    ),
)


def pending(
    warehouse: Warehouse, versions: Mapping[str, int], steps: Sequence[TableMigration] | None = None
) -> list[TableMigration]:
    """The steps that the named versions have not seen. A table that does not exist yet is made with all columns."""
    steps = MIGRATIONS if steps is None else steps
    return [
        step
        for step in steps
        if step.table in versions
        and not set(step.columns)
        <= set(delta.snapshot(warehouse.folder(step.table), versions[step.table]).columns)
    ]


def migrate(warehouse: Warehouse, table: str, steps: Sequence[TableMigration]) -> int:
    """Do the steps of one table; the version that has them."""
    folder, contract = warehouse.folder(table), CONTRACTS[table]
    opened = delta.open_table(folder)
    with reaching(folder):
        _add_columns(opened, contract, [name for step in steps for name in step.columns])
    warehouse.failpoint("schema_changed")
    with reaching(folder):
        stale = [
            file for file in delta.local_files(opened) if _lacks_columns(path_of(folder, file), contract)
        ]
    if not stale:
        return opened.version()
    with connected(warehouse.root, warehouse.memory_limit, warehouse.threads) as connection:
        added = [_widened(connection, folder, contract, file) for file in stale]
    warehouse.failpoint("files_widened")
    with reaching(folder):
        return delta.commit(opened, contract, added, stale, app_id="", app_version=0)


def _add_columns(opened: DeltaTable, contract: Contract, wanted: Sequence[str]) -> None:
    from deltalake import Field
    from deltalake.schema import PrimitiveType

    present = {field.name for field in opened.schema().fields}
    missing = [contract.by_name[name] for name in wanted if name not in present]
    if missing:
        opened.alter.add_columns([Field(column.name, PrimitiveType(column.kind.delta)) for column in missing])


def _lacks_columns(file: Folder, contract: Contract) -> bool:
    import pyarrow.parquet as pq

    present = {*pq.read_schema(readable(file)).names, contract.partition}
    return any(name not in present for name in contract.names)


def _widened(connection: duckdb.DuckDBPyConnection, folder: Folder, contract: Contract, file: str) -> NewFile:
    import pyarrow.parquet as pq

    partition = partition_of(file, contract)
    columns = (*pq.read_schema(readable(path_of(folder, file))).names, *partition)
    text = stored_sql(folder, contract, delta.Snapshot(-1, (file,), columns))
    return write_stream(folder, contract, partition, connection.execute(text).to_arrow_reader(ROW_GROUP_ROWS))
