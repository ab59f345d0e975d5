"""A backup as a file: members of a tar stream, sealed as they are written, read in the order they were written.

Nothing of it is ever in clear on a disk, except the copy of a SQLite ledger that stands in `staging` meanwhile.
"""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from laoke.shops.sealed_stream import LOG_N, SealedReader, SealedWriter

FORMAT = 1
PART = 4 * 1024 * 1024
MANIFEST, TOMBSTONES = "manifest.json", "tombstones.json"
Moved = Callable[[int], None]


class Members:
    """Writes members. `moved` is called with the bytes of each step, and may raise to end the whole."""

    def __init__(self, out: IO[bytes], passphrase: str, moved: Moved, log_n: int = LOG_N) -> None:
        self._sealed = SealedWriter(out, passphrase, log_n=log_n)
        # Closed by `finish` or `abandon`: what was not finished must not look whole.
        self._tar = tarfile.open(mode="w|", fileobj=self._sealed, bufsize=PART)  # type: ignore[call-overload]  # noqa: SIM115
        self._moved = moved

    def add_bytes(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        self._tar.addfile(info, io.BytesIO(content))

    def add_json(self, name: str, content: Any) -> None:
        self.add_bytes(name, json.dumps(content, ensure_ascii=False).encode())

    def add_file(self, name: str, path: Path) -> None:
        """A file as it is at the moment of opening: one that is swapped meanwhile is read to its end."""
        with path.open("rb") as source:
            info = tarfile.TarInfo(name)
            info.size = source.seek(0, io.SEEK_END)
            source.seek(0)
            self._tar.addfile(info, _Counted(source, self._moved))  # type: ignore[arg-type]

    def add_parts(self, folder: str, pieces: Iterable[bytes]) -> None:
        """Bytes whose length is not known before, compressed, as numbered members."""
        held, number = bytearray(), 0
        for piece in pieces:
            held += piece
            self._moved(len(piece))
            while len(held) >= PART:
                number += 1
                self.add_bytes(f"{folder}/{number:06}.z", zlib.compress(held[:PART], 1))
                del held[:PART]
        self.add_bytes(f"{folder}/{number + 1:06}.z", zlib.compress(held, 1))

    def abandon(self) -> None:
        """End without a whole file; the tar stream writes what it holds when it goes, and that must go nowhere."""
        self._sealed.abandon()
        self._tar.close()

    def finish(self) -> None:
        """What makes the file whole."""
        self._tar.close()
        self._sealed.finish()


class _Counted:
    def __init__(self, source: IO[bytes], moved: Moved) -> None:
        self._source, self._moved = source, moved

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._moved(len(data))
        return data


class Member:
    """One member while it is the next in the stream."""

    def __init__(self, name: str, size: int, source: IO[bytes]) -> None:
        self.name, self.size, self._source = name, size, source

    def pieces(self) -> Iterator[bytes]:
        while piece := self._source.read(PART):
            yield piece

    def content(self) -> bytes:
        return self._source.read()

    def inflated(self) -> bytes:
        return zlib.decompress(self.content())


@contextmanager
def members_of(path: Path, passphrase: str) -> Iterator[Iterator[Member]]:
    """The members of a backup, in order.

    Raises
    ------
    SealedStreamError
        for a file that is not whole or not ours; for a cut one perhaps only at the end of the iteration.
    """
    with path.open("rb") as source:
        yield _members(SealedReader(source, passphrase))


def _members(sealed: SealedReader) -> Iterator[Member]:
    with tarfile.open(mode="r|", fileobj=sealed, bufsize=PART) as tar:  # type: ignore[call-overload]
        for info in tar:
            inner = tar.extractfile(info)
            if inner is not None:
                yield Member(_harmless(info.name), info.size, inner)
    sealed.drain()


def _harmless(name: str) -> str:
    """A name that leads nowhere but below the home; whoever knows the passphrase could have written another."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or ":" in name or ".." in parts:
        raise ValueError(f"a member of that name cannot be unpacked: {name!r}")
    return name
