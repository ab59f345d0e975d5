"""Upkeep of the tables: many small files into one, logs into checkpoints, files that nothing names away.

Vacuum is ours, not deltalake's: what must stay is said by the catalog (versions) and by the retention, and a
writer killed between file and commit leaves files (`*.parquet#…` from deltalake's own writer) that its vacuum
does not see. A file that cannot be deleted, because Windows has it open, waits for the next time.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from laoke.warehouse import delta
from laoke.warehouse.contracts import CONTRACTS, Contract
from laoke.warehouse.engine import connected, scan_sql
from laoke.warehouse.parquet import ROW_GROUP_ROWS, partition_of, write_files, write_stream
from laoke.warehouse.storage import Folder, delete, files_in, files_under, is_log, reaching

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

    from laoke.warehouse.delta import NewFile
    from laoke.warehouse.store import Warehouse

RETENTION_HOURS = 48.0  # far longer than the longest query


def compact(warehouse: Warehouse, table: str, *, files_at_least: int = 4) -> int | None:
    """Join the files of every partition that has at least so many; returns the new version, None = nothing to do.

    A table whose files hold so many rows each keeps them, unless there are more than twice as many as its rows fill.

    Raises CommitFailedError when a writer came between; nothing is lost then, try again later.
    """
    folder, contract = warehouse.folder(table), CONTRACTS[table]
    if not delta.exists(folder):
        return None
    opened = delta.open_table(folder)
    groups = [files for files in _by_folder(opened).values() if len(files) >= files_at_least]
    if not groups:
        return None
    with connected(warehouse.root, warehouse.memory_limit, warehouse.threads) as connection:
        crowded = [files for files in groups if len(files) > 2 * _filled(connection, contract, files)]
        if not crowded:
            return None
        added = [new for files in crowded for new in _joined(connection, folder, contract, files)]
    removed = [file for files in crowded for file in files]
    return delta.commit(opened, contract, added, removed, app_id="", app_version=0)


def _by_folder(opened: DeltaTable) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for file in delta.local_files(opened):
        groups[file.rsplit("/", 1)[0]].append(file)
    return groups


def _filled(connection: duckdb.DuckDBPyConnection, contract: Contract, files: list[str]) -> int:
    """How many files the rows of these fill."""
    if not contract.file_rows:
        return 1
    row = connection.execute(f"SELECT count(*) FROM {scan_sql(files, contract)}").fetchone()
    return -(-int(row[0]) // contract.file_rows) if row else 0


def _joined(
    connection: duckdb.DuckDBPyConnection, folder: Folder, contract: Contract, files: list[str]
) -> list[NewFile]:
    names = ", ".join(contract.names)
    partition = partition_of(files[0], contract)
    text = f"SELECT {names} FROM {scan_sql(files, contract)}"
    if contract.file_rows:
        ordered = connection.execute(f"{text} ORDER BY {contract.file_order}")
        return write_files(folder, contract, ordered.to_arrow_reader(contract.file_rows))
    return [
        write_stream(folder, contract, partition, connection.execute(text).to_arrow_reader(ROW_GROUP_ROWS))
    ]


def checkpoint(warehouse: Warehouse, table: str) -> None:
    """Fold the log up to the newest version into one file, so that opening the table stays quick."""
    with reaching(warehouse.root):
        if delta.exists(warehouse.folder(table)):
            delta.open_table(warehouse.folder(table)).create_checkpoint()


def vacuum(
    warehouse: Warehouse,
    table: str,
    *,
    keep_versions: Iterable[int],
    retention_hours: float = RETENTION_HOURS,
    now: float | None = None,
) -> list[Folder]:
    """Delete files that no kept version and no version of the last `retention_hours` names; returns them.

    `keep_versions` are the versions in catalog entries that are pinned or young enough. `now` is the wall clock
    in seconds (files carry wall-clock times, so the shop's clock does not help here).
    """
    folder = warehouse.folder(table)
    if not delta.exists(folder):
        return []
    before = (time.time() if now is None else now) - retention_hours * 3600
    needed = _files_since(folder, before)
    for version in keep_versions:
        needed.update(delta.snapshot(folder, version).files)
    deleted = []
    for path in files_under(folder, "*.parquet*"):
        if is_log(path) or path.as_posix() in needed or path.stat().st_mtime >= before:
            continue
        if delete(path):
            deleted.append(path)
    return deleted


def _files_since(folder: Folder, before: float) -> set[str]:
    """Files of every version that was current at `before` or later: the base version's and all added since."""
    logs = files_in(folder / "_delta_log", "*.json")
    versions = [(int(log.stem), log) for log in logs if log.stem.isdigit()]
    old = [version for version, log in versions if log.stat().st_mtime < before]
    base = max(old, default=versions[0][0])
    needed = set(delta.snapshot(folder, base).files)
    for version, log in versions:
        if version > base:
            needed.update(f"{folder.as_posix()}/{path}" for path in _added(log))
    return needed


def _added(log: Folder) -> list[str]:
    with log.open(encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines if line.strip()]
    return [entry["add"]["path"] for entry in entries if "add" in entry]


def trim_log(warehouse: Warehouse, table: str, *, oldest_version: int) -> int:
    """Delete log entries that no version from `oldest_version` on needs; returns how many files went.

    Everything before the last checkpoint at or below `oldest_version` may go; without such a checkpoint, nothing.
    """
    log = warehouse.folder(table) / "_delta_log"
    checkpoints = [int(path.name.split(".", 1)[0]) for path in log.glob("*.checkpoint.parquet")]
    start = max((version for version in checkpoints if version <= oldest_version), default=0)
    gone = [path for path in log.iterdir() if path.name[:20].isdigit() and int(path.name[:20]) < start]
    return sum(delete(path) for path in gone)
