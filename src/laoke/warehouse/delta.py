"""The Delta Lake side of one table: open, create, list files, commit added and removed files in one transaction.

Files are written by us (see `parquet.py`) and only then named in a commit, so a writer that dies leaves at worst
files that nobody reads. Importing deltalake costs 100 ms, hence inside functions.

    WarehouseError
    ├── RefusedTable      a table that a bare list of files would misread
    └── ConflictError     another writer kept winning
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from laoke.warehouse.storage import Folder, options_of, reaching
from laoke.warehouse.unavailable import WarehouseError

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

    from laoke.warehouse.columns import Contract

UNREADABLE_FEATURES = frozenset({"deletionVectors", "columnMapping"})
# Every commit carries this app transaction too. delta-rs refuses a commit whose app id was used by a concurrent
# one, which turns blind appends of two writers into a conflict to retry instead of doubled keys.
WRITER_APP_ID = "laoke.writer"


class RefusedTable(WarehouseError):
    """A Delta table whose features make its file list unsafe to read directly."""


class ConflictError(WarehouseError):
    """Another writer committed first, every time we tried."""


@dataclass(frozen=True)
class NewFile:
    """A Parquet file written but not yet committed; `path` is relative to the table."""

    path: str
    size: int
    rows: int
    partition: dict[str, str]


@dataclass(frozen=True)
class Snapshot:
    """One version of one table: absolute Parquet paths and the columns they were written with."""

    version: int
    files: tuple[str, ...]
    columns: tuple[str, ...]


def open_table(folder: Folder, version: int | None = None) -> DeltaTable:
    """The Delta table in `folder`; raises RefusedTable when its features hide or rename what files hold."""
    from deltalake import DeltaTable

    with reaching(folder):
        table = DeltaTable(str(folder), version=version, storage_options=options_of(folder))
    refuse_unreadable(folder.name, table)
    return table


def refuse_unreadable(name: str, table: DeltaTable) -> None:
    protocol = table.protocol()
    features = set(protocol.reader_features or ()) | set(protocol.writer_features or ())
    configuration = table.metadata().configuration
    found = features & UNREADABLE_FEATURES
    if configuration.get("delta.enableDeletionVectors", "false").lower() == "true":
        found.add("deletionVectors")
    if configuration.get("delta.columnMapping.mode", "none").lower() != "none":
        found.add("columnMapping")
    if found:
        raise RefusedTable(
            f"{name}: the table uses {', '.join(sorted(found))}, which a list of files ignores"
        )


def exists(folder: Folder) -> bool:
    return any((folder / "_delta_log").glob("*.json"))


def create(folder: Folder, contract: Contract) -> None:
    """Make an empty table; naming timestamps without zone at creation gives it the timestampNtz feature."""
    from deltalake import DeltaTable

    folder.mkdir(parents=True, exist_ok=True)
    with reaching(folder):
        DeltaTable.create(
            str(folder),
            contract.arrow_schema(),
            mode="ignore",
            partition_by=[contract.partition] if contract.partition else None,
            name=contract.name,
            configuration={
                # Pinned versions must stay loadable: the log is trimmed by upkeep.trim_log, not by age.
                "delta.enableExpiredLogCleanup": "false",
                "delta.checkpointInterval": "50",
            },
            storage_options=options_of(folder),
        )


def local_files(table: DeltaTable) -> tuple[str, ...]:
    """Absolute paths with forward slashes, the largest file first, so that every reader sees the same order.

    DuckDB takes the rows of the first file of a list for those of each: with a small one there it held ten million
    stored keys in memory to look up a hundred thousand.
    """
    told = table.get_add_actions()
    names = [path.rsplit("/", 1)[-1] for path in told["path"].to_pylist()]
    sizes = dict(zip(names, told["size_bytes"].to_pylist(), strict=True))

    def smaller(file: str) -> tuple[int, str]:
        return -sizes[file.rsplit("/", 1)[-1]], file

    return tuple(sorted((_local(uri) for uri in table.file_uris()), key=smaller))


def _local(uri: str) -> str:
    """A path as the system has it: deltalake writes `%E5%BA%97` for a folder 店. In object storage a URI."""
    if "://" in uri.removeprefix("file://"):
        return uri
    return unquote(uri.removeprefix("file://")).replace("\\", "/")


_snapshot_lock = threading.Lock()


def snapshot(folder: Folder, version: int) -> Snapshot:
    """The files of one version, remembered in this process: a version never changes."""
    with _snapshot_lock:
        return _snapshot(folder, version)


@lru_cache(maxsize=512)
def _snapshot(folder: Folder, version: int) -> Snapshot:
    table = open_table(folder, version)
    columns = tuple(field.name for field in table.schema().fields)
    return Snapshot(version, local_files(table), columns)


def forget_snapshots() -> None:
    """Drop what is remembered, for a test that rebuilds a table in the same place."""
    with _snapshot_lock:
        _snapshot.cache_clear()


def commit(
    table: DeltaTable,
    contract: Contract,
    added: Sequence[NewFile],
    removed: Sequence[str],
    *,
    app_id: str,
    app_version: int,
) -> int:
    """Put files in and out in one Delta transaction that carries (app_id, app_version); returns the new version.

    Raises CommitFailedError when another writer came between; the caller plans anew from the fresh table.
    """
    from deltalake import CommitProperties, Transaction

    transactions = [Transaction(WRITER_APP_ID, table.version() + 1)]
    if app_id:
        transactions.append(Transaction(app_id, app_version))
    table.create_write_transaction(
        [*_add_actions(added), *_remove_actions(table, removed)],
        "append",
        contract.arrow_schema(),
        [contract.partition] if contract.partition else None,
        commit_properties=CommitProperties(app_transactions=transactions, max_commit_retries=3),
    )
    table.update_incremental()
    return table.version()


def _add_actions(added: Sequence[NewFile]) -> list[AddAction]:
    import json
    import time

    from deltalake.transaction import AddAction

    now = int(time.time() * 1000)
    return [
        AddAction(file.path, file.size, file.partition, now, True, json.dumps({"numRecords": file.rows}))
        for file in added
    ]


def _remove_actions(table: DeltaTable, removed: Sequence[str]) -> list[RemoveAction]:
    """Removals by the table's own relative paths; `removed` are paths as `local_files` gives them."""
    import time

    import pyarrow as pa
    from deltalake.transaction import RemoveAction

    if not removed:
        return []
    now = int(time.time() * 1000)
    live = pa.table(table.get_add_actions(flatten=False))
    partitions = live["partition"].to_pylist() if "partition" in live.column_names else [{}] * live.num_rows
    entries = dict(zip(live["path"].to_pylist(), partitions, strict=True))
    actions: list[RemoveAction] = []
    for path in sorted(set(removed)):
        relative = next((entry for entry in entries if path.endswith("/" + entry)), None)
        if relative is None:
            raise WarehouseError(f"{path} is not a file of this version of the table")
        actions.append(RemoveAction(relative, True, now, None, entries[relative]))
    return actions
