"""Files that users give us: kept under our own name, sealed piece by piece, opened only for the time of their use.

A sealed file is a magic word, the id of the vault key, then pieces of 1 MiB, each sealed on its own (AES-GCM) and bound
to the file, its place and whether it is the last one: pieces cannot be dropped, swapped or taken from another file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _

from laoke.shops.keys import load_keys
from laoke.shops.models import Shop, Upload, User

if TYPE_CHECKING:
    from django.core.files.base import ContentFile
    from django.core.files.uploadedfile import UploadedFile

MAGIC = b"LKUP1"
PIECE = 1024 * 1024
NONCE = 12
TAG = 16
LIMIT_BYTES = 4 * 1024**3
KEPT = timedelta(days=7)
LEFT_SECONDS = 24 * 3600
UNPACKED = ("laoke-sheet-*", "laoke-lines-*", "laoke-warming-*")


class UploadRefused(Exception):
    """A file that is not taken: `code` is `empty` or `too_large`, `params` fill its message."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


class UploadDamaged(Exception):
    """A stored file does not open: it was cut short, changed, or sealed with a key that is not there."""


def refused_text(refusal: UploadRefused) -> str:
    """Why a file was not taken and what to do, in the user's language."""
    name = refusal.params["name"]
    if refusal.code == "empty":
        return _("%(name)s 是空的，换一个有数据的文件") % {"name": name}
    return _("%(name)s 超过 %(limit)s，按月分开导出再导") % {"name": name, "limit": size_text(limit_bytes())}


