"""Frames of the message service: bytes that the protocol prescribes, and what is no frame."""

from __future__ import annotations

import pytest

from laoke.intake.top.frames import (
    CONFIRM,
    CONNECTACK,
    KIND,
    SEND,
    Byte,
    Frame,
    FrameUnreadable,
    packed,
    unpacked,
)


def test_the_smallest_acknowledgement_is_two_bytes_a_token_and_an_end() -> None:
    data = bytes.fromhex("0201050003000000") + b"tok" + bytes.fromhex("0000")
    assert packed(Frame(CONNECTACK, token="tok")) == data
    assert unpacked(data) == Frame(CONNECTACK, token="tok")


def test_a_confirmation_names_the_message_by_a_number_of_eight_bytes() -> None:
    data = packed(Frame(SEND, {KIND: Byte(CONFIRM), "id": 9_100_000_000_000_000_003}))
    kind = bytes.fromhex("010006000000") + b"__kind" + bytes.fromhex("0202")
    number = (
        bytes.fromhex("010002000000") + b"id" + b"\x05" + (9_100_000_000_000_000_003).to_bytes(8, "little")
    )
    assert data == b"\x02\x02" + kind + number + b"\x00\x00"
    assert unpacked(data).about == CONFIRM


def test_values_of_every_type_are_read() -> None:
    def value(name: str, form: str, raw: bytes) -> bytes:
        return b"\x01\x00" + len(name).to_bytes(4, "little") + name.encode() + bytes.fromhex(form) + raw

    data = b"\x02\x02" + b"".join(
        (
            value("a", "00", b""), value("b", "01", b"\x06\x00\x00\x00" + "小圆".encode()), value("c", "02", b"\xff"),
            value("d", "03", b"\x00\x80"), value("e", "04", b"\x01\x00\x00\x00"),
            value("f", "05", (2**62).to_bytes(8, "little")), value("g", "06", (1451620800000).to_bytes(8, "little")),
            value("h", "07", b"\x02\x00\x00\x00\x01\x02"),
        )
    ) + bytes.fromhex("0400" "07000000" "0200" "91010000" "0300" "02000000") + b"no" + b"\x00\x00"  # fmt: skip
    frame = unpacked(data)
    assert frame.content == {
        "a": None, "b": "小圆", "c": -1, "d": -32768, "e": 1, "f": 2**62, "g": 1451620800000, "h": b"\x01\x02",
    }  # fmt: skip
    assert (frame.status, frame.phrase) == (401, "no")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x02", b"\x01\x01\x00\x00", b"\x02\x01", b"\x02\x01\x09\x00\x00\x00",
        b"\x02\x01\x05\x00\xff\xff\xff\x7f", b"\x02\x01\x05\x00\xff\xff\xff\xff",
        b"\x02\x02\x01\x00\x01\x00\x00\x00a\x08\x00\x00", b"\x02\x01\x05\x00\x01\x00\x00\x00\xff\x00\x00",
    ],
)  # fmt: skip
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(FrameUnreadable):
        unpacked(data)
