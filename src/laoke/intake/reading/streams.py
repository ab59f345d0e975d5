"""The bytes of a text file as the scanner wants them: unpacked, without byte order mark, in an ASCII-keeping encoding.

GBK and UTF-8 pass through untouched; only UTF-16 is turned into UTF-8 on the way. Nothing here holds more than
one block.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from laoke.intake.reading.refusals import MIB, IntakeRefused


class ByteStream:
    """`readinto` fills a buffer from the text; 0 means the end. `position` counts packed bytes, for progress."""

    def __init__(self, path: Path, *, packed: bool, encoding: str, skip: int, ratio: int) -> None:
        self._file: IO[bytes] = path.open("rb")
        self._size = path.stat().st_size
        self._unpacked: IO[bytes] = (
            cast("IO[bytes]", gzip.GzipFile(fileobj=self._file)) if packed else self._file
        )
        self._packed, self._ratio, self._given = packed, ratio, 0
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if "16" in encoding else None
        self._left = b""
        self._ended = False
        self._skip(skip)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._unpacked.close()
        self._file.close()

    @property
    def position(self) -> int:
        return self._file.tell()

    def _skip(self, count: int) -> None:
        while count > 0:
            block = self._unpacked.read(min(count, MIB))
            if not block:
                return
            count -= len(block)

    def readinto(self, buffer: memoryview) -> int:
        """Fill from the text, as much as comes in one go; refuses a gzip that ends early or unpacks to a bomb."""
        if self._decoder is None:
            return self._read_block_into(buffer)
        while not self._left and not self._ended:
            block = self._unpacked_block(MIB)
            self._ended = not block
            self._left = self._decoder.decode(block, final=self._ended).encode("utf-8", "replace")
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _read_block_into(self, buffer: memoryview) -> int:
        if not self._packed:
            return self._unpacked.readinto(buffer)  # type: ignore[attr-defined, no-any-return]
        block = self._unpacked_block(min(len(buffer), 4 * MIB))
        buffer[: len(block)] = block
        return len(block)

    def _unpacked_block(self, size: int) -> bytes:
        try:
            block = self._unpacked.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise IntakeRefused("file_truncated", kind="gz") from error
        self._given += len(block)
        if self._packed and self._given > 64 * MIB and self._given > self._ratio * max(self._size, 1):
            raise IntakeRefused("gzip_too_large", ratio=self._ratio)
        return block

    def read_all(self, most: int) -> bytes | None:
        """The whole text, or None when it is longer than `most` bytes."""
        held = bytearray()
        block = bytearray(MIB)
        while count := self.readinto(memoryview(block)):
            held += memoryview(block)[:count]
            if len(held) > most:
                return None
        return bytes(held)
