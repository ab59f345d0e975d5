"""Lines of paid orders beside their buyer and day, kept as files of their own: `lines_counted` reads these.

To find everybody who bought a product, each line has to meet its order, and of ten million orders that meeting takes
longer than all the rest. Stored facts never change, so it is done once: for each month one file beside the tables,
named by the files that it was made of. It is no table: no catalog entry names it, it may be deleted at any time, and
where it is missing the two tables are joined as they are asked. The worker makes what is missing after each write.

    lines_counted/2026-10-<digest>.parquet   lines of that month whose order somebody known has paid
    lines_counted/2026-10-<digest>.apart     the month holds lines whose order is not in it: it is joined as asked

Flags of fake orders come from people and change by the hour, so flagged orders lie in the files too, and are left out
when they are read, by `order_hash`.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.warehouse import delta
from laoke.warehouse.columns import literals
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.parquet import ROW_GROUP_ROWS, partition_of
from laoke.warehouse.storage import Folder, delete

if TYPE_CHECKING:
    import duckdb

FOLDER = "lines_counted"
COLUMNS = (
    "shop_id",
    "customer_id",
    "paid_day",
    "product_id",
    "title",
    "quantity",
    "unit_price_cents",
    "paid_cents",
)
# Of so few bytes of lines (some hundred thousand) the join takes no longer than opening the files.
LEAST_BYTES = 2_000_000
# What stands in the files: another number makes all of them anew.
FORM = 1


@dataclass(frozen=True)
class Month:
    """The files of one month's lines and orders in one version of the warehouse."""

    month: str
    lines: tuple[str, ...]
    orders: tuple[str, ...]

    def name(self) -> str:
        """Names what is made of these files, whatever version of the tables they are seen in."""
        import duckdb

        # DuckDB's hash of a number may be another in its next release.
        told = "\n".join([str(FORM), duckdb.__version__, *_names(self.lines), "", *_names(self.orders)])
        return f"{self.month}-{hashlib.sha256(told.encode()).hexdigest()[:24]}"


@dataclass(frozen=True)
class Kept:
    """What of the lines is there joined (files), and which months are not."""

    files: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()


def stamp(root: Folder) -> int:
    """Another number whenever a file came or went; 0 while there are none."""
    try:
        return _folder(root).stat().st_mtime_ns if isinstance(root, Path) else 0
    except OSError:
        return 0


def kept(root: Folder, versions: Mapping[str, int]) -> Kept:
    """The joined files of these versions. Without any, one table joined with the other is all there is."""
    if not isinstance(root, Path) or not stamp(root):
        return Kept()
    files, missing = [], []
    present = {file.name for file in _folder(root).iterdir()}
    for month in _months(root, versions):
        name = f"{month.name()}.parquet"
        if name in present:
            files.append(_folder(root) / name)
        else:
            missing.append(month.month)
    return Kept(tuple(files), tuple(missing)) if files else Kept()


def join_next(root: Folder, versions: Mapping[str, int], *, least_bytes: int = LEAST_BYTES) -> bool:
    """Join the newest month that is not there; False when none is left to do.

    A shop with less than `least_bytes` of lines, and tables in object storage, have no such files.
    """
    if not isinstance(root, Path):
        return False
    months = _months(root, versions)
    if sum(Path(file).stat().st_size for month in months for file in month.lines) < least_bytes:
        return False
    folder = _folder(root)
    folder.mkdir(exist_ok=True)
    present = {file.name for file in folder.iterdir()}
    for month in months:
        name = month.name()
        if not {f"{name}.parquet", f"{name}.apart"} & present:
            _join(root, versions, month)
            return True
    return False


def sweep(root: Folder, versions: Mapping[str, int], *, now: float, keep_seconds: float) -> int:
    """Delete what was last seen in use so long before now (seconds since 1970); how many files went.

    What the versions name is in use now. A query that began with older ones finds its files for as long as those of
    the tables themselves.
    """
    if not isinstance(root, Path) or not stamp(root):
        return 0
    current = {month.name() for month in _months(root, versions)}
    gone = 0
    for file in sorted(_folder(root).iterdir()):
        if file.stem in current:
            os.utime(file, (now, now))
        elif file.stat().st_mtime < now - keep_seconds:
            gone += delete(file)
    return gone


