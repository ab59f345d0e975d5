"""The named queries and segments on a Spark cluster, over the same files that DuckDB would read.

Laoke itself resolves the pinned version of each table to its Parquet files (deltalake) and hands Spark that list: the
cluster needs nothing but Spark and the shared folder. The answer comes back with exactly the column types that DuckDB
gives, asked of DuckDB over empty tables, so that no caller can tell which engine answered.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from laoke.warehouse import delta, joined_lines, spark_cluster
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.engine import scored_sql
from laoke.warehouse.engine_setting import EngineProblem, SparkSetting
from laoke.warehouse.spark_cluster import Connection, first_line
from laoke.warehouse.spark_sql import argument, translated, type_name

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from laoke.warehouse.columns import Column, Contract
    from laoke.warehouse.engine import Reader

SESSIONS_KEPT = 8
# An erased person's number is replaced inside a file (renumbering.py): a list read before that is stale, once.
STALE_FILE = ("FAILED_READ_FILE", "FILE_NOT_EXIST", "FileNotFoundException", "is not a Parquet file")
OTHER_VERSION = ("InvalidClassException", "local class incompatible", "ClassCastException")
WORKERS_SECONDS = 60
_KINDS = {
    "VARCHAR": "STRING",
    "BIGINT": "BIGINT",
    "INTEGER": "INT",
    "TINYINT": "TINYINT",
    "BOOLEAN": "BOOLEAN",
    "DOUBLE": "DOUBLE",
    "TIMESTAMP": "TIMESTAMP_NTZ",
}
_NEUTRAL = {"STRING": "''", "BOOLEAN": "false", "TIMESTAMP_NTZ": "TIMESTAMP_NTZ '1970-01-01 00:00:00'"}


def answer(setting: SparkSetting, reader: Reader, text: str, params: Mapping[str, Any]) -> pa.Table:
    """The rows of one statement (DuckDB's dialect, allowed functions only), typed as DuckDB types them."""
    sql = translated(text, params)
    args = {name: argument(value) for name, value in params.items()}
    for last_try in (False, True):
        connected = spark_cluster.connection(setting)
        views = _views(connected, reader)
        try:
            with views.lock:
                views.make_all(reader.tables_named(text))
            rows = collected(connected, views.session.sql(sql, args=args))
        except Exception as error:
            stale = any(sign in str(error) for sign in STALE_FILE)
            if not last_try and (stale or connected.lost):
                _forget(connected, reader)
                continue
            if isinstance(error, EngineProblem):
                raise
            raise problem_of(connected, str(reader.root), error) from error
        return as_duckdb_gives(rows, text, params)
    raise AssertionError("the second try either answers or raises")


def as_duckdb_gives(rows: pa.Table, text: str, params: Mapping[str, Any]) -> pa.Table:
    """The same rows in the column types of DuckDB; a value that does not fit raises."""
    kinds = tuple(sorted((name, type_name(value)) for name, value in params.items()))
    schema = _schema(text, kinds, tuple(sorted(params.items())))
    return rows.rename_columns(schema.names).cast(schema)


@lru_cache(maxsize=512)
def _schema(text: str, kinds: tuple[tuple[str, str], ...], params: tuple[tuple[str, Any], ...]) -> pa.Schema:
    from laoke.warehouse.engine import Reader

    return Reader("", {}).sql(text, dict(params)).schema


class _SparkViews:
    """A session of its own with the views it already has; one per catalog entry, or per reader with overlays."""

    def __init__(self, session: SparkSession, reader: Reader) -> None:
        self.session, self.reader = session, reader
        self.lock = threading.Lock()
        self.made: set[str] = set()

    def make_all(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name in self.made:
                continue
            if name == "orders_counted":
                self.make_all(("orders", "order_flags"))
                self.session.sql(f"CREATE TEMP VIEW {name} AS {self.reader.orders_counted_sql()}")
            elif name == "lines_counted":
                self.make_all(("order_lines", "orders_counted"))
                self.session.sql(f"CREATE TEMP VIEW {name} AS {joined_lines.joined_sql('orders_counted')}")
            elif name == "customer_features":
                self.make_all(("feature_lines",))
                self._table(CONTRACTS[name]).createOrReplaceTempView("features_stored")
                text = scored_sql("SELECT * FROM features_stored", "SELECT * FROM feature_lines")
                self.session.sql(f"CREATE TEMP VIEW {name} AS {text}")
            else:
                self._table(CONTRACTS[name]).createOrReplaceTempView(name)
            self.made.add(name)

    def _table(self, contract: Contract) -> DataFrame:
        stored = self._stored(contract)
        if not self.reader.is_overlaid(contract.name):
            return stored
        overlay = self.reader.overlay(contract.name)
        dirty = self.session.createDataFrame(overlay.dirty)
        rows = self.session.createDataFrame(overlay.rows.select(list(contract.names)))
        return (
            stored.join(dirty, list(overlay.dirty.column_names), "left_anti")
            .select(*contract.names)
            .union(rows)
        )

    def _stored(self, contract: Contract) -> DataFrame:
        version = self.reader.versions.get(contract.name)
        folder = self.reader.root / contract.name
        snapshot = None if version is None else delta.snapshot(folder, version)
        if snapshot is None or not snapshot.files:
            nothing = ", ".join(_nothing(column) for column in contract.columns)
            return self.session.sql(f"SELECT {nothing} WHERE false")
        written = [column for column in contract.columns if column.name in snapshot.columns]
        schema = ", ".join(f"`{column.name}` {_KINDS[column.kind.duckdb]}" for column in written)
        files = self.session.read.schema(schema).option("basePath", spark_path(folder.as_posix()))
        columns = [f"`{c.name}`" if c in written else _nothing(c) for c in contract.columns]
        return files.parquet(*(spark_path(file) for file in snapshot.files)).selectExpr(*columns)


def spark_path(path: str) -> str:
    """A path as Hadoop names it: s3 goes by the name of its own reader, a folder is a file URL on every worker."""
    if path.startswith("s3://"):
        return "s3a://" + path.removeprefix("s3://")
    return "file://" + (path if path.startswith("/") else f"/{path}")


def _nothing(column: Column) -> str:
    kind = _KINDS[column.kind.duckdb]
    value = "NULL" if column.nullable else _NEUTRAL.get(kind, "0")
    return f"CAST({value} AS {kind}) AS `{column.name}`"


_views_lock = threading.Lock()
_views_kept: OrderedDict[tuple[object, ...], _SparkViews] = OrderedDict()


def _key(connected: Connection, reader: Reader) -> tuple[object, ...]:
    return (id(connected), reader.views_key())


def _views(connected: Connection, reader: Reader) -> _SparkViews:
    key = _key(connected, reader)
    with _views_lock:
        if key not in _views_kept:
            _views_kept[key] = _SparkViews(connected.session.newSession(), reader)
            while len(_views_kept) > SESSIONS_KEPT:
                _views_kept.popitem(last=False)
        _views_kept.move_to_end(key)
        return _views_kept[key]


def _forget(connected: Connection, reader: Reader) -> None:
    with _views_lock:
        _views_kept.pop(_key(connected, reader), None)


def collected(connected: Connection, frame: DataFrame) -> pa.Table:
    """Collect a result; ended when no worker comes, or when it takes too long."""
    setting, context = connected.setting, connected.session.sparkContext
    group, why = uuid.uuid4().hex, []

    def end(seconds: int) -> None:
        at_work = connected.executors() > 0
        if at_work and seconds < setting.seconds:
            return
        why.append(
            EngineProblem("too_long" if at_work else "no_workers", address=setting.address, seconds=seconds)
        )
        context.cancelJobGroup(group)

    context.setJobGroup(group, "Laoke")
    waits = [
        threading.Timer(wait, end, (wait,))
        for wait in sorted({WORKERS_SECONDS, setting.seconds})
        if wait <= setting.seconds
    ]
    for timer in waits:
        timer.daemon = True
        timer.start()
    try:
        return frame.toArrow()
    except Exception as error:
        if why:
            raise why[0] from error
        raise
    finally:
        for timer in waits:
            timer.cancel()


def problem_of(connected: Connection, folder: str, error: Exception) -> EngineProblem:
    """What an error of Spark's means for the one who asked."""
    text = str(error)
    if any(sign in text for sign in OTHER_VERSION):
        return EngineProblem("other_version", version=connected.version)
    if "S3AFileSystem" in text or 'No FileSystem for scheme "s3a"' in text:
        return EngineProblem("no_s3a")
    if any(sign in text for sign in (*STALE_FILE, "PATH_NOT_FOUND")):
        return EngineProblem("files_unseen", folder=folder)
    if connected.lost:
        return EngineProblem("lost", why=first_line(error))
    return EngineProblem("failed", why=first_line(error))
