"""Books of Excel 97–2003 made for the tests: one sheet, written from the published format ([MS-XLS], [MS-CFB]).

Only what an export of a shop needs: texts, numbers, dates, true and false, errors, formulas with their cached value.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

SECTOR = 512
END_OF_CHAIN, FREE, FAT_SECTOR, NO_STREAM = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
GENERAL, DATE_TIME = 0, 1  # numbers of the two cell formats below
SMALLEST_STREAM = 4096  # shorter ones would live in a stream of their own kind


class Formula:
    """A formula cell as Excel saves it: its tokens and the number that stood there last."""

    def __init__(self, cached: float) -> None:
        self.cached = cached


class Error:
    """#N/A."""


def old_book(rows: Sequence[Sequence[Any]], *, sheet: str = "订单", locked: bool = False) -> bytes:
    """The bytes of an .xls with one sheet. `locked` sets the mark of a password (the content stays plain)."""
    return container({"Workbook": workbook(rows, sheet=sheet, locked=locked)})


def workbook(rows: Sequence[Sequence[Any]], *, sheet: str = "订单", locked: bool = False) -> bytes:
    """The stream of a book, in BIFF8."""
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    if locked:
        # FILEPASS, RC4: from here on a real book is enciphered.
        start += _record(0x002F, struct.pack("<HHH", 1, 1, 1) + bytes(48))
    start += _record(0x0042, struct.pack("<H", 1200))
    start += _record(0x0022, struct.pack("<H", 0))
    start += _record(0x041E, struct.pack("<H", 164) + _text("yyyy-mm-dd hh:mm:ss"))
    for number_format in (0, 164):
        start += _record(0x00E0, struct.pack("<HHHBBBBIIH", 0, number_format, 0, 0x20, 0, 0, 0, 0, 0, 0x20C0))
    name = sheet.encode("utf-16-le")
    bound = struct.pack("<BB", len(sheet), 1) + name
    end = _record(0x000A, b"")
    at = len(start) + 4 + 6 + len(bound) + len(end)
    return start + _record(0x0085, struct.pack("<IBB", at, 0, 0) + bound) + end + _sheet(rows)


def _sheet(rows: Sequence[Sequence[Any]]) -> bytes:
    width = max((len(row) for row in rows), default=0)
    found = [
        _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6)),
        _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)),
    ]
    found += [
        _cell(row, column, value)
        for row, cells in enumerate(rows)
        for column, value in enumerate(cells)
        if value is not None and value != ""
    ]
    return b"".join(found) + _record(0x000A, b"")


def _cell(row: int, column: int, value: Any) -> bytes:
    def at(style: int) -> bytes:
        return struct.pack("<HHH", row, column, style)

    match value:
        case bool():
            return _record(0x0205, at(GENERAL) + struct.pack("<BB", value, 0))
        case datetime() | date():
            return _record(0x0203, at(DATE_TIME) + struct.pack("<d", serial(value)))
        case int() | float():
            return _record(0x0203, at(GENERAL) + struct.pack("<d", value))
        case Formula():
            # The number 1 as its only token: what counts is the value that was saved.
            tokens = b"\x1e\x01\x00"
            body = at(GENERAL) + struct.pack("<dHI", value.cached, 0, 0)
            return _record(0x0006, body + struct.pack("<H", len(tokens)) + tokens)
        case Error():
            return _record(0x0205, at(GENERAL) + struct.pack("<BB", 0x2A, 1))
        case _:
            return _record(0x0204, at(GENERAL) + _text(str(value)[:4000]))


def serial(moment: date) -> float:
    """Excel's day number of a moment."""
    whole = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)
    passed = whole - datetime(1899, 12, 30)
    return passed.days + passed.seconds / 86400


def _text(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return struct.pack("<HB", len(raw) // 2, 1) + raw


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def container(streams: dict[str, bytes]) -> bytes:
    """A compound file that holds the named streams, each in sectors of its own."""
    chains, sectors = [], []
    for content in streams.values():
        padded = content.ljust(SMALLEST_STREAM, b"\x00")
        padded += bytes(-len(padded) % SECTOR)
        chains.append((len(sectors), len(padded)))
        sectors += [padded[i : i + SECTOR] for i in range(0, len(padded), SECTOR)]
    data = len(sectors)
    entries = [_entry("Root Entry", 5, child=1 if streams else None, start=END_OF_CHAIN, size=0)]
    entries += [
        _entry(name, 2, start=start, size=size, right=number + 2 if number + 1 < len(chains) else None)
        for number, (name, (start, size)) in enumerate(zip(streams, chains, strict=True))
    ]
    entries += [_entry("", 0, start=0, size=0)] * (-len(entries) % 4)
    directory = b"".join(entries)
    folders = len(directory) // SECTOR
    tables = 1
    while tables * (SECTOR // 4) < data + folders + tables:
        tables += 1
    fat: list[int] = []
    for start, size in chains:
        fat += [*range(start + 1, start + size // SECTOR), END_OF_CHAIN]
    fat += [*range(data + 1, data + folders), END_OF_CHAIN] + [FAT_SECTOR] * tables
    fat += [FREE] * (tables * SECTOR // 4 - len(fat))
    places = [data + folders + number for number in range(tables)]
    head = SIGNATURE + bytes(16) + struct.pack("<HHHHH", 0x003E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, tables, data, 0, SMALLEST_STREAM, END_OF_CHAIN, 0, END_OF_CHAIN, 0)
    head += struct.pack("<109I", *places, *[FREE] * (109 - tables))
    return head + b"".join(sectors) + directory + struct.pack(f"<{len(fat)}I", *fat)


def _entry(
    name: str, kind: int, *, start: int, size: int, child: int | None = None, right: int | None = None
) -> bytes:
    raw = name.encode("utf-16-le")
    head = raw.ljust(64, b"\x00") + struct.pack("<HBB", len(raw) + 2 if name else 0, kind, 1)
    links = [NO_STREAM if link is None else link for link in (None, right, child)]
    return head + struct.pack("<III", *links) + bytes(36) + struct.pack("<IQ", start, size)
