"""Planning a write: which stored rows go, which files hold them, and the rows that take their place.

A plan lives in its own DuckDB so that nothing larger than one partition is held in memory: incoming rows may be
Parquet files, the stored keys are scanned, and each touched partition is streamed into its new file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from laoke.warehouse.columns import literals, quoted
from laoke.warehouse.contracts import Contract
from laoke.warehouse.delta import NewFile
from laoke.warehouse.engine import room, scan_sql
from laoke.warehouse.parquet import (
    ROW_GROUP_ROWS,
    partition_of,
    write_files,
    write_parts,
    write_stream,
    write_table,
)
from laoke.warehouse.storage import Folder
from laoke.warehouse.unavailable import WarehouseError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    # An Arrow table, or Parquet files that hold the contract's columns (partition column included).
    Rows: TypeAlias = pa.Table | list[Path] | tuple[Path, ...] | "StagedRows"


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
    """The files of one version of a table that hold any of the keys of rows, found by who compared them."""

    version: int
    files: tuple[str, ...]


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
        held = self.held_in.files if self.held_in is not None and self.held_in.version == version else None
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
        held: Sequence[str] | None = None,
    ) -> None:
        self.change, self.contract = change, change.contract
        self.connection, self.files = connection, files
        self.closing = ExitStack()
        self._held = held  # the files with incoming keys, where these are known already
        self.victims: list[str] = []
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
        return f"(SELECT {columns} FROM {scan_sql(files, self.contract, ', filename=true')})"

    def _plan_where(self, total: int) -> None:
        """Everything that equals `where` goes; nothing is compared."""
        names = list(self.change.where)
        self._gone = " AND ".join(f's."{name}" = $w_{name}' for name in names) or "true"
        self._params = {f"w_{name}": value for name, value in self.change.where.items()}
        self.rows_new, self.rows_removed = total, self._find_victims(quoted(*names) or "1 AS one")
        self._none_stays = self.rows_removed == self._rows_of(self.victims)

    def _plan_deleted(self, total: int) -> None:
        """Rows that match a deleted key go; the incoming ones are counted as new where no row went."""
        self.connection.register("deleted", self.change.deleted)
        self._gone, self._params = self._match("deleted"), {}
        removed = self._find_victims(quoted(*self.change.keys))
        self.rows_new, self.rows_removed = total, removed

    def _plan_keys(self, total: int) -> None:
        """Split incoming rows by key into new, changed and unchanged; only the first two are written."""
        keys = quoted(*self.change.keys)
        self._gone, self._params = self._match("written"), {}
        compared = [n for n in self.contract.names if n not in ("import_id", *self.change.keys)]
        same = " AND ".join(f's."{name}" IS NOT DISTINCT FROM i."{name}"' for name in compared) or "true"
        if self.change.decided:
            same = "false"
        on = " AND ".join(f's."{key}" = i."{key}"' for key in self.change.keys)
        columns = keys if self.change.decided else quoted(*self.contract.names)
        touched = self.files if self._held is None else self._held
        if not self.change.decided and self._held is None:
            touched = files_with_keys(self.connection, self.contract, self.files, self.change.keys)
        joined = ", ".join(f'i."{key}" AS "{key}"' for key in self.change.keys)
        self._run(
            f"CREATE TABLE met AS SELECT {joined}, ({same}) AS same, s.filename FROM incoming AS i"
            f" JOIN {self._stored(f'{columns}, filename', touched or self.files[:1])} AS s ON {on}"
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
            self._run(f"CREATE TABLE changing AS SELECT {keys} FROM met WHERE NOT same")
            self._gone = self._match("changing")
            self._note_victims("SELECT filename, count(*) FROM met WHERE NOT same")

    def _match(self, other: str) -> str:
        on = " AND ".join(f's."{key}" = x."{key}"' for key in self.change.keys)
        return f"EXISTS (SELECT 1 FROM {other} AS x WHERE {on})"

    def _find_victims(self, columns: str) -> int:
        """Note the files that hold rows to go; returns how many such rows there are."""
        return self._note_victims(
            f"SELECT filename, count(*) FROM {self._stored(f'{columns}, filename')} AS s WHERE {self._gone}"
        )

    def _note_victims(self, text: str) -> int:
        found = self.connection.execute(f"{text} GROUP BY filename", self._params).fetchall()
        self.victims = _named(self.files, [name for name, _ in found])
        return sum(count for _, count in found)

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
        partition = self.contract.partition
        if partition is None:
            return self._write_partition(folder, {}, self.victims, "true")
        months = {
            row[0]
            for row in self.connection.execute(f"SELECT DISTINCT month FROM {self._incoming}").fetchall()
        }
        by_month: dict[str, list[str]] = {month: [] for month in months}
        for file in self.victims:
            by_month.setdefault(partition_of(file, self.contract)[partition], []).append(file)
        return [
            new
            for month, files in sorted(by_month.items())
            for new in self._write_partition(folder, {partition: month}, files, f"month = '{month}'")
        ]

    def _write_partition(
        self, folder: Folder, partition: dict[str, str], files: Sequence[str], condition: str
    ) -> list[NewFile]:
        names = quoted(*self.contract.names)
        text = f"SELECT {names} FROM {self._incoming} WHERE {condition}"
        if files:
            text = f"SELECT {names} FROM {self._stored(names, files)} AS s WHERE NOT {self._gone} UNION ALL {text}"
        found = self.connection.execute(text, self._params if files else {})
        if self.contract.file_rows:
            return write_files(folder, self.contract, found.to_arrow_reader(self.contract.file_rows))
        reader = found.to_arrow_reader(ROW_GROUP_ROWS)
        new = write_stream(folder, self.contract, partition, reader)
        if new.rows:
            return [new]
        with suppress(OSError):  # what Windows keeps open, the sweep finds later
            (folder / new.path).unlink(missing_ok=True)
        return []

    def _run(self, text: str) -> None:
        self.connection.execute(text)

    def _one(self, text: str) -> int:
        row = self.connection.execute(text).fetchone()
        return int(row[0]) if row else 0


def files_with_keys(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str], keys: Sequence[str]
) -> list[str]:
    """The files that hold a key of the view `incoming`, in the order given: keys alone are scanned, so few files are
    read in full."""
    if not files:
        return []
    names = quoted(*keys)
    on = " AND ".join(f's."{key}" = i."{key}"' for key in keys)
    found = connection.execute(
        f"SELECT DISTINCT filename FROM (SELECT {names}, filename FROM {scan_sql(files, contract, ', filename=true')})"
        f" AS s WHERE EXISTS (SELECT 1 FROM incoming AS i WHERE {on})"
    ).fetchall()
    return _named(files, [name for (name,) in found])


def _named(files: Sequence[str], found: Sequence[str]) -> list[str]:
    """Those of `files` that DuckDB names, in their order. Raises WarehouseError for one that is none of them: rows in a
    file that is passed over would come twice."""
    names = {name.replace("\\", "/") for name in found}
    if strange := names.difference(files):
        raise WarehouseError(f"{min(strange)} is not a file of this version of the table")
    return [file for file in files if file in names]
