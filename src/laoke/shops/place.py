"""Where this installation lives: the home folder and what stands in it. Read once, before Django."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from laoke.warehouse.storage import Folder, configured_storage

# deltalake reads such three characters of a path as the one that they stand for in an address: it would look for the
# tables in another folder.
ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


@dataclass(frozen=True)
class Place:
    """The folders of one installation; nothing outside them is written."""

    home: Path

    @property
    def keys(self) -> Path:
        return Path(os.environ.get("LAOKE_KEY_FILE") or self.home / "keys" / "laoke-keys.json")

    @property
    def warehouse(self) -> Folder:
        """Where the tables lie: a folder at home, or the object storage that `LAOKE_TABLES` names."""
        storage = configured_storage()
        return self.local_tables if storage is None else storage.root()

    @property
    def local_tables(self) -> Path:
        """The folder at home for the tables; empty while `LAOKE_TABLES` names another place."""
        return self.home / "warehouse"

    @property
    def staging(self) -> Path:
        return self.home / "staging"

    @property
    def uploads(self) -> Path:
        return self.home / "uploads"

    @property
    def exports(self) -> Path:
        return self.home / "exports"

    @property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @property
    def drop(self) -> Path:
        """What is put here is imported by itself."""
        return self.home / "drop"

    @property
    def backups(self) -> Path:
        return self.home / "backups"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def make(self) -> None:
        """Create the folders; owner-only where the system knows that. A home that was there keeps its own rights."""
        if not self.home.exists():
            self.home.mkdir(mode=0o700, parents=True)
        for folder in (
            self.home,
            self.keys.parent,
            self.local_tables,
            self.staging,
            self.uploads,
            self.exports,
            self.snapshots,
            self.drop,
            self.logs,
            self.home / "static",
        ):
            folder.mkdir(parents=True, exist_ok=True)
        for private in (
            self.keys.parent, self.local_tables,
            self.staging, self.uploads, self.exports, self.snapshots, self.logs,
        ):  # fmt: skip
            private.chmod(0o700)


def place_from_env() -> Place:
    """`LAOKE_HOME`, or `data` in the current folder."""
    return Place(Path(os.environ.get("LAOKE_HOME") or "data").resolve())


def database_from_url(url: str, home: Path) -> dict[str, Any]:
    """Django's DATABASES entry for `DATABASE_URL`; SQLite in the home folder when it is empty.

    SQLite runs in WAL with synchronous=FULL: an attempt that is written must survive a power cut, because the next
    step is a text message that cannot be taken back.
    """
    parts = urlsplit(url)
    if not url or parts.scheme in ("sqlite", "sqlite3"):
        path = unquote(parts.path[1:]) if url and parts.path.strip("/") else str(home / "db.sqlite3")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; "
                "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=67108864; PRAGMA wal_autocheckpoint=8192;",
            },
        }
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError(f"DATABASE_URL: found scheme {parts.scheme!r}, expected sqlite or postgresql")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "") or dict(parse_qsl(parts.query)).get("host", ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
