"""A sealed stream gives back what was written: not when cut, changed, reordered, or under another passphrase."""

from __future__ import annotations

import io
import random

import pytest

from laoke.shops.sealed_stream import (
    CHECK,
    HEAD,
    PIECE,
    TAG,
    SealedReader,
    SealedStreamError,
    SealedWriter,
)

PASSPHRASE = "正确的马 电池 订书钉"
QUICK = 4  # scrypt's cost is no concern here
START = HEAD.size + CHECK


def sealed(content: bytes, passphrase: str = PASSPHRASE, step: int = 70_000) -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, passphrase, log_n=QUICK)
    for start in range(0, len(content), step):
        writer.write(content[start : start + step])
    writer.finish()
    return out.getvalue()


def opened(stream: bytes, passphrase: str = PASSPHRASE) -> bytes:
    reader = SealedReader(io.BytesIO(stream), passphrase)
    found = reader.read()
    reader.drain()
    return found


def why_not(stream: bytes, passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(SealedStreamError) as refused:
        opened(stream, passphrase)
    return refused.value.code


def content_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 5])
def test_what_was_written_is_read(size: int) -> None:
    content = content_of(size)
    stream = sealed(content)
    assert opened(stream) == content
    pieces = max(1, -(-size // PIECE))
    assert len(stream) == START + size + pieces * TAG


def test_it_may_be_read_in_steps_of_any_size() -> None:
    content = content_of(2 * PIECE + 11)
    reader = SealedReader(io.BytesIO(sealed(content)), PASSPHRASE)
    assert b"".join(iter(lambda: reader.read(333_333), b"")) == content


def test_nothing_of_the_content_or_the_passphrase_is_seen() -> None:
    stream = sealed(b"13800000000" * 1000)
    assert b"13800000000" not in stream and PASSPHRASE.encode() not in stream
    assert sealed(b"the same") != sealed(b"the same")


def test_the_same_characters_in_other_code_points_open_it() -> None:
    assert opened(sealed(b"x", "caf\u00e9 au lait"), "cafe\u0301 au lait") == b"x"


def test_another_passphrase_is_told_from_a_damaged_file() -> None:
    stream = sealed(content_of(10))
    assert why_not(stream, PASSPHRASE + " ") == "passphrase"
    assert why_not(stream[:-1] + bytes([stream[-1] ^ 1])) == "damaged"


@pytest.mark.parametrize(
    "left",
    [START + 2 * (PIECE + TAG), START + PIECE + TAG, START + PIECE + TAG + 500, START + 3, START - 1, 10],
)
def test_a_cut_stream_is_refused(left: int) -> None:
    stream = sealed(content_of(2 * PIECE + 100))
    assert why_not(stream[:left]) == ("passphrase" if left == START - 1 else "damaged")


def test_every_changed_byte_is_noticed() -> None:
    stream = sealed(content_of(200))
    for at in range(len(stream)):
        code = why_not(stream[:at] + bytes([stream[at] ^ 0x40]) + stream[at + 1 :])
        # Up to the check value it may look like another file or another passphrase; it is never let through.
        assert code == "damaged" if at >= START else code in ("foreign", "newer", "damaged", "passphrase")


def test_pieces_that_changed_places_are_refused() -> None:
    stream = sealed(content_of(3 * PIECE))
    size = PIECE + TAG
    first, second = stream[START : START + size], stream[START + size : START + 2 * size]
    assert why_not(stream[:START] + second + first + stream[START + 2 * size :]) == "damaged"


def test_a_piece_of_another_stream_is_refused() -> None:
    one, other = sealed(content_of(100)), sealed(content_of(100))
    assert why_not(one[:START] + other[START:]) == "damaged"


def test_something_added_at_the_end_is_refused() -> None:
    assert why_not(sealed(content_of(100)) + b"more") == "damaged"


def test_other_files_and_later_forms_are_refused_before_any_key_is_made() -> None:
    stream = sealed(b"x")
    assert why_not(b"PK\x03\x04" + bytes(100)) == "foreign"
    assert why_not(b"") == "foreign"
    assert why_not(stream[:7] + bytes([2]) + stream[8:]) == "newer"


def test_a_file_cannot_ask_for_more_memory_than_the_machine_has() -> None:
    stream = bytearray(sealed(b"x"))
    stream[8] = 40  # 2^40 rounds
    assert why_not(bytes(stream)) == "damaged"
