"""The three keys (identity, index, vault) and the session secret, in one owner-only file outside the database.

A key never enters the database; the ledger holds only a check value per key id, so that the wrong file is refused
before anything is written with it. Rotation adds a new current key and keeps the old ones for reading.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from laoke.shops.open_files import read_text, stamp

KINDS = ("identity", "index", "vault")


class KeyFileError(Exception):
    """The key file is missing, unreadable or not the one this ledger was made with."""


@dataclass(frozen=True)
class Key:
    """One secret of 32 bytes with its id."""

    key_id: str
    secret: bytes

    def check_value(self) -> str:
        """A value that proves the key without telling it."""
        return hmac.new(self.secret, b"laoke key check", hashlib.sha256).hexdigest()[:32]

    def derived(self, purpose: bytes) -> bytes:
        """A key for another purpose: who learns that one learns nothing of this."""
        return hmac.new(self.secret, purpose, hashlib.sha256).digest()


@dataclass(frozen=True)
class KeyRing:
    """All keys of one kind; `current` seals and digests, every one can open."""

    kind: str
    current: Key
    keys: dict[str, Key]


@dataclass(frozen=True)
class Keys:
    """The content of the key file."""

    identity: KeyRing
    index: KeyRing
    vault: KeyRing
    session: str


def make_key_file(path: Path, random: secrets.SystemRandom | None = None) -> bool:
    """Write a new key file, owner-only; False when one is there already (it is never overwritten)."""
    if path.exists():
        return False
    source = random or secrets.SystemRandom()
    content: dict[str, object] = {"version": 1, "session": _text(source.randbytes(48))}
    for kind in KINDS:
        content[kind] = {"current": f"{kind}-1", "keys": {f"{kind}-1": _text(source.randbytes(32))}}
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    return True


def load_keys(path: Path) -> Keys:
    """The keys as the file holds them now: another process may have changed it since this one read it.

    Raises
    ------
    KeyFileError
        with the path and what to do, when the file is missing or damaged.
    """
    try:
        return _read(path, stamp(path))
    except FileNotFoundError as error:
        raise KeyFileError(f"钥匙文件不在：{path}。从备份拿回它，或用 laoke init 建一个新店") from error
    except OSError as error:
        raise KeyFileError(f"钥匙文件打不开：{path}（{error.strerror}）。看看是不是别的程序占着它") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"钥匙文件读不懂：{path}（{error}）。从备份拿回它") from error


@lru_cache(maxsize=4)
def _read(path: Path, _seen: tuple[int, ...]) -> Keys:
    """Read once for each state of the file; a file that is swapped in between is read under its older stamp, and again
    at the next look."""
    content = json.loads(read_text(path))
    rings = {kind: _ring(kind, content[kind]) for kind in KINDS}
    return Keys(session=content["session"], **rings)


def session_secret(path: Path) -> str:
    """The session secret, or a passing one for commands that run before there is a key file."""
    try:
        return load_keys(path).session
    except KeyFileError:
        return secrets.token_urlsafe(48)


def _ring(kind: str, content: dict[str, object]) -> KeyRing:
    stored = content["keys"]
    assert isinstance(stored, dict)
    keys = {key_id: Key(key_id, base64.b64decode(secret)) for key_id, secret in stored.items()}
    return KeyRing(kind, keys[str(content["current"])], keys)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
