"""Other numbers for erased people in files that must stay: versions that a review, a backtest or a snapshot names.

A file is written anew beside itself and takes its own place in one step, so a reader sees the old or the new one; rows,
sums and versions stay. The current version needs none of this: there the rows were swapped by a commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from laoke.warehouse import joined_lines
from laoke.warehouse.contracts import CONTRACTS, Contract
from laoke.warehouse.parquet import ROW_GROUP_ROWS, partition_of, write_stream
from laoke.warehouse.storage import Folder, delete, files_under, is_log, readable, take_place

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse

NUMBERS = ("customer_id", "person_id")


def renumber(warehouse: Warehouse, numbers: Mapping[int, int]) -> list[Folder]:
    """Put new numbers for old ones into every file of every table; files that could not be replaced are returned.

    May be killed and repeated: what is done holds no old number any more.
    """
    held = []
    for table, contract in CONTRACTS.items():
        if any(name in contract.by_name for name in NUMBERS):
            held += [
                path
                for path in _files(warehouse.folder(table))
                if _names(path, contract, numbers) and not _replaced(path, contract, numbers)
            ]
    # Made of such files and named by them, so they would be taken for theirs; the worker makes them anew.
    held += [
        path
        for path in joined_lines.stored(warehouse.root)
        if _names(path, CONTRACTS["orders"], numbers) and not delete(path)
    ]
    return held


def _files(folder: Folder) -> Iterator[Folder]:
    for path in files_under(folder, "*.parquet"):
        if not is_log(path):
            yield path


def _columns(contract: Contract) -> list[str]:
    return [name for name in NUMBERS if name in contract.by_name]


def _names(path: Folder, contract: Contract, numbers: Mapping[int, int]) -> bool:
    """Whether a file holds one of the numbers; only their columns are read."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pa.array(list(numbers), pa.int64())
    with pq.ParquetFile(readable(path)) as file:
        present = [name for name in _columns(contract) if name in file.schema_arrow.names]
        table = file.read(columns=present)
    return any(pc.any(pc.is_in(table[name], value_set=wanted)).as_py() for name in present)


def _replaced(path: Folder, contract: Contract, numbers: Mapping[int, int]) -> bool:
    import pyarrow.parquet as pq

    with pq.ParquetFile(readable(path)) as file:
        table = file.read()
    for name in _columns(contract):
        if name in table.column_names:
            at = table.column_names.index(name)
            table = table.set_column(at, table.schema.field(name), _given(table[name], numbers))
    folder, partition = _folder_of(path, contract), partition_of(path.as_posix(), contract)
    beside = folder / write_stream(folder, contract, partition, iter(_whole(table, contract))).path
    try:
        take_place(beside, path)
    except OSError:  # Windows keeps what a reader has open
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        return False
    return True


def _folder_of(path: Folder, contract: Contract) -> Folder:
    return path.parent.parent if contract.partition else path.parent


def _given(column: pa.ChunkedArray, numbers: Mapping[int, int]) -> pa.Array:
    import pyarrow as pa

    return pa.array([None if n is None else numbers.get(n, n) for n in column.to_pylist()], pa.int64())


def _whole(table: pa.Table, contract: Contract) -> list[pa.RecordBatch]:
    """The batches with every column of the contract: a file from before a column was gained reads it as null."""
    import pyarrow as pa

    for field in contract.arrow_schema():
        if field.name not in table.column_names and field.name != contract.partition:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    batches: list[pa.RecordBatch] = table.combine_chunks().to_batches(ROW_GROUP_ROWS)
    return batches
