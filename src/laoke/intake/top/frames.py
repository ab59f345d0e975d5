"""Frames of the platform's message service: what stands in one binary message of its websocket.

Two bytes (version 2, kind), then headers until one of type 0; little endian throughout. Headers that nobody knows make
the frame unreadable, because their length is not told. Pure: bytes in, a value out, and back.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final

VERSION: Final = 2
CONNECT, CONNECTACK, SEND, SENDACK = 0, 1, 2, 3
# What a SEND is about stands in its `__kind`.
KIND: Final = "__kind"
PULL, CONFIRM, DATA = 1, 2, 3

_END, _CUSTOM, _STATUS, _PHRASE, _FLAG, _TOKEN = range(6)
_VOID, _TEXT, _BYTE, _INT16, _INT32, _INT64, _DATE, _BYTES = range(8)
_NUMBERS = {_BYTE: "<b", _INT16: "<h", _INT32: "<i", _INT64: "<q", _DATE: "<q"}


class Byte(int):
    """A number that travels as one byte; other numbers travel as eight."""


class FrameUnreadable(Exception):
    """Bytes that are no frame of the message service."""


@dataclass(frozen=True)
class Frame:
    """One message: its kind, what it carries by name, and the headers of its own."""

    kind: int
    content: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    phrase: str = ""
    token: str = ""

    @property
    def about(self) -> int:
        """The `__kind` of a SEND; 0 where there is none."""
        about = self.content.get(KIND)
        return about if isinstance(about, int) else 0


def packed(frame: Frame) -> bytes:
    """The frame as it is sent."""
    out = bytearray((VERSION, frame.kind))
    if frame.status is not None:
        out += struct.pack("<hi", _STATUS, frame.status)
    if frame.phrase:
        out += struct.pack("<h", _PHRASE) + _counted(frame.phrase.encode())
    if frame.token:
        out += struct.pack("<h", _TOKEN) + _counted(frame.token.encode())
    for name, value in frame.content.items():
        out += struct.pack("<h", _CUSTOM) + _counted(name.encode()) + _typed(value)
    return bytes(out + struct.pack("<h", _END))


def _counted(text: bytes) -> bytes:
    return struct.pack("<i", len(text)) + text


def _typed(value: object) -> bytes:
    if value is None:
        return bytes((_VOID,))
    if isinstance(value, bytes):
        return bytes((_BYTES,)) + _counted(value)
    if isinstance(value, Byte):
        return struct.pack("<bb", _BYTE, value)
    if isinstance(value, int):
        return struct.pack("<bq", _INT64, value)
    return bytes((_TEXT,)) + _counted(str(value).encode())


def unpacked(data: bytes) -> Frame:
    """Read a frame.

    Raises
    ------
    FrameUnreadable
        for another version, a header or value of unknown type, a length beyond the end, text that is not UTF-8.
    """
    reader = _Reader(data)
    version, kind = reader.number("<b"), reader.number("<b")
    if version != VERSION:
        raise FrameUnreadable(f"version {version}")
    content: dict[str, Any] = {}
    status, phrase, token = None, "", ""
    while (header := reader.number("<h")) != _END:
        if header == _CUSTOM:
            name = reader.text()
            content[name] = reader.value()
        elif header == _STATUS:
            status = reader.number("<i")
        elif header == _PHRASE:
            phrase = reader.text()
        elif header == _FLAG:
            reader.number("<i")
        elif header == _TOKEN:
            token = reader.text()
        else:
            raise FrameUnreadable(f"header {header}")
    return Frame(kind, content, status, phrase, token)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, form: str) -> int:
        size = struct.calcsize(form)
        return int(struct.unpack(form, self._take(size))[0])

    def counted(self) -> bytes:
        return self._take(self.number("<i"))

    def text(self) -> str:
        try:
            return self.counted().decode()
        except UnicodeDecodeError:
            raise FrameUnreadable("text is not UTF-8") from None

    def value(self) -> Any:
        form = self.number("<b")
        if form == _VOID:
            return None
        if form == _TEXT:
            return self.text()
        if form == _BYTES:
            return self.counted()
        if form not in _NUMBERS:
            raise FrameUnreadable(f"value of type {form}")
        return self.number(_NUMBERS[form])

    def _take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise FrameUnreadable("shorter than it says")
        self.at += size
        return self.data[self.at - size : self.at]
