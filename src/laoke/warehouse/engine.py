"""Reading named versions of the tables with DuckDB: views over their Parquet files, with an overlay for mirrors.

Named queries and segments may be answered by a Spark cluster instead (`engine_setting.py`, `spark.py`).

One in-memory DuckDB per process and setting; every thread has its own cursor into it, so pages may ask from many
threads at once. Views are made when a query first mentions them. Nothing is downloaded: extensions are off.
"""

from __future__ import annotations

import itertools
import os
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from laoke.warehouse import delta, joined_lines
from laoke.warehouse.columns import literals
from laoke.warehouse.contracts import CONTRACTS, Contract
from laoke.warehouse.engine_setting import SparkSetting, configured_engine
from laoke.warehouse.kept_parts import KeptParts, Part, in_one
from laoke.warehouse.limits import ended_in_time
from laoke.warehouse.named import parameters_in, query_text, told_apart, without_comments
from laoke.warehouse.storage import Folder, RemotePath, any_storage, folder_of, reaching, register
from laoke.warehouse.unavailable import WarehouseError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FAKE_FLAGS = ("suspect", "confirmed")
CURSORS_PER_THREAD = 8
ANSWERS_REMEMBERED = 512
LARGEST_REMEMBERED, BYTES_REMEMBERED = 2**20, 2**25


@dataclass(frozen=True)
class Overlay:
    """What the ledger decided and the mirror does not hold yet.

    `dirty` holds the mirror keys whose rows in the mirror are out of date (any subset of the key columns, for
    instance person_id alone); `rows` the present rows of those keys (none for a deleted one).
    """

    dirty: pa.Table
    rows: pa.Table


