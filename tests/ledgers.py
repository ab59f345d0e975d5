"""Empty, migrated ledgers on SQLite and PostgreSQL, for the tests themselves and for the processes they start.

Migrating takes seconds, copying takes milliseconds: each engine is migrated once a run, by a child process, and all
processes of the run copy from that. `scripts/test` says where it lies, so that one tier after the other finds it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from filelock import FileLock

TEMPLATE = "laoke_template"


def chosen_engine() -> str:
    """`sqlite` or `postgres`, as LAOKE_TEST_DATABASE says."""
    engine = os.environ.get("LAOKE_TEST_DATABASE") or "sqlite"
    if engine not in ("sqlite", "postgres"):
        raise pytest.UsageError(f"LAOKE_TEST_DATABASE: found {engine!r}, expected sqlite or postgres")
    return engine


def postgres_url() -> str:
    """The server of this run, from LAOKE_TEST_POSTGRES."""
    url = os.environ.get("LAOKE_TEST_POSTGRES")
    if not url:
        raise pytest.UsageError(
            "LAOKE_TEST_POSTGRES is empty. scripts/test sets it; for one test: "
            "python scripts/cluster.py pytest tests/… starts a passing server"
        )
    return url


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _migrate(url: str, home: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": url, "LAOKE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0", "--skip-checks"],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


class Ledgers:
    """The templates in a folder that all processes of a run share, and the copies made from them.

    A template on PostgreSQL is called after the folder; it goes with the server of the run.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._home = home
        self._numbers = count(1)

    def make_ready(self) -> None:
        """Migrate the engine of this run, unless another process has."""
        if chosen_engine() == "sqlite":
            self._sqlite()
        else:
            self._postgres()

    def lay_under(self, database: dict[str, Any]) -> None:
        """Have Django begin its test database, told as one of its DATABASES, with a copy instead of with nothing."""
        if chosen_engine() == "sqlite":
            shutil.copyfile(self._sqlite(), database["TEST"]["NAME"])
        else:
            database["TEST"]["TEMPLATE"] = self._postgres()

    @contextmanager
    def fresh(self, engine: str, folder: Path) -> Iterator[str]:
        """The URL of a new ledger; on PostgreSQL it is dropped afterwards."""
        if engine == "sqlite":
            path = folder / "ledger.sqlite3"
            shutil.copyfile(self._sqlite(), path)
            yield f"sqlite:///{path.as_posix()}"
            return
        template = self._postgres()
        name = f"laoke_{os.getpid()}_{next(self._numbers)}"
        self._on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield _with_database(postgres_url(), name)
        finally:
            self._on_server(f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def copied(self, url: str, folder: Path) -> Iterator[str]:
        """The URL of another ledger with the same rows; nobody may be connected to the first."""
        if url.startswith("sqlite"):
            path = folder / "ledger.sqlite3"
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as ledger:
                ledger.execute("VACUUM INTO ?", [str(path)])  # with what still stands in its log
            yield f"sqlite:///{path.as_posix()}"
            return
        name = f"laoke_{os.getpid()}_{next(self._numbers)}"
        self._on_server(f'CREATE DATABASE "{name}" TEMPLATE "{urlsplit(url).path[1:]}"')
        try:
            yield _with_database(postgres_url(), name)
        finally:
            self._on_server(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _sqlite(self) -> Path:
        path = self._folder / f"{TEMPLATE}.sqlite3"
        with FileLock(self._folder / "sqlite.lock"):
            if not path.exists():
                part = path.with_suffix(".part")
                _migrate(f"sqlite:///{part.as_posix()}", self._home)
                part.rename(path)
        return path

    def _postgres(self) -> str:
        name = f"{TEMPLATE}_{hashlib.sha256(str(self._folder).encode()).hexdigest()[:12]}"
        made = self._folder / name
        with FileLock(self._folder / "postgres.lock"):
            if not made.exists():
                self._on_server(f'DROP DATABASE IF EXISTS "{name}"')  # half made, by a process that was ended
                self._on_server(f'CREATE DATABASE "{name}"')
                _migrate(_with_database(postgres_url(), name), self._home)
                made.touch()
        return name

    def _on_server(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(postgres_url(), autocommit=True) as connection:
            connection.execute(statement.encode("ascii"))
