"""Planning a write: which stored rows go, which files hold them, and the rows that take their place.

A plan lives in its own DuckDB so that little is held in memory: incoming rows may be Parquet files, and the stored keys
are scanned for the positions of the rows that go. What stays of a touched file passes that DuckDB by (`positions.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from laoke.warehouse.columns import literals, quoted
from laoke.warehouse.contracts import Contract
from laoke.warehouse.delta import NewFile
from laoke.warehouse.engine import POSITION, WITH_POSITIONS, room, scan_sql
from laoke.warehouse.parquet import (
    ROW_GROUP_ROWS,
    split_by_month,
    write_numbered,
    write_parts,
    write_table,
)
from laoke.warehouse.positions import Positions
from laoke.warehouse.storage import Folder, path_of
from laoke.warehouse.unavailable import WarehouseError

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    # An Arrow table, or Parquet files that hold the contract's columns (partition column included).
    Rows: TypeAlias = pa.Table | list[Path] | tuple[Path, ...] | "StagedRows"

Piece = TypeVar("Piece")
THREADS = 2  # that write files


@dataclass(frozen=True)
class StagedRows:
    """Parquet files of one write whose columns were held against the contract when they were staged.

    `seen_at` stands in for the column of that name: the importer knows it only when the whole file was read. `coded`
    are columns of text that repeats: those stay numbers into a list of words on their way to the table's files.
    """

    files: tuple[Path, ...]
    seen_at: datetime | None = None
    coded: tuple[str, ...] = ()

    def tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The columns of one file after the other."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        coded = [name for name in self.coded if name in columns]
        for path in self.files:
            rows = pq.read_table(
                path, columns=list(columns), read_dictionary=coded, partitioning=None, use_threads=False
            )
            if self.seen_at is not None and "seen_at" in columns:
                seen = pa.repeat(pa.scalar(self.seen_at, pa.timestamp("us")), rows.num_rows)
                rows = rows.set_column(rows.schema.get_field_index("seen_at"), "seen_at", seen)
            yield rows


def incoming_sql(rows: list[Path] | tuple[Path, ...] | StagedRows, columns: str = "*") -> str:
    """The query over staged files."""
    files, seen_at = (rows.files, rows.seen_at) if isinstance(rows, StagedRows) else (rows, None)
    scan = f"read_parquet([{literals(*files)}], hive_partitioning=false)"
    if seen_at is not None:
        scan = f"(SELECT * REPLACE (TIMESTAMP '{seen_at.isoformat(sep=' ')}' AS seen_at) FROM {scan})"
    return f"SELECT {columns} FROM {scan}"


@dataclass(frozen=True)
class HeldIn:
    """The files of one version of a table that hold any of the keys of rows, found by who compared them; where the
    stored rows are few, also their keys and POSITION."""

    version: int
    files: tuple[str, ...]
    rows: pa.Table | None = None


@dataclass(frozen=True)
class Change:
    """A wish: rows to write, and by key, by deleted keys, by condition or as a whole what they replace."""

    contract: Contract
    rows: Rows
    keys: tuple[str, ...] = ()
    fresh: bool = False
    decided: bool = False
    held_in: HeldIn | None = None
    deleted: pa.Table | None = None
    where: Mapping[str, object] = field(default_factory=dict)
    whole: bool = False

    def check(self) -> None:
        """Hold the incoming rows against the contract, file by file; raises ContractError."""
        if isinstance(self.rows, StagedRows):
            return
        if not isinstance(self.rows, (list, tuple)):
            self.contract.check(self.rows)
            return
        import pyarrow.parquet as pq

        for path in self.rows:
            self.contract.check(pq.read_table(path, partitioning=None).select(list(self.contract.names)))

    def plan(self, version: int, files: Sequence[str], memory_limit: str, threads: int) -> Plan:
        """What to do with the files of that version."""
        held = self.held_in if self.held_in is not None and self.held_in.version == version else None
        with ExitStack() as opened:
            connection = opened.enter_context(room(memory_limit, threads))
            plan = Plan(self, connection, list(files), held)
            plan.prepare()
            plan.closing = opened.pop_all()
        return plan


class Plan:
    """What one attempt will do with the files of one table version."""

    def __init__(
        self,
        change: Change,
        connection: duckdb.DuckDBPyConnection,
        files: list[str],
        held: HeldIn | None = None,
    ) -> None:
        self.change, self.contract = change, change.contract
        self.connection, self.files = connection, files
        self.closing = ExitStack()
        self._held = held  # where incoming keys are stored, if that is known already
        self.victims: list[str] = []
        self._going: dict[str, NDArray[np.int64]] = {}  # the positions of rows that go, by file
        self.rows_new = self.rows_changed = self.rows_unchanged = self.rows_removed = 0
        self._incoming = "incoming"  # the view of rows that will be written
        self._none_stays = False  # of the touched files

    @property
    def is_empty(self) -> bool:
        return not self.victims and not self.rows_new and not self.rows_changed

    def close(self) -> None:
        self.closing.close()

    # Planning

    def prepare(self) -> None:
        self._register()
        total = self._one("SELECT count(*) FROM incoming")
        if not self.files or self.change.fresh:
            self.rows_new = total
        elif self.change.whole:
            self._plan_where(total)
        elif self.change.deleted is not None:
            self._plan_deleted(total)
        else:
            self._plan_keys(total)

    def _register(self) -> None:
        rows = self.change.rows
        if isinstance(rows, (list, tuple, StagedRows)):
            self._run(f"CREATE VIEW incoming AS {incoming_sql(rows, quoted(*self.contract.names))}")
        else:
            self.connection.register("incoming", rows)

    def _stored(self, columns: str = "*", files: Sequence[str] | None = None) -> str:
        files = self.files if files is None else files
        return f"(SELECT {columns} FROM {scan_sql(files, self.contract, WITH_POSITIONS)})"

    def _plan_where(self, total: int) -> None:
        """Everything that equals `where` goes; nothing is compared. Mostly that is all of a file: only where it is not,
        positions are asked for."""
        names = list(self.change.where)
        gone = " AND ".join(f's."{name}" = $w_{name}' for name in names) or "true"
        params = {f"w_{name}": value for name, value in self.change.where.items()}
        stored = f"{self._stored(f'{quoted(*names, *POSITION)}')} AS s WHERE {gone}"
        counted = f"SELECT filename, count(*) FROM {stored} GROUP BY filename"
        found = dict(self.connection.execute(counted, params).fetchall())
        self.victims = _named(self.files, list(found))
        self.rows_new, self.rows_removed = total, sum(found.values())
        self._none_stays = self.rows_removed == self._rows_of(self.victims)
        if not self._none_stays:
            self._note_going(f"SELECT {quoted(*POSITION)} FROM {stored}", params)

    def _plan_deleted(self, total: int) -> None:
        """Rows that match a deleted key go; the incoming ones are counted as new where no row went."""
        self.connection.register("deleted", self.change.deleted)
        on = " AND ".join(f's."{key}" = x."{key}"' for key in self.change.keys)
        self.rows_new = total
        self.rows_removed = self._note_going(
            f"SELECT {quoted(*POSITION)} FROM {self._stored(quoted(*self.change.keys, *POSITION))} AS s"
            f" WHERE EXISTS (SELECT 1 FROM deleted AS x WHERE {on})"
        )

    def _plan_keys(self, total: int) -> None:
        """Split incoming rows by key into new, changed and unchanged; only the first two are written."""
        compared = [n for n in self.contract.names if n not in ("import_id", *self.change.keys)]
        same = " AND ".join(f's."{name}" IS NOT DISTINCT FROM i."{name}"' for name in compared) or "true"
        if self.change.decided:
            same = "false"
        on = " AND ".join(f's."{key}" = i."{key}"' for key in self.change.keys)
        joined = ", ".join(f'i."{key}" AS "{key}"' for key in self.change.keys)
        self._run(
            f"CREATE TABLE met AS SELECT {joined}, ({same}) AS same, s.filename, s.file_row_number FROM incoming AS i"
            f" JOIN {self._compared()} AS s ON {on}"
        )
        met, unchanged = self.connection.execute(
            "SELECT count(*), count(*) FILTER (same) FROM met"
        ).fetchone() or (0, 0)
        self.rows_new, self.rows_changed, self.rows_unchanged = total - met, met - unchanged, unchanged
        self._run(
            "CREATE VIEW written AS SELECT * FROM incoming AS i WHERE NOT EXISTS"
            f" (SELECT 1 FROM met AS s WHERE s.same AND {on})"
        )
        self._incoming = "written" if unchanged else "incoming"
        if self.rows_changed:
            self._note_going(f"SELECT {quoted(*POSITION)} FROM met WHERE NOT same")

    def _compared(self) -> str:
        """The stored rows that incoming ones are held against."""
        columns = self.change.keys if self.change.decided else self.contract.names
        if self.change.decided and self._held is not None and self._held.rows is not None:
            self.connection.register("held", self._held.rows)
            return "held"
        touched: Sequence[str] = self.files if self._held is None else self._held.files
        if not self.change.decided and self._held is None:
            touched = files_with_keys(self.connection, self.contract, self.files, self.change.keys)
        if not touched:
            return f"(SELECT * FROM {self._stored(quoted(*columns, *POSITION), self.files[:1])} WHERE false)"
        return self._stored(quoted(*columns, *POSITION), touched)

    def _note_going(self, text: str, params: Mapping[str, object] | None = None) -> int:
        """Note the files and positions that a query gives as those of rows to go; how many rows it gave."""
        self._going = _by_file(self.connection, self.files, text, params)
        self.victims = list(self._going)
        return sum(len(rows) for rows in self._going.values())

    def _rows_of(self, files: Sequence[str]) -> int:
        """All rows of files, as their last pages tell."""
        return self._one(f"SELECT count(*) FROM {scan_sql(files, self.contract)}") if files else 0

    # Writing

    def write(self, folder: Folder) -> list[NewFile]:
        """Write the new files of every touched partition; what stays of a touched file goes along."""
        rows = self.change.rows
        if (self._none_stays or not self.victims) and self._incoming == "incoming":
            if isinstance(rows, StagedRows):
                return write_parts(folder, self.contract, rows.tables(self.contract.names))
            if not isinstance(rows, (list, tuple)):
                return write_table(folder, self.contract, rows)
        touched = [
            Positions(path_of(folder, file), self.contract, self._going[file])
            for file in self.victims
            if not self._none_stays
        ]
        if self.contract.file_rows:
            return self._write_files(folder, touched)
        return self._write_partitions(folder, touched)

    def _write_partitions(self, folder: Folder, touched: Sequence[Positions]) -> list[NewFile]:
        """One file for each partition that loses or gains rows."""
        partition = self.contract.partition
        stays: dict[str, list[Positions]] = defaultdict(list)
        for one in touched:
            stays[one.partition.get(partition or "", "")].append(one)
        comes, threads = self._incoming_parts()

        def write(value: str) -> NewFile:
            parts = chain(*(one.others() for one in stays.get(value, ())), comes.get(value, ()))
            return write_numbered(folder, self.contract, {partition: value} if partition else {}, parts)

        return _not_empty(folder, _in_turn(write, sorted({*stays, *comes}), threads))

    def _incoming_parts(self) -> tuple[dict[str, Iterable[pa.Table]], int]:
        """The rows to write by the value of their partition, '' where there is none; and how many threads may ask for
        them. Rows that lie in files stay there until they are asked for, by one thread at a time."""
        if not isinstance(self.change.rows, (list, tuple, StagedRows)):
            rows = self._written_rows()
            if self.contract.partition is None or not rows.num_rows:
                return {"": [rows]} if rows.num_rows else {}, THREADS
            return {month: [part] for month, part in split_by_month(rows, self.contract.partition)}, THREADS
        if self.contract.partition is None:
            return {"": self._streamed("true")}, 1
        months = self.connection.execute(f"SELECT DISTINCT month FROM {self._incoming}").fetchall()
        return {month: self._streamed(f"month = '{month}'") for (month,) in months}, 1

    def _written_rows(self) -> pa.Table:
        if self._incoming == "incoming":
            return self.change.rows
        return self.connection.execute(f"SELECT * FROM {self._incoming}").to_arrow_table()

    def _streamed(self, condition: str) -> Iterator[pa.Table]:
        """Rows to write, a row group at a time."""
        import pyarrow as pa

        names = quoted(*self.contract.names)
        found = self.connection.execute(f"SELECT {names} FROM {self._incoming} WHERE {condition}")
        for batch in found.to_arrow_reader(ROW_GROUP_ROWS):
            yield pa.Table.from_batches([batch])

    def _write_files(self, folder: Folder, touched: Sequence[Positions]) -> list[NewFile]:
        """Files of a table that says how many rows these hold: what stays of each touched file, and the rows that
        come in pieces of so many. Neighbours become one file where they fit into one."""
        size = self.contract.file_rows
        parts: list[tuple[int, Iterable[pa.Table]]] = [(one.count_others(), one.others()) for one in touched]
        comes, _ = self._incoming_parts()
        for rows in comes.get("", ()):
            parts += [
                (min(size, rows.num_rows - at), [rows.slice(at, size)])
                for at in range(0, rows.num_rows, size)
            ]
        files: list[list[Iterable[pa.Table]]] = []
        room_left = 0
        for count, part in parts:
            if not files or count > room_left:
                files.append([])
                room_left = size
            files[-1].append(part)
            room_left -= count

        def write(together: list[Iterable[pa.Table]]) -> NewFile:
            return write_numbered(folder, self.contract, {}, chain(*together))

        return _not_empty(folder, _in_turn(write, files, THREADS))

    def _run(self, text: str) -> None:
        self.connection.execute(text)

    def _one(self, text: str) -> int:
        row = self.connection.execute(text).fetchone()
        return int(row[0]) if row else 0


def _in_turn(write: Callable[[Piece], NewFile], pieces: Iterable[Piece], threads: int) -> list[NewFile]:
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(write, pieces))


def _not_empty(folder: Folder, written: Sequence[NewFile]) -> list[NewFile]:
    """The files that have rows; of the others nothing stays."""
    for new in written:
        if not new.rows:
            with suppress(OSError):  # what Windows keeps open, the sweep finds later
                (folder / new.path).unlink(missing_ok=True)
    return [new for new in written if new.rows]


def positions_of_keys(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str], keys: Sequence[str]
) -> dict[str, NDArray[np.int64]]:
    """Where rows with a key of the view `incoming` lie: positions by file, in the order of the files given.

    Keys alone are scanned, of those files that can hold one."""
    files = files_in_range(connection, contract, files, keys)
    if not files:
        return {}
    on = " AND ".join(f's."{key}" = i."{key}"' for key in keys)
    scan = f"(SELECT {quoted(*keys, *POSITION)} FROM {scan_sql(files, contract, WITH_POSITIONS)})"
    return _by_file(
        connection,
        files,
        f"SELECT {quoted(*POSITION)} FROM {scan} AS s WHERE EXISTS (SELECT 1 FROM incoming AS i WHERE {on})",
    )


def files_with_keys(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str], keys: Sequence[str]
) -> list[str]:
    """The files that hold a key of the view `incoming`, in the order given, so that few are read in full."""
    return list(positions_of_keys(connection, contract, files, keys))


def files_in_range(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str], keys: Sequence[str]
) -> list[str]:
    """The files with a row group whose keys, by its own least and greatest values, may be incoming ones.

    Numbers of orders rise with time: an export of last month is not looked for in the orders of last year. As a
    condition of the scan it would be put to every row of the files that are left, which takes longer than the join."""
    if not files:
        return []
    bounds = ", ".join(f'min("{key}") AS low_{n}, max("{key}") AS high_{n}' for n, key in enumerate(keys))
    may = " ".join(
        f"WHEN '{key}' THEN coalesce(TRY_CAST(stats_max_value AS {kind}) >= low_{n}"
        f" AND TRY_CAST(stats_min_value AS {kind}) <= high_{n}, true)"
        for n, (key, kind) in enumerate((key, contract.by_name[key].kind.duckdb) for key in keys)
    )
    found = connection.execute(
        f"SELECT file_name FROM parquet_metadata([{literals(*files)}]), (SELECT {bounds} FROM incoming)"
        f" WHERE path_in_schema IN ({literals(*keys)}) GROUP BY file_name, row_group_id"
        f" HAVING bool_and(CASE path_in_schema {may} END)"
    ).fetchall()
    return _named(files, [name for (name,) in found])


def _by_file(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    text: str,
    params: Mapping[str, object] | None = None,
) -> dict[str, NDArray[np.int64]]:
    """The positions that a query over POSITION gives, by file, in the order of `files`."""
    found = connection.execute(
        f"SELECT filename, list(file_row_number) AS rows FROM ({text}) GROUP BY filename", params or {}
    ).to_arrow_table()
    rows = {
        name.replace("\\", "/"): places.values.to_numpy()
        for name, places in zip(found["filename"].to_pylist(), found["rows"], strict=True)
    }
    return {file: rows[file] for file in _named(files, list(rows))}


def _named(files: Sequence[str], found: Sequence[str]) -> list[str]:
    """Those of `files` that DuckDB names, in their order. Raises WarehouseError for one that is none of them: rows in a
    file that is passed over would come twice."""
    names = {name.replace("\\", "/") for name in found}
    if strange := names.difference(files):
        raise WarehouseError(f"{min(strange)} is not a file of this version of the table")
    return [file for file in files if file in names]