def size_text(size: int) -> str:
    """Bytes as people read them: 812 B, 48.6 MB."""
    amount, unit = float(size), "B"
    for larger in ("KB", "MB", "GB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount == int(amount) else f"{amount:.1f} {unit}"


def limit_bytes() -> int:
    """The largest file that is taken, in bytes (setting `UPLOAD_LIMIT_BYTES`)."""
    return int(getattr(settings, "UPLOAD_LIMIT_BYTES", LIMIT_BYTES))


def store_upload(
    shop: Shop,
    file: UploadedFile | ContentFile[bytes],
    *,
    by: User | None,
    now: datetime,
    random: Callable[[int], bytes] = os.urandom,
) -> Upload:
    """Seal a file as it comes in and keep it; its content is never on disk in clear under our uploads.

    Raises
    ------
    UploadRefused
        when it is empty or larger than the limit.
    """
    name = Path((file.name or "").replace("\\", "/")).name[:255] or "upload"
    if (file.size or 0) > limit_bytes():
        raise UploadRefused("too_large", name=name, limit=limit_bytes())
    path = f"{secrets.token_hex(16)}.sealed"
    target = settings.PLACE.uploads / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        size, sha256 = _write_sealed(target, path, file.chunks(PIECE), name, random)
    except BaseException:
        _went(target)
        raise
    return Upload.objects.create(
        shop=shop, name=name, path=path, size=size, sha256=sha256, created_by=by, created_at=now
    )


def _write_sealed(
    target: Path, path: str, chunks: Iterable[bytes], name: str, random: Callable[[int], bytes]
) -> tuple[int, str]:
    key = load_keys(settings.PLACE.keys).vault.current
    cipher, digest, size = AESGCM(key.secret), hashlib.sha256(), 0
    key_id = key.key_id.encode("ascii")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(MAGIC + bytes([len(key_id)]) + key_id)
        for number, (piece, last) in enumerate(_with_last(_pieces(chunks))):
            size += len(piece)
            if size > limit_bytes():
                raise UploadRefused("too_large", name=name, limit=limit_bytes())
            digest.update(piece)
            nonce = random(NONCE)
            sealed = nonce + cipher.encrypt(nonce, piece, _bound_to(path, number, last))
            out.write(len(sealed).to_bytes(4, "big") + sealed)
        if not size:
            raise UploadRefused("empty", name=name)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at most 1 MiB."""
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE):
            yield chunk[start : start + PIECE]


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held, False
        held = piece
    if held is not None:
        yield held, True


def _bound_to(path: str, number: int, last: bool) -> bytes:
    return f"upload|{path}|{number}|{'last' if last else 'more'}".encode()


@contextmanager
def opened(upload: Upload, *, at_most: int | None = None) -> Iterator[Path]:
    """The file in clear in a private staging folder, deleted when the block ends; with `at_most` only about that many
    bytes of its beginning.

    Raises
    ------
    UploadDamaged
        when it is gone, cut short, changed or sealed with another key.
    """
    with private_folder(str(upload.pk)) as folder:
        plain = folder / f"file{_safe_suffix(upload.name)}"
        with plain.open("wb") as out:
            for piece in _read_sealed(settings.PLACE.uploads / upload.path, upload.path):
                out.write(piece)
                if at_most is not None and out.tell() >= at_most:
                    break
        yield plain


@contextmanager
def private_folder(label: str) -> Iterator[Path]:
    """A folder for what stands in clear while it is used; deleted when the block ends, or a day after a crash."""
    folder = settings.PLACE.staging / f"upload-{label}-{secrets.token_hex(6)}"
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _safe_suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if suffix in (".csv", ".txt", ".xlsx", ".xls", ".gz") else ""


def _read_sealed(file: Path, path: str) -> Iterator[bytes]:
    try:
        with file.open("rb") as source:
            cipher = _cipher_of(source)
            number, last = 0, False
            while not last:
                size = int.from_bytes(source.read(4), "big")
                if not NONCE + TAG < size <= PIECE + NONCE + TAG:
                    raise UploadDamaged(path)
                sealed = source.read(size)
                last = not source.peek(1)[:1]  # type: ignore[attr-defined]
                yield cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bound_to(path, number, last))
                number += 1
    except (InvalidTag, FileNotFoundError) as error:
        raise UploadDamaged(path) from error


def _cipher_of(source: IO[bytes]) -> AESGCM:
    if source.read(len(MAGIC)) != MAGIC:
        raise UploadDamaged("not a sealed file")
    key_id = source.read(source.read(1)[0]).decode("ascii")
    key = load_keys(settings.PLACE.keys).vault.keys.get(key_id)
    if key is None:
        raise UploadDamaged(f"key {key_id} is not in the key file")
    return AESGCM(key.secret)


def sealed_with(key_id: str) -> int:
    """How many stored files are sealed with that key."""
    wanted, count = MAGIC + bytes([len(key_id)]) + key_id.encode("ascii"), 0
    for file in settings.PLACE.uploads.glob("*.sealed"):
        with file.open("rb") as source:
            count += source.read(len(wanted)) == wanted
    return count


def forget(upload: Upload) -> None:
    """Delete a file and its row; a file that is gone already is no trouble.

    One that Windows keeps open stays with its row (sealed as it is) until `forget_old` comes by.
    """
    if _went(settings.PLACE.uploads / upload.path):
        Upload.objects.filter(pk=upload.pk).delete()


def forget_old(now: datetime) -> int:
    """Delete files that nobody came back for within a week; how many went."""
    old = list(Upload.objects.filter(created_at__lt=now - KEPT))
    for upload in old:
        forget(upload)
    return len(old)


def forget_leftovers(staging: Path, exports: Path, wall: float) -> int:
    """Delete what `leftovers` finds; how many went. One that Windows keeps open waits for the next time."""
    return sum(_went(path) for path in leftovers(staging, exports, wall))


def leftovers(staging: Path, exports: Path, wall: float) -> list[Path]:
    """What stands in clear and is over a day old: files a killed process had open, and exports taken along.

    `wall` is seconds since 1970. Folders of imports and hand-over lists have their own ends.
    """
    passing = Path(tempfile.gettempdir())
    found = [
        *staging.glob("upload-*"),
        *staging.glob("*.upload*"),
        *staging.glob("backup-*"),
        *exports.glob("*.xlsx"),
        *exports.glob("*.part"),
        # Sheets and long files are unpacked beside the system's other passing files.
        *(path for name in UNPACKED for path in passing.glob(name)),
    ]
    return [path for path in found if _older(path, wall - LEFT_SECONDS)]


def _older(path: Path, than: float) -> bool:
    try:
        return path.stat().st_mtime < than
    except OSError:
        return False


def _went(path: Path) -> bool:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
