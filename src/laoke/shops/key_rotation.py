"""A new vault key beside the old ones, and taking an old one away. The file is replaced whole, never edited."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from laoke.shops.keys import KeyFileError, load_keys
from laoke.shops.locks import WriterBusy, held_file
from laoke.shops.open_files import read_text, swap

ROTATED = "vault"  # the only kind that can be: a digest cannot be made anew without what it stands for
_BUSY = "另一处正在换钥匙，这里什么都没动。等它完成，用 laoke keys list 看看再说"


@contextmanager
def changing_keys(path: Path) -> Iterator[None]:
    """Hold the right to change the key file and to seal anew. It is let go with the process, so nothing stale stays.

    A lock file on PostgreSQL too: what two changes would collide on is the file.

    Raises
    ------
    KeyFileError
        when another process holds it; nobody waits, because the other's change makes this one needless or wrong.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(held_file(Path(f"{path}.lock"), 0, _BUSY))
        except WriterBusy as error:
            raise KeyFileError(str(error)) from error
        yield


def add_vault_key(path: Path, random: secrets.SystemRandom | None = None) -> tuple[str, str]:
    """Put a new current vault key into the file; the ids of the key before and of the new one.

    The old key stays for reading, so a process that still runs with the old file and records that are not sealed anew
    yet lose nothing.
    """
    content = _content(path)
    ring = content[ROTATED]
    before = str(ring["current"])
    number = 1 + max(int(key_id.rsplit("-", 1)[1]) for key_id in ring["keys"])
    new = f"{ROTATED}-{number}"
    secret = (random or secrets.SystemRandom()).randbytes(32)
    ring["keys"][new] = base64.b64encode(secret).decode("ascii")
    ring["current"] = new
    _replace(path, content)
    return before, new


def drop_vault_key(path: Path, key_id: str) -> None:
    """Take an old vault key out of the file; the caller has made sure that nothing is sealed with it.

    Raises
    ------
    KeyFileError
        when the file has no such key, or it is the current one.
    """
    content = _content(path)
    ring = content[ROTATED]
    if key_id not in ring["keys"]:
        raise KeyFileError(f"钥匙文件里没有 {key_id}，有：{'、'.join(sorted(ring['keys']))}")
    if key_id == ring["current"]:
        raise KeyFileError(f"{key_id} 正在用。先换新钥匙：laoke keys rotate")
    del ring["keys"][key_id]
    _replace(path, content)


def put_back(path: Path, text: str) -> None:
    """Make the key file again what it was before a change that must not stand."""
    _replace(path, json.loads(text))


def copy_key_file(path: Path, target: Path) -> None:
    """Write the key file to another place, owner-only; an existing file there is never overwritten.

    Raises
    ------
    KeyFileError
        when the target exists or cannot be written.
    """
    load_keys(path)  # a damaged file must not become the copy that somebody relies on
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(f"{target} 已有文件，不覆盖。换个名字") from error
    except OSError as error:
        raise KeyFileError(f"{target} 写不了：{error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(read_text(path))
        file.flush()
        os.fsync(file.fileno())


def _content(path: Path) -> dict[str, Any]:
    load_keys(path)
    content: dict[str, Any] = json.loads(read_text(path))
    return content


def _replace(path: Path, content: object) -> None:
    """A crash leaves the old file or the new one; the copy beside it is owner-only from its first byte."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        swap(beside, path)
    except PermissionError as error:
        raise KeyFileError(f"{path} 正被别的程序打开，钥匙没有动。关掉那个程序再试") from error
