"""The moment of a backup: a copy of the ledger, and the files of every table version that its entries name.

The ledger is copied first, while everybody goes on writing: SQLite by VACUUM INTO, PostgreSQL within one snapshot. The
newest catalog entry *of the copy* is the moment; whatever is committed later belongs to neither store. Its files stay
where they are for as long as a backup may take: the sweep keeps what was current within the last 48 hours.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from django.db import connection, connections

from laoke.config.backups.sealed import PART, Members
from laoke.shops.open_files import let_go
from laoke.shops.place import Place
from laoke.warehouse import delta
from laoke.warehouse.inspection import trouble
from laoke.warehouse.storage import Folder, files_in, path_of
from laoke.warehouse.store import Warehouse

ATTEMPTS = 3
LOCK_SECONDS = 30.0
COPY_NAME = "backup-"


class Unreadable(Exception):
    """The newest catalog entry names what cannot be read; a backup of it would be worth nothing."""


class LedgerCopy(Protocol):
    """The ledger as it was at one moment."""

    size: int

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...
    def described(self) -> dict[str, Any]: ...
    def write(self, members: Members) -> None: ...
    def close(self) -> None: ...


class SqliteCopy:
    """A file beside the database, without what was deleted from it."""

    def __init__(self, staging: Path) -> None:
        self._path = staging / f"{COPY_NAME}{secrets.token_hex(6)}.sqlite3"
        try:
            with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=LOCK_SECONDS)) as source:
                source.execute("VACUUM INTO ?", [str(self._path)])
            self._path.chmod(0o600)
            self._copy = sqlite3.connect(self._path)
        except BaseException:
            let_go(self._path)
            raise
        self.size = self._path.stat().st_size

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._copy.execute(sql).fetchall()

    def described(self) -> dict[str, Any]:
        return {"engine": "sqlite"}

    def write(self, members: Members) -> None:
        with self._path.open("rb") as source:
            members.add_parts("ledger/sqlite", iter(lambda: source.read(PART), b""))

    def close(self) -> None:
        self._copy.close()
        let_go(self._path)


class PostgresCopy:
    """A transaction that sees one moment, and tells the tables one after the other."""

    def __init__(self) -> None:
        self._db = connections.create_connection("default")
        self.rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # The first look is what fixes the moment.
        self.size = int(self.rows("SELECT pg_database_size(current_database())")[0][0])
        names = set(self._db.introspection.django_table_names(only_existing=True, include_views=False))
        self._tables = {name: self._columns(name) for name in sorted(names | {"django_migrations"})}

    def _columns(self, table: str) -> list[str]:
        with self._db.cursor() as cursor:
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
                "AND NOT attisdropped ORDER BY attnum",
                [table],
            )
            return [row[0] for row in cursor.fetchall()]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._db.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def described(self) -> dict[str, Any]:
        told = self.rows(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() "
            "AND last_value IS NOT NULL ORDER BY sequencename"
        )
        return {"engine": "postgresql", "tables": self._tables, "sequences": dict(told)}

    def write(self, members: Members) -> None:
        for table, columns in self._tables.items():
            members.add_parts(f"ledger/{table}", self._copied(table, columns))

    def _copied(self, table: str, columns: Sequence[str]) -> Iterator[bytes]:
        listed = ", ".join(f'"{name}"' for name in columns)
        with self._db.cursor() as cursor:
            with cursor.cursor.copy(f'COPY "{table}" ({listed}) TO STDOUT') as copy:  # type: ignore[attr-defined]
                for piece in copy:
                    yield bytes(piece)

    def close(self) -> None:
        self._db.close()


def copy_ledger(place: Place) -> LedgerCopy:
    """The ledger at this moment; close it afterwards."""
    if connection.vendor == "postgresql":
        return PostgresCopy()
    return SqliteCopy(place.staging)


@dataclass(frozen=True)
class TableFiles:
    """Of one table: the log up to the highest version that is named, and the data files of the named versions."""

    log: list[tuple[str, bytes]]
    files: list[str]


@dataclass
class Moment:
    """What belongs together. `entry` is 0 before the first import; `left_out` are pinned entries that do not open."""

    ledger: LedgerCopy
    entry: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    tables: dict[str, TableFiles] = field(default_factory=dict)


def take_moment(place: Place) -> Moment:
    """Copy the ledger and find the files that belong to it; upkeep that comes between is met by another copy.

    Raises
    ------
    Unreadable
        when the newest entry cannot be opened.
    """
    for attempt in range(ATTEMPTS):
        ledger = copy_ledger(place)
        try:
            return _moment(place, ledger)
        except BaseException as error:
            ledger.close()
            if not isinstance(error, Unreadable) or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("every attempt returns or raises")


def _moment(place: Place, ledger: LedgerCopy) -> Moment:
    found = Moment(ledger)
    entries = ledger.rows(
        "SELECT id, versions, pinned FROM shops_catalogentry "
        "WHERE pinned OR id = (SELECT max(id) FROM shops_catalogentry) ORDER BY id DESC"
    )
    if not entries:
        return found
    warehouse = Warehouse(place.warehouse)
    logs = {table: _log(warehouse.folder(table)) for table in _tables_of(entries)}
    opener = _Opener(warehouse)
    wanted: dict[str, set[int]] = {}
    for number, (entry, stored, _) in enumerate(entries):
        named = _versions(stored)
        try:
            opener.open_all(named)
        except trouble() as error:
            if number == 0:
                raise Unreadable(str(error)) from error
            found.left_out.append(entry)
            continue
        for table, version in named.items():
            wanted.setdefault(table, set()).add(version)
        if number:
            found.pinned.append(entry)
    found.entry, found.versions = entries[0][0], _versions(entries[0][1])
    for table, versions in wanted.items():
        kept = [(name, content) for name, content in logs[table] if _number(name) <= max(versions)]
        files = set[str]().union(*(opener.files[table, version] for version in versions))
        found.tables[table] = TableFiles(kept, sorted(files))
    return found


class _Opener:
    """The files of versions, each looked up once and from the disk: what a process remembers may be gone."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.files: dict[tuple[str, int], list[str]] = {}

    def open_all(self, versions: dict[str, int]) -> None:
        for table, version in versions.items():
            if (table, version) not in self.files:
                self.files[table, version] = self._open(self._warehouse.folder(table), version)

    def _open(self, folder: Folder, version: int) -> list[str]:
        """The files of a version below the table's folder; each is there."""
        beginning = f"{folder.as_posix()}/"
        files = delta.local_files(delta.open_table(folder, version))
        for file in files:
            path_of(folder, file).stat()
        return [file.removeprefix(beginning) for file in files]


def _tables_of(entries: Sequence[tuple[Any, ...]]) -> set[str]:
    return {table for _, versions, _ in entries for table in _versions(versions)}


def _versions(stored: Any) -> dict[str, int]:
    return dict(json.loads(stored) if isinstance(stored, str) else stored)


def _log(folder: Folder) -> list[tuple[str, bytes]]:
    """The log as it stands; an entry that upkeep takes away meanwhile is needed by no version that opens later."""
    found = []
    for path in files_in(folder / "_delta_log", "*"):
        if path.name[:20].isdigit():
            with suppress(FileNotFoundError):
                found.append((path.name, path.read_bytes()))
    return found


def _number(name: str) -> int:
    return int(name[:20])
