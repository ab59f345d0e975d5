"""A chunk of records as parsed columns, and the plain Python way to get one.

`Chunk` is what the rules (`orders.py`, `lines.py`) see. `PlainChunk` is used for small files, where waiting for a
compiler would cost more than it saves, and is the rival that the compiled chunk is tested against: same bytes, same
answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from laoke.intake.reading.cells import AHEAD, EMPTY, OK, OTHER, decimal_units, tidy, time_micros

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.profiles import Layout

Numbers = np.ndarray[Any, np.dtype[np.int64]]
States = np.ndarray[Any, np.dtype[np.uint8]]
Codes = np.ndarray[Any, np.dtype[np.int32]]

UNCLOSED, TOO_LONG, CUT, EXTRA, FILLED = 1, 2, 4, 8, 16
RAW_BYTES_OF_LONG_ROW = 2048
# What is planned, not what happened: goods are listed for a day to come.
MAY_LIE_AHEAD = frozenset({"listed_at"})

_INSIDE = re.compile(rb'[^"]*(?:""[^"]*)*')
_OUTSIDE = {b",": re.compile(rb"[^,\r\n]*"), b"\t": re.compile(rb"[^\t\r\n]*")}
_LINE = re.compile(rb"[^\r\n]*")
_LINE_END = re.compile(rb"\r\n|\r|\n")


def not_ahead(layout: Layout, role: str, micros: Numbers, states: States) -> tuple[Numbers, States]:
    """The times of a role, those that have not come yet marked AHEAD, in place."""
    if layout.latest is not None and role not in MAY_LIE_AHEAD:
        ahead = micros > layout.latest
        micros[ahead], states[ahead] = 0, AHEAD
    return micros, states


class Chunk(Protocol):
    """Some records of a file. States are those of `cells`; a role not in the layout must not be asked for."""

    layout: Layout
    rows: int
    lines: Numbers
    counts: Codes
    faults: States

    def raw(self, row: int) -> str: ...
    def overlong(self, row: int) -> int: ...
    def cell(self, role: str, row: int) -> str: ...
    def decimals(self, role: str, places: int) -> tuple[Numbers, States]: ...
    def times(self, role: str) -> tuple[Numbers, States]: ...
    def plain_ids(self, role: str) -> States: ...
    def texts(self, role: str, *, nullable: bool = False) -> pa.Array: ...
    def distinct(self, role: str) -> tuple[Codes, list[str]]: ...
    def heads(self, role: str, parts: int) -> tuple[Codes, list[str]]: ...


@dataclass(slots=True)
class Record:
    """One record as bytes: its line, its extent without the line end, its cells still in the file's encoding."""

    line: int
    start: int
    stop: int
    cells: list[bytes]
    faults: int


def split_record(data: bytes, at: int, limit: int, delimiter: bytes = b",") -> tuple[int, list[bytes], int]:
    """The record that begins at `at`: (where it ends before its line end, cells, faults), as the kernel does it."""
    begin, size, outside = at, len(data), _OUTSIDE[delimiter]
    cells: list[bytes] = []
    faults = 0
    while True:
        if data[at : at + 1] == b'"':
            start = at + 1
            closing = _match_end(_INSIDE, data, start)
            over = closing - start > limit
            if closing >= size or over:
                stop = _match_end(_LINE, data, begin)
                cells.append(b"")
                return stop, cells, TOO_LONG if over and stop - start > limit else UNCLOSED
            at = _match_end(outside, data, closing + 1)
            raw = data[start:closing]
            end = closing if b'""' not in raw and at == closing + 1 else at
            cell = raw.replace(b'""', b'"') + data[closing + 1 : at]
        else:
            start, at = at, _match_end(outside, data, at)
            end = at
            cell = data[start:at]
        if end - start > limit:
            faults |= TOO_LONG
        if end > start:
            faults |= FILLED
        cells.append(cell)
        if data[at : at + 1] != delimiter:
            return at, cells, faults
        at += 1


def _match_end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    return found.end() if found else at


def split_records(data: bytes, line: int, width: int, limit: int, delimiter: str = ",") -> Iterator[Record]:
    """All records of `data`, whose first line has the number `line`; blank lines are passed over."""
    at, size, between = 0, len(data), delimiter.encode("ascii")
    while at < size:
        ended = _LINE_END.match(data, at)
        if ended:
            at, line = ended.end(), line + 1
            continue
        stop, cells, faults = split_record(data, at, limit, between)
        if stop >= size:
            if faults & UNCLOSED:
                faults = CUT
            elif len(cells) < width and not faults & TOO_LONG:
                faults |= CUT
        if any(cells[width:]):
            faults |= EXTRA
        yield Record(line, at, stop, cells, faults)
        line += sum(1 for _ in _LINE_END.finditer(data[at:stop]))
        at = stop


