"""Looking for damage: what of a table opens, what is cut, missing or changed, and how its log is mended.

A commit of ours ends with its app transactions, so a log entry that was cut is told even where the cut leaves whole
lines. Data files carry a checksum for every page since 0.1.0; of older ones what does not decode is found.

Mending deletes nothing. Entries from the damaged one on are moved to `_set_aside`, and the state before them is written
as a checkpoint under the next free number: a number that was used once never comes to mean anything else.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.warehouse import delta
from laoke.warehouse.storage import (
    SCHEME,
    Folder,
    beside,
    files_in,
    path_of,
    put,
    reaching,
    readable,
    take_place,
)
from laoke.warehouse.unavailable import Unavailable

if TYPE_CHECKING:
    from laoke.warehouse.store import Warehouse

SET_ASIDE = "_set_aside"


@dataclass(frozen=True)
class Flaw:
    """One damaged thing of a table.

    `kind`: `log_cut`, `log_missing`, `checkpoint` (of the log; `version` says which), `version` (one that is named does
    not open), `missing`, `footer`, `rows`, `content` (of the data file `name`).
    """

    table: str
    kind: str
    name: str
    version: int = -1


@dataclass(frozen=True)
class Mended:
    """A log that opens again: up to which version it was good, and the new one that holds the same rows."""

    table: str
    good: int
    version: int
    set_aside: tuple[str, ...]


def trouble() -> tuple[type[Exception], ...]:
    """What opening a damaged table raises."""
    import pyarrow as pa
    from deltalake.exceptions import DeltaError, TableNotFoundError

    return (DeltaError, TableNotFoundError, delta.WarehouseError, OSError, ValueError, pa.ArrowException)


@dataclass
class Inspector:
    """Looks at tables; what was seen once is remembered, because entries share versions and versions share files.

    With `quick` only the ends of data files are read, not their content.
    """

    warehouse: Warehouse
    quick: bool = False
    _versions: dict[tuple[str, int], list[Flaw]] = field(default_factory=dict)
    _files: dict[str, str] = field(default_factory=dict)
    _logs: dict[str, list[Flaw]] = field(default_factory=dict)

    def flaws(self, versions: Mapping[str, int]) -> list[Flaw]:
        """The damage of these versions, and of the logs that the next write will need."""
        found = []
        for table, version in sorted(versions.items()):
            if table not in self._logs:
                self._logs[table] = log_flaws(self.warehouse, table)
            found += self._logs[table] + self.version_flaws(table, version)
        return found

    def is_whole(self, versions: Mapping[str, int]) -> bool:
        """Whether everything that these versions name can be read."""
        return not any(self.version_flaws(table, version) for table, version in versions.items())

    def version_flaws(self, table: str, version: int) -> list[Flaw]:
        if (table, version) not in self._versions:
            self._versions[table, version] = list(self._look(table, version))
        return self._versions[table, version]

    def _look(self, table: str, version: int) -> Iterator[Flaw]:
        folder = self.warehouse.folder(table)
        try:
            opened = delta.open_table(folder, version)
            rows = _rows_by_file(opened)
        except Unavailable:
            raise
        except trouble():
            yield Flaw(table, "version", "", version)
            return
        for file in delta.local_files(opened):
            if file not in self._files:
                self._files[file] = file_flaw(path_of(folder, file), rows.get(file), quick=self.quick)
            if kind := self._files[file]:
                yield Flaw(table, kind, file.removeprefix(f"{folder.as_posix()}/"), version)


def _rows_by_file(opened: Any) -> dict[str, int]:
    """How many rows the log says of each file."""
    import pyarrow as pa

    told = pa.table(opened.get_add_actions(flatten=True))
    if "num_records" not in told.column_names:
        return {}
    uri = opened.table_uri.rstrip("/")
    beginning = uri if uri.startswith(SCHEME) else Path(uri.removeprefix("file://")).as_posix()
    names, counts = told["path"].to_pylist(), told["num_records"].to_pylist()
    return {
        f"{beginning}/{name}": count for name, count in zip(names, counts, strict=True) if count is not None
    }


def file_flaw(path: Folder, rows: int | None, *, quick: bool = False) -> str:
    """What is wrong with a data file: `missing`, `footer`, `rows`, `content`, or '' for nothing."""
    with reaching(path):
        return _file_flaw(path, rows, quick=quick)


def _file_flaw(path: Folder, rows: int | None, *, quick: bool) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(readable(path), page_checksum_verification=True)
    except FileNotFoundError:
        return "missing"
    except (OSError, pa.ArrowException):
        return "footer"
    with file:
        if rows is not None and file.metadata.num_rows != rows:
            return "rows"
        try:
            for group in range(0 if quick else file.num_row_groups):
                file.read_row_group(group)
        except (OSError, pa.ArrowException):
            return "content"
    return ""


# The log


def log_flaws(warehouse: Warehouse, table: str) -> list[Flaw]:
    """Entries that are cut or missing after the last whole checkpoint, and checkpoints that do not open."""
    log = warehouse.folder(table) / "_delta_log"
    numbered = [path for path in files_in(log, "*") if path.name[:20].isdigit()]
    checkpoints = {
        int(path.name[:20]): path for path in numbered if path.name.endswith(".checkpoint.parquet")
    }
    broken = {number for number, path in checkpoints.items() if file_flaw(path, None)}
    found = [Flaw(table, "checkpoint", checkpoints[number].name, number) for number in sorted(broken)]
    commits = {int(path.stem): path for path in numbered if path.suffix == ".json" and path.stem.isdigit()}
    if not commits:
        return found
    whole = max(checkpoints.keys() - broken, default=-1)
    for number in range(whole + 1, max(commits) + 1):
        if number not in commits:
            found.append(Flaw(table, "log_missing", f"{number:020}.json", number))
        elif _is_cut(commits[number]):
            found.append(Flaw(table, "log_cut", commits[number].name, number))
    return found


def _is_cut(path: Folder) -> bool:
    """Whether a log entry does not hold all it must: half a line, no line, or a write without its transactions."""
    try:
        lines = path.read_bytes().decode("utf-8").splitlines()
        actions = [json.loads(line) for line in lines if line.strip()]
        kinds = {kind for action in actions for kind in action}
    except (OSError, ValueError, TypeError):
        return True
    operation = next(
        (action["commitInfo"].get("operation") for action in actions if "commitInfo" in action), ""
    )
    needed = {"WRITE": {"txn"}, "CREATE TABLE": {"protocol", "metaData"}}.get(operation, set())
    return not kinds or not needed <= kinds


def mend_log(warehouse: Warehouse, table: str, flaws: list[Flaw]) -> Mended | None:
    """Make a table with a damaged log writable again; None when there was nothing to do.

    Raises
    ------
    WarehouseError
        when no version is left that opens.
    """
    folder = warehouse.folder(table)
    log, aside = folder / "_delta_log", warehouse.root / SET_ASIDE / table
    names = [flaw.name for flaw in flaws if flaw.kind == "checkpoint"]
    bad = [flaw.version for flaw in flaws if flaw.kind.startswith("log_")]
    if not names and not bad:
        return None
    good = min(bad) - 1 if bad else _highest(log)
    fresh = good
    if bad:
        fresh = _highest(log) + 1
        later = [path.name for path in log.iterdir() if _number(path) > good]
        _as_checkpoint(warehouse, folder, good, fresh, without=names)
        names = sorted({*names, *later})
    aside.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = log / name
        if path.is_file():
            take_place(path, aside / f"{time.time_ns()}-{name}")
    hint = log / "_last_checkpoint"
    hint.unlink(missing_ok=True)  # what it says follows from the files; it may name one that was moved
    delta.forget_snapshots()
    return Mended(table, good, fresh, tuple(sorted(names)))


def _highest(log: Folder) -> int:
    return max(_number(path) for path in log.iterdir())


def _number(path: Folder) -> int:
    return int(path.name[:20]) if path.name[:20].isdigit() else -1


def _as_checkpoint(
    warehouse: Warehouse, folder: Folder, good: int, fresh: int, without: Sequence[str]
) -> None:
    """Write the state of a version as the checkpoint of a later number, made beside from the entries before it."""
    log = folder / "_delta_log"
    if good < 0:
        raise delta.WarehouseError(f"{folder.name}: no version is left that opens")
    with tempfile.TemporaryDirectory(
        prefix=".mending-", dir=beside(warehouse.root), ignore_cleanup_errors=True
    ) as made:
        copy = Path(made) / "_delta_log"
        copy.mkdir()
        for path in log.iterdir():
            if 0 <= _number(path) <= good and path.name not in without:
                (copy / path.name).write_bytes(path.read_bytes())
        try:
            delta.open_table(copy.parent, good).create_checkpoint()
        except trouble() as error:
            raise delta.WarehouseError(f"{folder.name}: no version is left that opens") from error
        told = {"timestamp": int(time.time() * 1000), "operation": "REPAIR", "engineInfo": "laoke"}
        # The checkpoint first: an entry without it would make a gap.
        put(copy / f"{good:020}.checkpoint.parquet", log / f"{fresh:020}.checkpoint.parquet")
        entry = json.dumps({"commitInfo": told}) + "\n"
        (log / f"{fresh:020}.json").write_bytes(entry.encode())
