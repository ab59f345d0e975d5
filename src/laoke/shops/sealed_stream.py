"""A stream of bytes sealed with a passphrase: what a backup is written through, and read back through.

A head in clear (how the key is made from the passphrase, a check value), then pieces of 1 MiB, each sealed with
AES-GCM. The nonce of a piece is its number and whether it is the last one, and every piece is bound to the head: pieces
cannot be swapped, dropped or taken from another file, and a file that was cut short is told from a whole one. The key
is the file's own, because its salt is.

    SealedStreamError   `foreign` no such file · `newer` a later form · `passphrase` · `damaged` cut or changed
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import unicodedata
from collections.abc import Callable
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"LAOKEBK"
FORM = 1
PIECE = 1024 * 1024
TAG = 16
# Magic, form, scrypt's log2(n), r and p, salt, beginning of every nonce; the check value follows.
HEAD = struct.Struct(">7sBBBB16s7s")
CHECK = 16
LOG_N, BLOCK, LANES = 17, 8, 1  # 128 MiB and a third of a second for each guess
# What a file may ask of the machine before anybody knows whether it is ours.
MOST_LOG_N, MOST_BLOCK, MOST_LANES = 20, 16, 4
MOST_PIECES = 2**32


class SealedStreamError(Exception):
    """A sealed stream that does not open; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SealedWriter:
    """Takes bytes, writes sealed pieces. Only `finish` makes the file whole."""

    def __init__(
        self,
        out: IO[bytes],
        passphrase: str,
        *,
        log_n: int = LOG_N,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._out, self._held, self._number, self._abandoned = out, bytearray(), 0, False
        self._start = random(7)
        bare = HEAD.pack(MAGIC, FORM, log_n, BLOCK, LANES, random(16), self._start)
        self._cipher, check = _cipher(bare, passphrase)
        self._head = bare + check
        out.write(self._head)

    def write(self, data: bytes) -> int:
        if self._abandoned:
            return len(data)
        self._held += data
        # A piece leaves only when more has come: which one is the last is not known before.
        while len(self._held) > PIECE:
            self._seal(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(data)

    def finish(self) -> None:
        """Write the last piece, which says that it is the last."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()

    def abandon(self) -> None:
        """Take whatever still comes and write none of it: the file is not going to be whole."""
        self._abandoned = True
        self._held.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._start, self._number, last), piece, self._head))
        self._number += 1


class SealedReader:
    """Gives the bytes of a sealed stream, each only after its piece was found to be genuine.

    Raises
    ------
    SealedStreamError
        at once for a foreign file and a wrong passphrase, while reading for one that was cut or changed.
    """

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        bare = _bare_head(source)
        self._source, self._number, self._ready = source, 0, memoryview(b"")
        self._start = bare[-7:]
        self._cipher, check = _cipher(bare, passphrase)
        if not hmac.compare_digest(source.read(CHECK), check):
            raise SealedStreamError("passphrase")
        self._head = bare + check
        self._next = source.read(PIECE + TAG)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        parts, missing = [], size if size >= 0 else 2**62
        while missing > 0 and (self._ready or self._open_next()):
            part = self._ready[:missing]
            parts.append(part)
            self._ready = self._ready[len(part) :]
            missing -= len(part)
        return b"".join(parts)

    def drain(self) -> None:
        """Read to the end: only there it is known that nothing was cut off."""
        while self.read(PIECE):
            pass

    def _open_next(self) -> bool:
        if self._ended:
            return False
        sealed, self._next = self._next, self._source.read(PIECE + TAG)
        last = not self._next
        try:
            plain = self._cipher.decrypt(_nonce(self._start, self._number, last), sealed, self._head)
        except (InvalidTag, ValueError) as error:
            raise SealedStreamError("damaged") from error
        self._number, self._ended, self._ready = self._number + 1, last, memoryview(plain)
        return bool(plain) or not last


def _bare_head(source: IO[bytes]) -> bytes:
    bare = source.read(HEAD.size)
    if not bare.startswith(MAGIC):
        raise SealedStreamError("foreign")
    if len(bare) < HEAD.size:
        raise SealedStreamError("damaged")
    _, form, log_n, block, lanes, _, _ = HEAD.unpack(bare)
    if form > FORM:
        raise SealedStreamError("newer")
    if not (form and 1 <= log_n <= MOST_LOG_N and 1 <= block <= MOST_BLOCK and 1 <= lanes <= MOST_LANES):
        raise SealedStreamError("damaged")
    return bare


def _cipher(bare: bytes, passphrase: str) -> tuple[AESGCM, bytes]:
    """The cipher of a file, and the value that proves its passphrase without telling it."""
    _, _, log_n, block, lanes, salt, _ = HEAD.unpack(bare)
    # The same characters typed on another system may come as other code points.
    spoken = unicodedata.normalize("NFC", passphrase).encode()
    secret = Scrypt(salt=salt, length=64, n=2**log_n, r=block, p=lanes).derive(spoken)
    return AESGCM(secret[:32]), hmac.new(secret[32:], bare, hashlib.sha256).digest()[:CHECK]


def _nonce(start: bytes, number: int, last: bool) -> bytes:
    if number >= MOST_PIECES:
        raise OverflowError("a sealed stream holds at most 4 PiB")
    return start + number.to_bytes(4, "big") + bytes([last])
