"""Restoring a backup: a whole new home beside the present one, brought up to date there, and only then swapped.

    1 unpacked   every member read to the end of the file, so that it is known to be whole
    2 revived    in a process of its own: ledger migrated, erased people erased again, rounds paused (`reviving`)
    3 decided    `restore.json` is written: from here on the new home wins, whatever is killed
    4 swapped    ledger and folders take their places, the old ones go

Killed before 3 the home is what it was; killed after it, `laoke restore --finish` does the rest, and nothing else
begins before. On PostgreSQL the new ledger stands in a schema of its own until its tables take the place of the old
ones in one transaction.

    RestoreRefused   see REASONS; nothing was changed, except for `held`: then it goes on with --finish
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import DatabaseError, connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke.config.backups import present, swapping
from laoke.config.backups.journal import is_unfinished
from laoke.config.backups.sealed import FORMAT, MANIFEST, TOMBSTONES, Member, members_of
from laoke.config.backups.taking import is_full
from laoke.shops import presence
from laoke.shops.keys import KeyFileError, load_keys
from laoke.shops.locks import WriterBusy, held_file
from laoke.shops.place import Place
from laoke.shops.refusals import ReasonedRefusal
from laoke.shops.sealed_stream import SealedStreamError
from laoke.warehouse.storage import configured_storage

Progress = Callable[[int, int], None]
Step = Callable[[str], None]
BESIDE = "restoring-"
AFTERLIFE = 10.0  # seconds: PostgreSQL ends the sessions of a killed process when it next talks to it

REASONS: dict[str, str | Promise] = {
    "remote": _(
        "LAOKE_TABLES 指着 %(place)s，而备份只恢复到数据文件夹里。去掉 LAOKE_TABLES 再恢复；"
        "要放回对象存储，恢复后照 docs/how-to/grow.md 把表拷到一个空文件夹。什么都没有动"
    ),
    "no_file": "没有这个文件：%(path)s",
    "foreign": "%(path)s 不是老客的备份",
    "newer": "这份备份是更新的老客做的。先把老客升级，再恢复",
    "passphrase": "口令不对。什么都没有动",
    "damaged": "%(path)s 坏了：后面少了一截，或者被改过。什么都没有动；换另一份",
    "engine": "这份备份来自 %(theirs)s，这里用的是 %(ours)s。把 DATABASE_URL 换成 %(theirs)s 的再恢复",
    "keys": "要有建库时的钥匙文件才能恢复：放到 %(path)s，或用 --keys 指明抄出来的那份（%(reason)s）",
    "other_keys": "钥匙文件和这份备份不是一套：%(path)s。用 --keys 指明当时抄出来的那份",
    "not_empty": "%(home)s 里已有数据。要用备份换掉它，加 --replace；要恢复到别处，用 --into",
    "running": "老客还开着（%(who)s）。先全部停下，再恢复",
    "restoring": "另一个恢复正在做，等它完成",
    "mounted": "%(path)s 是挂载的盘或链接，不能整个换下。恢复到别处（--into），再把里面的文件搬过去",
    "no_room": "磁盘满了，恢复不下。什么都没有动；腾出地方再来",
    "write": "写不下去：%(reason)s。什么都没有动",
    "held": "%(path)s 正被别的程序打开。数据都在；关掉那个程序，再运行 laoke restore --finish",
    "broken": "备份里的数据打不开，没有换上：%(reason)s",
}


class RestoreRefused(ReasonedRefusal):
    """A restore that was not done, with its reason."""

    reasons = REASONS


def restore(
    place: Place,
    source: Path,
    passphrase: str,
    *,
    replace: bool = False,
    keys: Path | None = None,
    erased_in: Path | None = None,
    progress: Progress = lambda done, total: None,
    step: Step = lambda name: None,
) -> dict[str, Any]:
    """Put a backup in the place of what is there; what came of it.

    `erased_in` is a newer backup of the same house, whose tombstones count too.

    Raises
    ------
    RestoreRefused
    """
    if configured_storage() is not None:
        raise RestoreRefused("remote", place=place.warehouse)
    if not source.is_file():
        raise RestoreRefused("no_file", path=source)
    with _alone(place):
        if is_unfinished(place.home):
            # Decided once is decided; what is asked for now is looked at after that.
            _finish(place, step)
            replace = True
        if not replace and present.is_occupied(place):
            raise RestoreRefused("not_empty", home=place.home)
        for folder in (place.local_tables, place.snapshots, place.uploads):
            if folder.is_symlink() or os.path.ismount(folder):
                raise RestoreRefused("mounted", path=folder)
        buried = _buried(erased_in, passphrase) if erased_in else []
        beside = place.home / f"{BESIDE}{secrets.token_hex(6)}"
        return _Restore(place, beside, source, keys or place.keys, buried, progress, step).run(passphrase)


def finish(place: Place, step: Step = lambda name: None) -> dict[str, Any] | None:
    """Do what a restore that was cut short has left to do; None when there was none."""
    with _alone(place):
        return _finish(place, step) if is_unfinished(place.home) else None


def _finish(place: Place, step: Step) -> dict[str, Any]:
    try:
        return swapping.swap(place, step)
    except OSError as error:
        raise RestoreRefused("held", path=error.filename or place.home) from error


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Nobody works here, and nobody begins before this is over."""
    try:
        with presence.alone(place.home) as there:
            if there:
                raise RestoreRefused("running", who="、".join(sorted(set(there))))
            if others := present.sessions_that_stay(AFTERLIFE):
                raise RestoreRefused("running", who=f"数据库还有 {others} 个连接")
            with held_file(place.home / "warehouse.lock", 0.5):
                yield
    except WriterBusy as busy:
        code = "restoring" if str(busy) == presence.RESTORING else "running"
        raise RestoreRefused(code, who="导入") from busy