def broken_at_end(raw: bytes, encoding: str) -> bool:
    """Whether the bytes stop inside a character, as the last row of half a file does."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        return error.end >= len(raw)
    return False


class PlainChunk:
    """All records of a small file, cell by cell."""

    def __init__(self, data: bytes, line: int, layout: Layout, encoding: str, limit: int) -> None:
        self.layout = layout
        self._data, self._encoding, self._limit = data, encoding, limit
        self._records = list(split_records(data, line, layout.width, limit, layout.delimiter))
        if self._records and self._records[-1].stop >= len(data):
            last = self._records[-1]
            if broken_at_end(data[last.start :], encoding):
                last.faults |= CUT
        self.rows = len(self._records)
        self.lines = np.array([r.line for r in self._records], np.int64)
        self.counts = np.array([len(r.cells) for r in self._records], np.int32)
        self.faults = np.array([r.faults for r in self._records], np.uint8)

    def raw(self, row: int) -> str:
        record = self._records[row]
        raw = self._data[record.start : record.stop]
        return raw_text(raw, self._encoding, record.faults, self.layout.delimiter)

    def overlong(self, row: int) -> int:
        record = self._records[row]
        return overlong_cell(self._data[record.start : record.stop], self._limit, self.layout.delimiter)

    def cell(self, role: str, row: int) -> str:
        cells, column = self._records[row].cells, self.layout.columns[role]
        if column >= len(cells):
            return ""
        return tidy(cells[column].decode("latin-1")).encode("latin-1").decode(self._encoding, "replace")

    def _cells(self, role: str) -> list[str]:
        return [self.cell(role, row) for row in range(self.rows)]

    def decimals(self, role: str, places: int) -> tuple[Numbers, States]:
        return pairs([decimal_units(cell, places) for cell in self._cells(role)])

    def times(self, role: str) -> tuple[Numbers, States]:
        serials, zone = self.layout.serials, self.layout.zone
        read = pairs([time_micros(cell, serials=serials, zone=zone) for cell in self._cells(role)])
        return not_ahead(self.layout, role, *read)

    def plain_ids(self, role: str) -> States:
        return np.array(
            [(OK if c.isascii() and c.isdigit() else OTHER) if c else EMPTY for c in self._cells(role)],
            np.uint8,
        )

    def texts(self, role: str, *, nullable: bool = False) -> pa.Array:
        import pyarrow as pa

        return pa.array([cell or (None if nullable else "") for cell in self._cells(role)], pa.string())

    def distinct(self, role: str) -> tuple[Codes, list[str]]:
        return numbered(self._cells(role))

    def heads(self, role: str, parts: int) -> tuple[Codes, list[str]]:
        return numbered([" ".join(cell.split(" ")[:parts]) for cell in self._cells(role)])


def raw_text(raw: bytes, encoding: str, faults: int, delimiter: str = ",") -> str:
    """The original row as text, its cells set apart by commas; of an overlong one only the beginning, so that a message
    stays short."""
    if faults & TOO_LONG and len(raw) > RAW_BYTES_OF_LONG_ROW:
        return raw[:RAW_BYTES_OF_LONG_ROW].decode(encoding, "ignore") + "…"
    if delimiter != "," and not faults & UNCLOSED:
        _, cells, _ = split_record(raw, 0, len(raw), delimiter.encode("ascii"))
        raw = b",".join(
            cell if _is_plain(cell) else b'"' + cell.replace(b'"', b'""') + b'"' for cell in cells
        )
    return raw.decode(encoding, "replace")


def overlong_cell(raw: bytes, limit: int, delimiter: str) -> int:
    """Which cell of a row is the first longer than `limit`; -1 when it is none of those that are there."""
    _, cells, faults = split_record(raw, 0, limit, delimiter.encode("ascii"))
    if faults & TOO_LONG and not cells[-1]:  # behind a quote that does not close
        return len(cells) - 1
    return next((place for place, cell in enumerate(cells) if len(cell) > limit), -1)


def _is_plain(cell: bytes) -> bool:
    return not any(mark in cell for mark in (b",", b'"', b"\r", b"\n"))


def pairs(parsed: list[tuple[int, int]]) -> tuple[Numbers, States]:
    """(value, state) pairs as two arrays."""
    values = np.array([value for value, _ in parsed], np.int64)
    return values, np.array([state for _, state in parsed], np.uint8)


def numbered(cells: list[str]) -> tuple[Codes, list[str]]:
    """The cells as numbers into the list of distinct ones, in order of first sight."""
    seen: dict[str, int] = {}
    codes = [seen.setdefault(cell, len(seen)) for cell in cells]
    return np.array(codes, np.int32), list(seen)


def decide(values: Numbers, states: States, other: Any, parse: Callable[[int], tuple[int, int]]) -> None:
    """Fill in, by `parse`, the rows that a kernel left open."""
    for row in np.flatnonzero(other):
        values[row], states[row] = parse(int(row))