class Reader:
    """Queries over one set of table versions, as a catalog entry names them; safe to share between threads.

    `versions` maps table → version; a table without one reads as empty. `overlays` maps mirror → Overlay (or
    just the current rows, whose own keys are then the dirty ones; or a function that gives either, called when a
    query first mentions the mirror). `exclude` lists the flags whose orders `orders_counted` leaves out.
    `engine` is a cluster for named queries and segments, None for DuckDB; default: what `LAOKE_ENGINE` says.
    """

    def __init__(
        self,
        root: Folder | str,
        versions: Mapping[str, int],
        overlays: Mapping[str, GivenOverlay] | None = None,
        *,
        exclude: Sequence[str] = FAKE_FLAGS,
        memory_limit: str = "",
        threads: int = 0,
        engine: SparkSetting | Literal["configured"] | None = "configured",
    ) -> None:
        unknown = [name for name in (*versions, *(overlays or {})) if name not in CONTRACTS]
        if unknown:
            raise WarehouseError(f"unknown table {unknown[0]!r}; there are {', '.join(sorted(CONTRACTS))}")
        self.root = folder_of(root)
        self.versions = dict(versions)
        self._given = dict(overlays or {})
        self._overlays: dict[str, Overlay] = {}
        self._overlays_lock = threading.Lock()
        self.exclude = tuple(exclude)
        self.engine = configured_engine() if engine == "configured" else engine
        self._settings = (memory_limit, threads, isinstance(self.root, RemotePath))
        self._own = threading.local()

    def counting_all(self) -> Reader:
        """The same tables and overlays, with `orders_counted` leaving nothing out: figures with fake orders."""
        memory_limit, threads, _ = self._settings
        return Reader(
            self.root, self.versions, self._given,
            exclude=(), memory_limit=memory_limit, threads=threads, engine=self.engine,
        )  # fmt: skip

    def sql(self, text: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one statement of our own here and return its rows; `$name` in the text takes its value from `params`."""
        text = _without_scores(text)
        with reaching(self.root):
            cursor = self.cursor(text)
            return cursor.execute(text, _wanted(text, params or {})).to_arrow_table()

    def rows(self, text: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of `sql` as dictionaries, for results of page size."""
        rows: list[dict[str, Any]] = self.sql(text, params).to_pylist()
        return rows

    def answer(self, text: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one statement on the engine of this installation, a named query or a segment, within a limit of time
        where one is set (`limits.py`)."""
        if self.engine is None:
            return self._in_time(text, params or {})
        from laoke.warehouse import spark

        return spark.answer(self.engine, self, text, _wanted(text, params or {}))

    def answer_in_parts(self, parts: Sequence[Part], rest: str, params: Mapping[str, Any]) -> pa.Table:
        """`answer` to a question whose parts are kept in memory when they are asked for again (`kept_parts.py`)."""
        if self.engine is not None or not parts:
            return self.answer(in_one(parts, rest), params)
        unscored = [Part(part.name, _without_scores(part.sql)) for part in parts]

        def make(n: int, table: str) -> int:
            from duckdb import InterruptException

            sql = unscored[n].sql
            cursor = self.cursor(sql)
            with ended_in_time(cursor.interrupt, InterruptException):
                made = cursor.execute(f"CREATE TABLE {table} AS {sql}", _wanted(sql, params)).fetchone()
                columns = cursor.execute(f"SELECT * FROM {table} LIMIT 0").description
            return int(made[0]) * len(columns) if made else 0

        keys = [self._part_key(part, params) for part in unscored]
        with reaching(self.root), _kept_parts(os.getpid(), *self._settings).held(keys, make) as tables:
            named = [
                Part(part.name, f"FROM {table}") if table else part
                for part, table in zip(unscored, tables, strict=True)
            ]
            return self._in_time(in_one(named, _without_scores(rest)), params)

    def _part_key(self, part: Part, params: Mapping[str, Any]) -> Hashable | None:
        """What tells the rows of a part from those of others; None where something is laid over what it reads."""
        read = _tables_read(part.sql)
        if not self._given.keys().isdisjoint(read):
            return None
        versions = tuple((table, self.versions.get(table)) for table in read)
        return str(self.root), *told_apart(part.sql, params), versions, self.exclude

    def _in_time(self, text: str, params: Mapping[str, Any]) -> pa.Table:
        """`sql` within the limit of this thread (`limits.py`)."""
        from duckdb import InterruptException

        text = _without_scores(text)
        with reaching(self.root):
            cursor = self.cursor(text)
            with ended_in_time(cursor.interrupt, InterruptException):
                return cursor.execute(text, _wanted(text, params)).to_arrow_table()

    def query(self, name: str, around: str = "", /, **params: Any) -> pa.Table:
        """Run the named query `queries/<name>.sql`; `around` is a statement over its rows, which it calls `{rows}`."""
        return self.answer(_around(name, around), params)

    def remembered(self, name: str, around: str = "", /, **params: Any) -> pa.Table:
        """`query`, asked once per process as long as the tables it reads stay the same: for sums, not for lists.

        A version never changes, so neither does the answer; over a mirror that is laid over it is asked anew.
        """
        read = _tables_read(_around(name, around))
        if not self._given.keys().isdisjoint(read):
            return self.query(name, around, **params)
        versions = tuple((table, self.versions.get(table)) for table in read)
        key = (
            str(self.root),
            name,
            around,
            tuple(sorted(params.items())),
            versions,
            self.exclude,
            self.engine,
        )
        found = _answers.get(key)
        if found is None:
            found = self.query(name, around, **params)
            if found.nbytes <= LARGEST_REMEMBERED:
                _answers.put(key, found)
        return found

    def cursor(self, text: str) -> duckdb.DuckDBPyConnection:
        """This thread's cursor with the views that `text` mentions; for streaming results out of DuckDB."""
        views = self._views(_tables_read(text))
        for name in _mentioned(text):
            self._make(views, name)
        return views.cursor

    def _views(self, tables: Sequence[str]) -> _Views:
        """The thread's views for these versions: shared between readers of one catalog entry, unless overlaid."""
        if self._given.keys().isdisjoint(tables):
            return _thread_views(self._shared_key(), self._settings)
        views: _Views | None = getattr(self._own, "views", None)
        if views is None:
            views = self._own.views = _Views(_database(os.getpid(), *self._settings).cursor())
        return views

    def tables_named(self, text: str) -> tuple[str, ...]:
        """The tables and views that a statement names."""
        return _mentioned(text)

    def views_key(self) -> tuple[object, ...]:
        """What tells the views of this reader from another's: with overlays they are its own."""
        return (*self._shared_key(), id(self) if self._given else None)

    def is_overlaid(self, name: str) -> bool:
        """Whether something is laid over a mirror."""
        return name in self._given

    def _shared_key(self) -> tuple[object, ...]:
        # The files of joined lines come and go by themselves, whatever the versions.
        joined = joined_lines.stamp(self.root)
        return (str(self.root), tuple(sorted(self.versions.items())), self.exclude, self._settings, joined)

    def _make(self, views: _Views, name: str) -> None:
        if name in views.made:
            return
        for needed in _STANDS_ON.get(name, ()):
            self._make(views, needed)
        if name == "orders_counted":
            text = self.orders_counted_sql()
        elif name == "lines_counted":
            text = joined_lines.counted_sql(joined_lines.kept(self.root, self.versions), self._left_out())
        elif name == UNSCORED:
            text = self._table_sql(views, CONTRACTS["customer_features"])
        elif name == "customer_features":
            text = scored_sql(
                *(self._table_sql(views, CONTRACTS[table]) for table in (name, "feature_lines"))
            )
        else:
            text = self._table_sql(views, CONTRACTS[name])
        views.cursor.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {text}")
        views.made.add(name)

    def _table_sql(self, views: _Views, contract: Contract) -> str:
        stored = stored_sql(self.root / contract.name, contract, self.versions.get(contract.name))
        if contract.name not in self._given:
            return stored
        overlay = self.overlay(contract.name)
        dirty, rows = f"{contract.name}__dirty", f"{contract.name}__rows"
        # Tables, not registered Arrow: DuckDB knows their counts and plans the joins by them.
        for table, given in ((dirty, overlay.dirty), (rows, overlay.rows)):
            views.cursor.register("given", given)
            views.cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM given")
            views.cursor.unregister("given")
        same = " AND ".join(f'm."{column}" = d."{column}"' for column in overlay.dirty.column_names)
        names = ", ".join(f'"{name}"' for name in contract.names)
        # ANTI JOIN: DuckDB runs NOT EXISTS on two columns by first collecting the distinct keys of the whole mirror.
        return (
            f"SELECT {names} FROM ({stored}) AS m ANTI JOIN {dirty} AS d ON {same}"
            f" UNION ALL SELECT {names} FROM {rows}"
        )

    def overlay(self, name: str) -> Overlay:
        """What is laid over a mirror, the same for all threads."""
        with self._overlays_lock:
            if name not in self._overlays:
                given = self._given[name]
                self._overlays[name] = _as_overlay(name, given() if callable(given) else given)
            return self._overlays[name]

    def orders_counted_sql(self) -> str:
        """The view `orders_counted`, the same words for both engines."""
        flagged = self._left_out()
        if not flagged:
            return "SELECT * FROM orders"
        return (
            f"SELECT * FROM orders AS o WHERE NOT EXISTS (SELECT 1 FROM ({flagged}) AS f"
            " WHERE f.shop_id = o.shop_id AND f.order_id = o.order_id)"
        )

    def _left_out(self) -> str:
        """A SELECT of the orders that do not count, '' where all do."""
        if not self.exclude or ("order_flags" not in self._given and not self._has_files("order_flags")):
            return ""
        return f"SELECT shop_id, order_id FROM order_flags WHERE flag IN ({literals(*self.exclude)})"

    def _has_files(self, name: str) -> bool:
        version = self.versions.get(name)
        return version is not None and bool(delta.snapshot(self.root / name, version).files)


# The views that a view is made of.
_STANDS_ON = {
    "orders_counted": ("orders", "order_flags"),
    "lines_counted": ("order_lines", "order_flags", "orders_counted"),
}

GivenOverlay: TypeAlias = "Overlay | pa.Table | Callable[[], Overlay | pa.Table]"


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted((*CONTRACTS, "orders_counted", "lines_counted", UNSCORED), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(names)})\b")


@lru_cache(maxsize=512)
def _mentioned(text: str) -> tuple[str, ...]:
    """The tables and views that a statement names."""
    return tuple(sorted(set(_pattern().findall(without_comments(text)))))


def _tables_read(text: str) -> tuple[str, ...]:
    """The stored tables behind what a statement names."""
    named = set(_mentioned(text))
    if "lines_counted" in named:
        named = named - {"lines_counted"} | {"orders_counted", "order_lines"}
    if "orders_counted" in named:
        named = named - {"orders_counted"} | {"orders", "order_flags"}
    if UNSCORED in named:
        named = named - {UNSCORED} | {"customer_features"}
    if "customer_features" in named:
        named = named | {"feature_lines"}
    return tuple(sorted(named))


# The features as they are stored: to lay scores beside them takes as long as half of the filters take in all.
UNSCORED = "features_unscored"
_SCORES = re.compile(r"\b(?:[rfm]_(?:score|high)|rfm)\b|(?<!\()\*|\*(?!\))")


@lru_cache(maxsize=512)
def _without_scores(text: str) -> str:
    """The statement over unscored features when it names no score and not all columns."""
    if "customer_features" not in text or _SCORES.search(without_comments(text)):
        return text
    return re.sub(r"\bcustomer_features\b", UNSCORED, text)


def _around(name: str, around: str) -> str:
    text = query_text(name)
    return around.replace("{rows}", f"(\n{text})") if around else text


class _Answers:
    """The last answers by what was asked, shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], pa.Table] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[object, ...]) -> pa.Table | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: tuple[object, ...], answer: pa.Table) -> None:
        with self._lock:
            if key not in self._kept:
                self._bytes += answer.nbytes
            self._kept[key] = answer
            while len(self._kept) > ANSWERS_REMEMBERED or self._bytes > BYTES_REMEMBERED:
                _key, gone = self._kept.popitem(last=False)
                self._bytes -= gone.nbytes


_answers = _Answers()


def _as_overlay(name: str, given: Overlay | pa.Table) -> Overlay:
    contract = CONTRACTS[name]
    if isinstance(given, Overlay):
        return Overlay(given.dirty, contract.conform(given.rows))
    rows = contract.conform(given)
    return Overlay(rows.select(list(contract.key)), rows)


# Where a row lies: what DuckDB calls the file and the row's place in it, from 0.
POSITION = ("filename", "file_row_number")
WITH_POSITIONS = ", filename=true, file_row_number=true"


def stored_sql(
    folder: Folder, contract: Contract, version: int | delta.Snapshot | None, *, positions: bool = False
) -> str:
    """A SELECT of the contract's columns from the files of one version; typed and empty when there are none. With
    `positions` also where each row lies.

    A version written before a column joined the contract gives the column's default, else null (or 0, '', false where
    null may not be).
    """
    snapshot = delta.snapshot(folder, version) if isinstance(version, int) else version
    if snapshot is None or not snapshot.files:
        columns = [_nothing(column) for column in contract.columns]
        if positions:
            columns += ["CAST('' AS VARCHAR) AS filename", "CAST(0 AS BIGINT) AS file_row_number"]
        return f"SELECT {', '.join(columns)} WHERE false"
    # Quoted: `at` is a word of DuckDB's own.
    names = [f'"{c.name}"' if c.name in snapshot.columns else _nothing(c) for c in contract.columns]
    if positions:
        names += POSITION
    scan = scan_sql(snapshot.files, contract, WITH_POSITIONS if positions else "")
    return f"SELECT {', '.join(names)} FROM {scan}"


def scored_sql(stored: str, lines: str) -> str:
    """The rows of customer_features with the scores that the lines of shop and day give, in words of both engines.

    Rows from before lines were kept, and without lines, have the scores they were stored with.
    """
    high = {letter: f"coalesce(f.{value} >= l.{letter}_high, false)" for letter, value in _SCORED_BY.items()}
    r, f, m = high["r"], high["f"], high["m"]
    scores = {
        **{f"{letter}_score": _score_sql(letter, value) for letter, value in _SCORED_BY.items()},
        **{
            f"{letter}_high": f"CASE WHEN l.shop_id IS NULL THEN f.{letter}_high ELSE {is_high} END"
            for letter, is_high in high.items()
        },
        "rfm": f"""CASE
    WHEN l.shop_id IS NULL THEN f.rfm
    WHEN f.last_day IS NULL THEN ''
    WHEN {r} AND {f} AND {m} THEN 'key_value'
    WHEN {f} AND {m} THEN 'key_recall'
    WHEN {r} AND {m} THEN 'key_develop'
    WHEN {m} THEN 'key_retain'
    WHEN {r} AND {f} THEN 'general_value'
    WHEN {f} THEN 'general_keep'
    WHEN {r} THEN 'general_new'
    ELSE 'general_lost'
  END""",
    }
    columns = [
        f"{scores[name]} AS {name}" if name in scores else f"f.{name}"
        for name in CONTRACTS["customer_features"].names
    ]
    return (
        f"SELECT {', '.join(columns)} FROM ({stored}) AS f"
        f" LEFT JOIN ({lines}) AS l ON l.shop_id = f.shop_id AND l.as_of_day = f.as_of_day"
    )


# What recency, frequency and money are told by.
_SCORED_BY = {"r": "last_day", "f": "rfm_orders", "m": "rfm_cents"}


def _score_sql(letter: str, value: str) -> str:
    steps = " ".join(f"WHEN f.{value} >= l.{letter}_{score} THEN {score}" for score in (5, 4, 3, 2))
    return (
        f"CAST(CASE WHEN l.shop_id IS NULL THEN f.{letter}_score WHEN f.{value} IS NULL THEN NULL {steps} ELSE 1 END"
        " AS TINYINT)"
    )


def scan_sql(files: Sequence[str], contract: Contract, extra: str = "") -> str:
    """`read_parquet([...])` over files of one table."""
    hive = "hive_partitioning=false"
    if contract.partition:
        hive = f"hive_partitioning=true, hive_types={{'{contract.partition}': VARCHAR}}"
    return f"read_parquet([{literals(*files)}], {hive}{extra})"


_NEUTRAL = {"VARCHAR": "''", "BOOLEAN": "false", "TIMESTAMP": "TIMESTAMP '1970-01-01'"}


def _nothing(column: Any) -> str:
    if column.default is not None:
        value = literals(column.default)
    else:
        value = "NULL" if column.nullable else _NEUTRAL.get(column.kind.duckdb, "0")
    return f'CAST({value} AS {column.kind.duckdb}) AS "{column.name}"'


def _wanted(text: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the text mentions; DuckDB refuses surplus ones. A missing one is named."""
    mentioned = parameters_in(text)
    missing = sorted(mentioned - params.keys())
    if missing:
        raise WarehouseError(
            f"the query needs ${missing[0]}; given were {', '.join(sorted(params)) or 'none'}"
        )
    return {name: params[name] for name in mentioned}


