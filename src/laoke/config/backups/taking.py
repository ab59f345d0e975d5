"""Taking a backup: written under a passing name beside its target, put in place when it is whole.

Killed at any step it leaves nothing under the final name; what it leaves under the passing one the next backup to the
same folder clears away. Pages, worker and imports go on meanwhile.

    BackupRefused   tables `remote` · `short` passphrase · `exists` · `no_folder` · `busy` · `no_room`
                    · `unreadable` · `cancelled`
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke import __version__
from laoke.config.backups.moment import COPY_NAME, Moment, Unreadable, take_moment
from laoke.config.backups.sealed import FORMAT, MANIFEST, TOMBSTONES, Members
from laoke.shops import audit
from laoke.shops.clock import DEMO_CLOCK
from laoke.shops.locks import WriterBusy, held_file
from laoke.shops.models import User
from laoke.shops.open_files import let_go
from laoke.shops.place import Place
from laoke.shops.refusals import ReasonedRefusal
from laoke.shops.sealed_stream import LOG_N
from laoke.warehouse.storage import configured_storage

SHORTEST = 12
BUSY = "另一个备份正在做，等它完成再试"
FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))
Progress = Callable[[int, int], None]
Step = Callable[[str], None]


REASONS: dict[str, str | Promise] = {
    "remote": _(
        "事实表在 %(place)s，laoke backup 只装得下数据文件夹里的。先复制数据库和 %(home)s，"
        "再用存储自己的工具复制那个桶，两天之内都对得上；见 docs/how-to/grow.md"
    ),
    "short": f"口令太短：至少 {SHORTEST} 个字符。用几个不相干的词最好记",
    "exists": "%(path)s 已有文件，不覆盖。换个名字",
    "no_folder": "没有这个文件夹：%(path)s",
    "busy": BUSY,
    "no_room": "%(path)s 写到一半磁盘满了，没留下半个文件。腾出地方，或换一块盘",
    "write": "%(path)s 写不了：%(reason)s",
    "unreadable": "事实表读不全，这样的备份没有用。先运行 laoke doctor（%(reason)s）",
    "cancelled": "已取消，没有留下文件",
}


class BackupRefused(ReasonedRefusal):
    """A backup that was not made; nothing stands under its name."""

    reasons = REASONS


def refuse_remote(place: Place) -> None:
    """Raise BackupRefused `remote` when the tables lie in object storage, which has ways of its own to keep them."""
    if configured_storage() is not None:
        raise BackupRefused("remote", place=place.warehouse, home=place.home)


def take(
    place: Place,
    target: Path,
    passphrase: str,
    *,
    now: datetime,
    by: User | None = None,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    step: Step = lambda name: None,
    log_n: int = LOG_N,
) -> dict[str, Any]:
    """Make one backup and its audit row; what it holds, in numbers.

    Raises
    ------
    BackupRefused
    """
    refuse_remote(place)
    begun = time.monotonic()
    target = target.resolve()
    if len(passphrase) < SHORTEST:
        raise BackupRefused("short")
    if target.exists():
        raise BackupRefused("exists", path=target)
    if not target.parent.is_dir():
        raise BackupRefused("no_folder", path=target.parent)
    try:
        with held_file(place.home / "backup.lock", 0.0, BUSY):
            told = _Backup(place, target, passphrase, progress, cancelled, step, log_n).make(now)
    except WriterBusy as busy:
        raise BackupRefused("busy") from busy
    told |= {"seconds": round(time.monotonic() - begun, 1)}
    named = {name: told[name] for name in ("bytes", "catalog", "seconds")}
    audit.record(
        "backup", shop=None, actor=by, at=now, subject=target.name[:200], count=told["files"], **named
    )
    return told


class _Backup:
    def __init__(
        self, place: Place, target: Path, passphrase: str, progress: Progress, cancelled: Callable[[], bool],
        step: Step, log_n: int,
    ) -> None:  # fmt: skip
        self.place, self.target, self.step = place, target, step
        self._passphrase, self._log_n = passphrase, log_n
        self._progress, self._cancelled = progress, cancelled
        self._done, self._total, self._files, self._missing = 0, 0, 0, 0

    def make(self, now: datetime) -> dict[str, Any]:
        self._clear_leftovers()
        beside = self.target.parent / f"{self._mark()}{secrets.token_hex(6)}.part"
        try:
            moment = take_moment(self.place)
            try:
                self.step("moment")
                self._write(beside, moment, now)
            finally:
                moment.ledger.close()
            size = beside.stat().st_size
            self.step("written")
            beside.replace(self.target)
            sync_folder(self.target.parent)
        except Unreadable as error:
            raise BackupRefused("unreadable", reason=str(error)[:200]) from error
        except (OSError, sqlite3.OperationalError) as error:
            raise _refusal_of(error, self.target) from error
        finally:
            let_go(beside)
        self.step("in_place")
        return {
            "file": str(self.target), "bytes": size, "catalog": moment.entry, "pinned": len(moment.pinned),
            "left_out": moment.left_out, "files": self._files, "missing": self._missing,
        }  # fmt: skip

    def _mark(self) -> str:
        """Passing names tell whose they are: another installation may be writing into the same folder."""
        return f".laoke-{hashlib.sha256(str(self.place.home).encode()).hexdigest()[:8]}-"

    def _clear_leftovers(self) -> None:
        for path in [
            *self.target.parent.glob(f"{self._mark()}*.part"),
            *self.place.staging.glob(f"{COPY_NAME}*"),
        ]:
            let_go(path)

    def _write(self, beside: Path, moment: Moment, now: datetime) -> None:
        data = [
            (f"warehouse/{table}/{file}", self.place.local_tables / table / file)
            for table, found in sorted(moment.tables.items())
            for file in found.files
        ]
        others = self._other_files(moment)
        self._total = moment.ledger.size + sum(
            path.stat().st_size for _, path in [*data, *others] if path.exists()
        )
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as out:
            members = Members(out, self._passphrase, self._moved, self._log_n)
            try:
                self._write_all(members, moment, now, data)
                self._add_others(members, others)
                members.finish()
            except BaseException:
                members.abandon()
                raise
            self.step("finished")
            _flush(out)

    def _write_all(
        self, members: Members, moment: Moment, now: datetime, data: list[tuple[str, Path]]
    ) -> None:
        members.add_json(MANIFEST, self._manifest(moment, now))
        members.add_json(TOMBSTONES, _tombstones(moment))
        moment.ledger.write(members)
        self.step("ledger")
        for table, found in sorted(moment.tables.items()):
            for name, content in found.log:
                members.add_bytes(f"warehouse/{table}/_delta_log/{name}", content)
        for name, path in data:
            members.add_file(name, path)
            self._files += 1
            self.step("file")

    def _add_others(self, members: Members, others: list[tuple[str, Path]]) -> None:
        for name, path in others:
            try:
                members.add_file(name, path)
                self._files += 1
            except FileNotFoundError:  # used up or forgotten since: what it was for is over
                self._missing += 1

    def _manifest(self, moment: Moment, now: datetime) -> dict[str, Any]:
        ledger = moment.ledger
        checks = ledger.rows("SELECT kind, key_id, check_value FROM shops_keycheck ORDER BY id")
        return {
            "format": FORMAT, "laoke": __version__, "id": secrets.token_hex(16),
            "made_at": now.isoformat(sep=" ", timespec="seconds"), "catalog": moment.entry,
            "versions": moment.versions, "pinned": moment.pinned, "left_out": moment.left_out,
            "shops": [row[0] for row in ledger.rows("SELECT name FROM shops_shop ORDER BY id")],
            "migrations": [list(row) for row in ledger.rows("SELECT app, name FROM django_migrations ORDER BY id")],
            "keys": [list(row) for row in checks],
            "ledger": ledger.described(),
        }  # fmt: skip

    def _other_files(self, moment: Moment) -> list[tuple[str, Path]]:
        """Frozen lists, sealed uploads that wait for their import, the demo shop's clock. Lists in clear stay out."""
        home, ledger = self.place.home, moment.ledger
        snapshots = [row[0] for row in ledger.rows("SELECT path FROM audiences_snapshot ORDER BY id")]
        uploads = [row[0] for row in ledger.rows("SELECT path FROM shops_upload ORDER BY id")]
        found = [(name, home / name) for name in dict.fromkeys(snapshots)]
        found += [(f"uploads/{name}", self.place.uploads / name) for name in uploads]
        clock = home / DEMO_CLOCK
        return [*found, *([(DEMO_CLOCK, clock)] if clock.exists() else [])]

    def _moved(self, count: int) -> None:
        self._done += count
        self._progress(min(self._done, self._total), self._total)
        if self._cancelled():
            raise BackupRefused("cancelled")


def _tombstones(moment: Moment) -> list[list[Any]]:
    return [
        list(row)
        for row in moment.ledger.rows("SELECT digest, owner_id FROM customers_tombstone ORDER BY digest")
    ]


def _flush(out: IO[bytes]) -> None:
    out.flush()
    os.fsync(out.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can: Windows opens no folder and needs it not."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _refusal_of(error: Exception, target: Path) -> BackupRefused:
    if is_full(error):
        return BackupRefused("no_room", path=target)
    return BackupRefused("write", path=target, reason=getattr(error, "strerror", None) or str(error))


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room left."""
    if isinstance(error, OSError):
        return error.errno in FULL or getattr(error, "winerror", None) == 112
    return isinstance(error, sqlite3.OperationalError) and "disk is full" in str(error)


def default_target(place: Place, now: datetime) -> Path:
    """Where a backup goes that nobody gave a name: by time, in the home's own folder."""
    place.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place.backups / f"laoke-{now:%Y%m%d-%H%M%S}.backup"
