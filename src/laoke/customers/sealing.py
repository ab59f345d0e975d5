"""Keyed digests and sealing: what may be looked up without being readable, and what only the key can open."""

from __future__ import annotations

import json
import os
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from laoke.shops.keys import Key, Keys, load_keys

DIGEST_BYTES = 18  # 144 bits: no two of 10^9 people meet by chance; 24 characters in base64
NONCE_BYTES = 12


class VaultError(Exception):
    """A sealed record does not open: wrong key, moved row or damaged bytes."""


def keys() -> Keys:
    """The installation's keys, as the key file holds them now."""
    return load_keys(settings.PLACE.keys)


def digest(key: Key, *parts: str) -> str:
    """A keyed digest of text parts; the parts cannot run into each other."""
    return b2a_base64(
        blake2b(digest_parts(*parts), key=key.secret, digest_size=DIGEST_BYTES).digest(), newline=False
    ).decode()


def digest_parts(*parts: str) -> bytes:
    """Parts as `digests` takes them."""
    return "\x1f".join(parts).encode("utf-8", "surrogatepass")


def digests(key: Key, contents: Iterable[bytes]) -> list[str]:
    """`digest` of many contents, each the UTF-8 bytes of its parts with the separator between them."""
    begun = blake2b(key=key.secret, digest_size=DIGEST_BYTES)
    found = []
    for content in contents:
        one = begun.copy()
        one.update(content)
        found.append(one.digest())
    # 18 bytes are 24 characters without padding, so all may be written out at once and cut apart.
    text, width = b2a_base64(b"".join(found), newline=False).decode(), DIGEST_BYTES * 4 // 3
    return [text[at : at + width] for at in range(0, len(text), width)]


def contact_digest(channel: str, value: str) -> str:
    """The digest under which a phone number or address is found; the same in every shop, because the person is."""
    return digest(keys().index.current, channel, value)


def waybill_digests(waybills: Sequence[str | None]) -> list[str]:
    """Keyed digests of waybills, '' for none: the same number is known again, and is not kept."""
    key = keys().index.current
    return [digest(key, "waybill", waybill) if waybill else "" for waybill in waybills]


@lru_cache(maxsize=16)
def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(secret)


def seal(
    content: dict[str, Any], bound_to: str, random: Callable[[int], bytes] = os.urandom
) -> tuple[bytes, str]:
    """Encrypt a record; `bound_to` (shop, person, schema) must be the same when it is opened. Returns bytes, key id."""
    sealer = Sealer(random)
    return sealer.seal_all([json_bytes(content)], [bound_to.encode()])[0], sealer.key_id


def json_bytes(content: dict[str, Any]) -> bytes:
    """A record as the text that is sealed."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class Sealer:
    """Seals many records: the key is looked up once, nonces are drawn in one block."""

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        current = keys().vault.current
        self.key_id, self._cipher = current.key_id, _cipher(current.secret)
        self._random = random

    def seal(self, text: str, bound_to: str) -> bytes:
        """The sealed text; it opens only with the same `bound_to`."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), bound_to.encode())

    def seal_all(self, contents: Sequence[bytes], bound_to: Sequence[bytes]) -> list[bytes]:
        """The sealed contents; each opens only with its own `bound_to`."""
        block, encrypt = self._random(NONCE_BYTES * len(contents)), self._cipher.encrypt
        nonces = [block[at : at + NONCE_BYTES] for at in range(0, len(block), NONCE_BYTES)]
        return [
            nonce + encrypt(nonce, content, bound)
            for nonce, content, bound in zip(nonces, contents, bound_to, strict=True)
        ]


def open_sealed(sealed: bytes | memoryview, key_id: str, bound_to: str) -> dict[str, Any]:
    """Decrypt a record that was sealed by `seal`; see `open_text` for what is raised."""
    content: dict[str, Any] = json.loads(open_text(bytes(sealed), key_id, bound_to))
    return content


def open_text(sealed: bytes, key_id: str, bound_to: str) -> str:
    """Decrypt a text.

    Raises
    ------
    VaultError
        when the key is not there, or the bytes are not the ones sealed for `bound_to`.
    """
    return _open(_cipher_of(key_id), bytes(sealed), bound_to).decode("utf-8", "surrogatepass")


def open_all(records: Iterable[tuple[bytes, str, str]]) -> list[dict[str, Any]]:
    """`open_sealed` of many records, (sealed bytes, key id, bound to) each: keys are looked up once, and the contents
    are read as one text."""
    ciphers: dict[str, AESGCM] = {}
    contents = []
    for sealed, key_id, bound_to in records:
        cipher = ciphers.get(key_id)
        if cipher is None:
            cipher = ciphers[key_id] = _cipher_of(key_id)
        contents.append(_open(cipher, sealed, bound_to))
    opened: list[dict[str, Any]] = json.loads(
        (b"[%s]" % b",".join(contents)).decode("utf-8", "surrogatepass")
    )
    return opened


def _cipher_of(key_id: str) -> AESGCM:
    key = keys().vault.keys.get(key_id)
    if key is None:
        raise VaultError(f"钥匙 {key_id} 不在钥匙文件里")
    return _cipher(key.secret)


def _open(cipher: AESGCM, sealed: bytes, bound_to: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        # ValueError: what is left of the bytes is shorter than a nonce.
        raise VaultError(f"密封的记录打不开（{bound_to.split('|')[0]}）：钥匙不对或数据损坏") from error