def forget(root: Folder) -> None:
    """Delete all joined files; they are made anew."""
    for path in stored(root):
        delete(path)


def stored(root: Folder) -> list[Path]:
    """Every joined file, whatever it was made of."""
    return sorted(_folder(root).glob("*.parquet")) if isinstance(root, Path) else []


def _folder(root: Path) -> Path:
    return root / FOLDER


def _names(files: tuple[str, ...]) -> list[str]:
    """A file's own name is drawn for it alone, and stays when the house moves."""
    return sorted(file.rsplit("/", 1)[-1] for file in files)


def _months(root: Folder, versions: Mapping[str, int]) -> list[Month]:
    """The months that have lines, the newest first."""
    by_month: dict[str, dict[str, list[str]]] = {
        table: defaultdict(list) for table in ("order_lines", "orders")
    }
    for table, months in by_month.items():
        if table in versions:
            for file in delta.snapshot(root / table, versions[table]).files:
                months[partition_of(file, CONTRACTS[table])["month"]].append(file)
    lines, orders = by_month["order_lines"], by_month["orders"]
    return [Month(month, tuple(lines[month]), tuple(orders[month])) for month in sorted(lines, reverse=True)]


def _join(root: Path, versions: Mapping[str, int], month: Month) -> None:
    from laoke.warehouse.engine import connected

    folder, name = _folder(root), month.name()
    beside = folder / f"{name}.{uuid.uuid4().hex}.part"
    with connected(root) as connection:
        for table, files in (("order_lines", month.lines), ("orders", month.orders)):
            _view(connection, root, table, files, versions.get(table))
        whole = not connection.execute(_APART).fetchall()
        target = folder / f"{name}.{'parquet' if whole else 'apart'}"
        if whole:
            connection.execute(_copy(beside))
        else:
            beside.touch()
    # Another worker may have been first; Windows keeps what a reader has open. Theirs is the same.
    with suppress(PermissionError):
        beside.replace(target)
    beside.unlink(missing_ok=True)


def _view(
    connection: duckdb.DuckDBPyConnection, root: Path, table: str, files: tuple[str, ...], version: int | None
) -> None:
    from laoke.warehouse.engine import stored_sql

    columns = () if version is None else delta.snapshot(root / table, version).columns
    text = stored_sql(root / table, CONTRACTS[table], delta.Snapshot(-1, files, columns))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {text}")


_SAME = "l.shop_id = o.shop_id AND l.order_id = o.order_id"
_APART = f"SELECT 1 FROM order_lines AS l ANTI JOIN orders AS o ON {_SAME} LIMIT 1"


def order_hash(alias: str) -> str:
    """What stands for an order in the files; of ten million orders two are alike in one of 400,000 shops."""
    return f"hash({alias}.shop_id, {alias}.order_id)"


def joined_sql(orders: str, extra: str = "") -> str:
    """Lines with buyer and day of those orders that somebody known has paid; the same words for both engines."""
    names = ", ".join(f"o.{name}" if name in COLUMNS[:3] else f"l.{name}" for name in COLUMNS)
    return (
        f"SELECT {names}{extra} FROM {orders} AS o JOIN order_lines AS l ON {_SAME}"
        " WHERE o.customer_id IS NOT NULL AND o.paid_day IS NOT NULL"
    )


def counted_sql(found: Kept, flags: str) -> str:
    """The view `lines_counted` of DuckDB: what is kept without the orders of `flags` (a SELECT of shop and order, ''
    where none is left out), and the rest joined now."""
    rest = joined_sql("orders_counted")
    if not found.files:
        return rest
    names, files = (
        ", ".join(f"k.{name}" for name in COLUMNS),
        literals(*(file.as_posix() for file in found.files)),
    )
    text = f"SELECT {names} FROM read_parquet([{files}], hive_partitioning=false) AS k"
    if flags:
        text += (
            f" ANTI JOIN (SELECT {order_hash('f')} AS order_hash FROM ({flags}) AS f) AS f USING (order_hash)"
        )
    if found.missing:
        text += f" UNION ALL {rest} AND l.month IN ({literals(*found.missing)})"
    return text


def _copy(target: Path) -> str:
    text = joined_sql("orders", f", {order_hash('o')} AS order_hash")
    return (
        f"COPY ({text}) TO {literals(target.as_posix())}"
        f" (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
    )
