"""Empty, migrated ledgers for tests that start processes of their own, on SQLite and PostgreSQL.

Migrating takes seconds, copying takes milliseconds: each engine is migrated once per run, by a child process, and
every test gets a copy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import pytest

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
    """The templates of one run and the copies made from them."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._folder = folder
        self._home = home
        self._numbers = count(1)
        self._postgres_template = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._postgres_template:
            self._on_server(f'DROP DATABASE "{self._postgres_template}"')

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
        if not path.exists():
            _migrate(f"sqlite:///{path.as_posix()}", self._home)
        return path

    def _postgres(self) -> str:
        if not self._postgres_template:
            name = f"{TEMPLATE}_{os.getpid()}"
            self._on_server(f'CREATE DATABASE "{name}"')
            self._postgres_template = name
            _migrate(_with_database(postgres_url(), name), self._home)
        return self._postgres_template

    def _on_server(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(postgres_url(), autocommit=True) as connection:
            connection.execute(statement.encode("ascii"))