class _Views:
    """A cursor and the names of the temporary views it already has."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor
        self.made: set[str] = set()


_threads = threading.local()


def _thread_views(key: tuple[object, ...], settings: tuple[str, int, bool]) -> _Views:
    kept: OrderedDict[tuple[object, ...], _Views] | None = getattr(_threads, "views", None)
    if kept is None or _threads.process != os.getpid():
        kept = _threads.views = OrderedDict()
        _threads.process = os.getpid()
    if key not in kept:
        kept[key] = _Views(_database(os.getpid(), *settings).cursor())
        if len(kept) > CURSORS_PER_THREAD:
            kept.popitem(last=False)[1].cursor.close()
    kept.move_to_end(key)
    return kept[key]


_database_lock = threading.Lock()


def _database(process: int, memory_limit: str, threads: int, remote: bool) -> duckdb.DuckDBPyConnection:
    with _database_lock:
        return _open_database(process, memory_limit, threads, remote)


@cache
def _open_database(process: int, memory_limit: str, threads: int, remote: bool) -> duckdb.DuckDBPyConnection:
    """One DuckDB per process (a forked child must not use its parent's) and setting, `remote` for object storage."""
    return connect(memory_limit, threads)


@contextmanager
def connected(root: Folder, memory_limit: str = "", threads: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """A room of its own for as long as the block, which reads files below `root`."""
    with reaching(root), room(memory_limit, threads) as connection:
        yield connection


@contextmanager
def room(memory_limit: str = "", threads: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables and views of one's own for as long as the block, in memory: a database of its own within the DuckDB that
    this process works with. To open and close a DuckDB takes thirty times as long, and an import has twenty rooms."""
    name = f"room_{next(_rooms)}"
    with _database_lock:
        whole = _open_workshop(os.getpid(), memory_limit, threads, any_storage())
    connection = whole.cursor()
    try:
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.execute(f"USE {name}")
        yield connection
    finally:
        connection.close()  # and with it what was registered, and an answer that nobody read to its end
        with closing(whole.cursor()) as porter:
            porter.execute(f"DETACH DATABASE IF EXISTS {name}")


_rooms = itertools.count(1)


@cache
def _open_workshop(process: int, memory_limit: str, threads: int, remote: bool) -> duckdb.DuckDBPyConnection:
    """The DuckDB of a process in which rooms are opened. It keeps no parts of files: a job reads them but once."""
    connection = connect(memory_limit, threads)
    connection.execute("SET GLOBAL enable_external_file_cache = false")
    return connection


@cache
def _kept_parts(process: int, memory_limit: str, threads: int, remote: bool) -> KeptParts:
    """What the DuckDB of this process and setting keeps."""
    return KeptParts(_database(process, memory_limit, threads, remote))


def forget_parts(reader: Reader) -> None:
    """Ask everything anew from now on that the DuckDB of a reader keeps of earlier questions: to measure first ones."""
    _kept_parts(os.getpid(), *reader._settings).forget()


def connect(memory_limit: str = "", threads: int = 0) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory DuckDB with our settings; the caller closes it."""
    import duckdb

    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "temp_directory": str(Path(tempfile.gettempdir()) / f"laoke-{os.getpid()}"),
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET GLOBAL parquet_metadata_cache = true")
    # What a query no longer needs is given back after it, not kept up to 128 MB a thread.
    connection.execute("SET GLOBAL allocator_flush_threshold = '16MB'")
    register(connection)
    return connection