class _Restore:
    def __init__(
        self, place: Place, beside: Path, source: Path, keys: Path, buried: list[Any], progress: Progress,
        step: Step,
    ) -> None:  # fmt: skip
        self.place, self.beside, self.source, self.keys = place, beside, source, keys
        self.buried, self.progress, self.step = buried, progress, step
        self.schema = f"laoke_{beside.name.replace('-', '_')}" if connection.vendor == "postgresql" else ""

    def run(self, passphrase: str) -> dict[str, Any]:
        clear_leftovers(self.place)
        decided = False
        try:
            manifest = self._unpack(passphrase)
            self.step("unpacked")
            carried = present.newer_than_backup(self.place, manifest)
            told = self._revive(manifest, carried)
            if not self.schema:
                with (self.beside / "db.sqlite3").open("rb+") as ledger:
                    os.fsync(ledger.fileno())
            self.step("revived")
            told |= {name: manifest[name] for name in ("made_at", "catalog", "shops")}
            swapping.decide(self.place, self.beside, schema=self.schema, keys=self.keys, told=told)
            decided = True
            self.step("decided")
        except SealedStreamError as error:
            raise RestoreRefused(error.code, path=self.source) from error
        except OSError as error:
            code = "no_room" if is_full(error) else "write"
            raise RestoreRefused(code, reason=error.strerror or str(error)) from error
        finally:
            if not decided:
                clear_leftovers(self.place)
        return _finish(self.place, self.step)

    # 1 unpacked

    def _unpack(self, passphrase: str) -> dict[str, Any]:
        total, done = self.source.stat().st_size, 0
        manifest: dict[str, Any] = {}
        with members_of(self.source, passphrase) as members:
            for member in members:
                if member.name == MANIFEST:
                    manifest = json.loads(member.content())
                    self._check(manifest)
                    self._make_folders()
                elif not manifest:
                    raise SealedStreamError("damaged")
                else:
                    self._keep(member)
                done += member.size
                self.progress(min(done, total), total)
                self.step("member")
        return manifest

    def _check(self, manifest: dict[str, Any]) -> None:
        """Whatever can be refused is refused before anything is written."""
        if manifest["format"] > FORMAT or present.unknown_migrations(manifest["migrations"]):
            raise RestoreRefused("newer")
        if manifest["ledger"]["engine"] != connection.vendor:
            names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
            raise RestoreRefused(
                "engine", theirs=names[manifest["ledger"]["engine"]], ours=names[connection.vendor]
            )
        try:
            keys = load_keys(self.keys)
        except KeyFileError as error:
            raise RestoreRefused("keys", path=self.place.keys, reason=str(error)) from error
        if not present.keys_fit(keys, manifest["keys"]):
            raise RestoreRefused("other_keys", path=self.keys)

    def _make_folders(self) -> None:
        for name in ("warehouse", "snapshots", "uploads", "staging", "exports", "logs"):
            (self.beside / name).mkdir(mode=0o700, parents=True)
        self.beside.chmod(0o700)

    def _keep(self, member: Member) -> None:
        if member.name == TOMBSTONES:
            return
        if member.name.startswith("ledger/sqlite/"):
            with (self.beside / "db.sqlite3").open("ab") as out:
                out.write(member.inflated())
            return
        path = self.beside / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            for piece in member.pieces():
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())

    # 2 revived

    def _revive(self, manifest: dict[str, Any], carried: dict[str, Any]) -> dict[str, Any]:
        """Let another process live in the new home for a moment: settings are read once in a process."""
        carried["tombstones"] = [*carried["tombstones"], *self.buried]
        order = {"manifest": manifest, "carried": carried, "schema": self.schema}
        asked, answered = self.beside / "reviving.json", self.beside / "revived.json"
        asked.write_text(json.dumps(order, ensure_ascii=False), encoding="utf-8")
        if self.schema:
            present.make_schema(self.schema)
        returncode, errors = self._in_a_process(asked, answered)
        if returncode or not answered.exists():
            last = (errors.strip().splitlines() or [f"{returncode}"])[-1]
            if "disk is full" in last or "No space left" in last:
                raise RestoreRefused("no_room")
            raise RestoreRefused("broken", reason=last[:300])
        told: dict[str, Any] = json.loads(answered.read_text(encoding="utf-8"))
        return told | {"carried": carried["read"]}

    def _in_a_process(self, asked: Path, answered: Path) -> tuple[int, str]:
        """Its status and what it wrote to standard error. Its standard input ends when this process does, however
        that comes about, and it with it (`reviving.main`)."""
        with (
            (self.beside / "reviving.log").open("w+b") as log,
            subprocess.Popen(
                [sys.executable, "-m", "laoke.config.backups.reviving", str(asked), str(answered)],
                env=self._environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log,
            ) as child,
        ):  # fmt: skip
            status = child.wait()
            log.seek(0)
            return status, log.read().decode("utf-8", "replace")

    def _environment(self) -> dict[str, str]:
        made = {**os.environ, "LAOKE_HOME": str(self.beside), "LAOKE_KEY_FILE": str(self.keys.resolve())}
        if self.schema:
            made["PGOPTIONS"] = f"{os.environ.get('PGOPTIONS', '')} -c search_path={self.schema}".strip()
        else:
            made["DATABASE_URL"] = f"sqlite:///{quote((self.beside / 'db.sqlite3').as_posix())}"
        return made


def clear_leftovers(place: Place) -> None:
    """What restores that were not decided have left beside."""
    for folder in place.home.glob(f"{BESIDE}*"):
        shutil.rmtree(folder, ignore_errors=True)
    with suppress(DatabaseError):
        present.drop_schemas("laoke_restoring_")


def _buried(newer: Path, passphrase: str) -> list[Any]:
    """The tombstones that another backup carries; they stand at its beginning."""
    try:
        with members_of(newer, passphrase) as members:
            for member in members:
                if member.name == TOMBSTONES:
                    found: list[Any] = json.loads(member.content())
                    return found
    except SealedStreamError as error:
        raise RestoreRefused(error.code, path=newer) from error
    except OSError as error:
        raise RestoreRefused("no_file", path=newer) from error
    raise RestoreRefused("damaged", path=newer)
