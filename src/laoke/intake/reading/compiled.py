"""Records by compiled kernels, for files too large for plain Python.

`compiled_chunks` walks the file in buffers; each full buffer becomes a `CompiledChunk`, whose columns are parsed
only when a rule asks for them. A row that does not fit a buffer is put aside as overlong without being held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from laoke.intake.reading import kernels
from laoke.intake.reading.cells import OTHER, decimal_units, time_micros
from laoke.intake.reading.records import (
    CUT,
    TOO_LONG,
    Codes,
    Numbers,
    States,
    broken_at_end,
    decide,
    not_ahead,
    overlong_cell,
    raw_text,
)
from laoke.intake.reading.roles import ADDRESS_HEAD, ROLES, UNKEPT_ROLES, decimal_places

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.profiles import Layout
    from laoke.intake.reading.refusals import Limits
    from laoke.intake.reading.streams import ByteStream

Array = np.ndarray[Any, Any]


@lru_cache(maxsize=1)
def gb18030_tables() -> tuple[Array, Array]:
    """Of the two-byte characters of GB18030 the UTF-8 bytes, the first lowest, with their number on top; of the
    four-byte ones inside the basic plane the code points."""
    two = np.zeros(65_536, np.uint32)
    four = np.zeros(39_420, np.uint16)
    for point in range(0x80, 0x10000):
        if 0xD800 <= point < 0xE000:
            continue
        code = chr(point).encode("gb18030")
        if len(code) == 2:
            text = chr(point).encode()
            two[code[0] << 8 | code[1]] = int.from_bytes(text, "little") | len(text) << 24
        else:
            linear = ((code[0] - 0x81) * 10 + code[1] - 0x30) * 1260 + (code[2] - 0x81) * 10 + code[3] - 0x30
            four[linear] = point
    return two, four


Asked = tuple[str, str, int]  # what a rule asks of a chunk: method, role, parameter


def asked_of(layout: Layout) -> list[Asked]:
    """What the rules ask of a file of this layout, so that it is done while the bytes are at hand."""
    asked: list[Asked] = []
    placed = any(layout.has(role) for role in ("province", "city", "district"))
    for name in layout.columns:
        kind = ROLES[name].kind
        if name in UNKEPT_ROLES and layout.grain == "order":
            continue
        if kind in ("money", "count"):
            asked.append(("decimals", name, decimal_places(name)))
        elif kind == "time":
            asked.append(("times", name, 0))
        elif kind in ("choice", "rate") or (kind == "place" and layout.grain == "order"):
            asked.append(("distinct", name, 0))
        else:
            asked.append(("texts", name, 0))
            if kind == "id":
                asked.append(("plain_ids", name, 0))
            if name == "address" and not placed:
                asked.append(("heads", name, ADDRESS_HEAD))
    return asked


_KINDS = {
    "decimals": (kernels.DECIMALS, "numbers"),
    "times": (kernels.TIMES, "numbers"),
    "plain_ids": (kernels.IDS, "numbers"),
    "texts": (kernels.TEXTS, "text"),
    "distinct": (kernels.DISTINCT, "codes"),
    "heads": (kernels.HEADS, "codes"),
}


class Scratch:
    """The arrays of one chunk, made once and used again for each; memory that a chunk does not touch costs nothing."""

    def __init__(self, layout: Layout, encoding: str, limits: Limits) -> None:
        rows, size = limits.batch_rows, limits.buffer_bytes
        kept = sorted(set(layout.columns.values()))
        self.slots = np.full(layout.width, -1, np.int64)
        self.slots[kept] = np.arange(len(kept))
        self.places: dict[Asked, int] = {}
        counts = {"numbers": 0, "text": 0, "codes": 0}
        tasks = []
        for asked in asked_of(layout):
            kind, result = _KINDS[asked[0]]
            self.places[asked] = counts[result]
            tasks.append((kind, self.slots[layout.columns[asked[1]]], asked[2], counts[result]))
            counts[result] += 1
        self.tasks = np.array(tasks, np.int64).reshape(-1, 4)
        self.cells = _cells(len(kept), rows, size)
        self.results = _results(counts, rows, size)
        two, four = gb18030_tables()
        unit = np.frombuffer("元".encode(encoding), np.uint8).copy()
        delimiter = np.uint8(ord(layout.delimiter))
        self.characters = kernels.Characters(encoding == "utf-8", two, four, unit, delimiter)
        self.limits = limits

    def read(
        self, buffer: Array, at: int, size: int, final: bool, line: int, most: int
    ) -> tuple[int, int, int]:
        """Records of `buffer[at:size]`; see `kernels.read_rows`."""
        found: tuple[int, int, int] = kernels.read_rows(
            buffer, at, size, final, line, self.slots, self.limits.cell_bytes, most, self.tasks, self.cells,
            self.results, self.characters,
        )  # fmt: skip
        return found


def _cells(slots: int, rows: int, size: int) -> kernels.Cells:
    return kernels.Cells(
        starts=np.zeros((slots, rows), np.int32),
        ends=np.zeros((slots, rows), np.int32),
        dirty=np.zeros((slots, rows), np.bool_),
        spans=np.zeros((rows, 2), np.int64),
        lines=np.zeros(rows, np.int64),
        counts=np.zeros(rows, np.int32),
        faults=np.zeros(rows, np.uint8),
        kept=np.empty(size, np.uint8),
        kept_at=np.empty(rows, np.int64),
        flags=np.empty(size, np.bool_),
        spots=np.empty(size + 1, np.int32),
    )


def _results(counts: dict[str, int], rows: int, size: int) -> kernels.Results:
    numbers, texts, codes = (max(1, counts[result]) for result in ("numbers", "text", "codes"))
    return kernels.Results(
        numbers=np.empty((numbers, rows), np.int64),
        states=np.empty((numbers, rows), np.uint8),
        codes=np.empty((codes, rows), np.int32),
        tables=np.empty((codes, 1 << (2 * rows).bit_length()), np.int32),
        firsts=np.empty((codes, rows), np.int32),
        found=np.empty(codes, np.int64),
        heads=np.empty((codes, rows), np.int32),
        # a character of two bytes has at most three in UTF-8
        text=np.empty((texts, size + size // 2 + 4), np.uint8),
        offsets=np.empty((texts, rows + 1), np.int32),
        bad=np.empty(texts, np.bool_),
    )


def compiled_chunks(
    stream: ByteStream, layout: Layout, line: int, encoding: str, limits: Limits
) -> Iterator[CompiledChunk]:
    """The records of `stream`, whose first line has the number `line`. A chunk is valid until the next is asked for."""
    scratch = Scratch(layout, encoding, limits)
    buffer = np.empty(limits.buffer_bytes, np.uint8)
    held, final = 0, False
    while held or not final:
        if not final:
            read = stream.readinto(buffer.data[held:])
            final = read == 0 and held < limits.buffer_bytes
            held += read
        at = 0
        while True:
            rows, at, line = scratch.read(buffer, at, held, final, line, limits.batch_rows)
            if not rows:
                break
            yield CompiledChunk(buffer, held if final else -1, rows, scratch, layout, encoding)
        if final:
            return
        if at == 0 and held == limits.buffer_bytes:
            chunk, held = _overlong(buffer, stream, line, scratch, layout, encoding)
            yield chunk
            line += 1
            continue
        buffer[: held - at] = buffer[at:held].copy()
        held -= at


def _overlong(
    buffer: Array, stream: ByteStream, line: int, scratch: Scratch, layout: Layout, encoding: str
) -> tuple[CompiledChunk, int]:
    """A line longer than the buffer: keep its beginning as an overlong row, drop the rest up to its end.

    Gives the chunk and how many bytes of the next lines the buffer then holds.
    """
    beginning = buffer[: 2 * scratch.limits.cell_bytes].copy()
    scratch.read(beginning, 0, len(beginning), True, line, 1)
    scratch.cells.spans[0] = (0, len(beginning))
    scratch.cells.faults[0] = TOO_LONG
    chunk = CompiledChunk(beginning, -1, 1, scratch, layout, encoding)
    while read := stream.readinto(buffer.data):
        ended = np.flatnonzero((buffer[:read] == kernels.LF) | (buffer[:read] == kernels.CR))
        if len(ended):
            stop = int(ended[0]) + 1
            if buffer[stop - 1] == kernels.CR and stop < read and buffer[stop] == kernels.LF:
                stop += 1
            buffer[: read - stop] = buffer[stop:read].copy()
            return chunk, read - stop
    return chunk, 0


class CompiledChunk:
    """Records of one buffer; `end` is where the file ends in it, -1 when it goes on."""

    def __init__(
        self, buffer: Array, end: int, rows: int, scratch: Scratch, layout: Layout, encoding: str
    ) -> None:
        self.layout, self.rows = layout, rows
        self._buffer, self._scratch, self._encoding = buffer, scratch, encoding
        self.lines = scratch.cells.lines[:rows].copy()
        self.counts = scratch.cells.counts[:rows].copy()
        self.faults = scratch.cells.faults[:rows].copy()
        self._texts: dict[tuple[str, bool], pa.Array] = {}
        ends_here = end >= 0 and scratch.cells.spans[rows - 1, 1] >= end
        if ends_here and broken_at_end(self._bytes(rows - 1), encoding):
            self.faults[rows - 1] |= CUT

    def _bytes(self, row: int) -> bytes:
        """A record as it stands in the file."""
        cells = self._scratch.cells
        start, stop = cells.spans[row]
        kept = cells.kept_at[row]
        found = self._buffer[start:stop] if kept < 0 else cells.kept[kept : kept + stop - start]
        return found.tobytes()

    def raw(self, row: int) -> str:
        return raw_text(self._bytes(row), self._encoding, int(self.faults[row]), self.layout.delimiter)

    def overlong(self, row: int) -> int:
        return overlong_cell(self._bytes(row), self._scratch.limits.cell_bytes, self.layout.delimiter)

    def _edges(self, role: str) -> tuple[Array, Array]:
        cells, slot = self._scratch.cells, self._scratch.slots[self.layout.columns[role]]
        return cells.starts[slot], cells.ends[slot]

    def cell(self, role: str, row: int) -> str:
        starts, ends = self._edges(role)
        return self._buffer[starts[row] : ends[row]].tobytes().decode(self._encoding, "replace")

    def _numbers(self, *asked: Any) -> tuple[Numbers, States]:
        place, results = self._scratch.places[asked], self._scratch.results
        return results.numbers[place, : self.rows].copy(), results.states[place, : self.rows].copy()

    def decimals(self, role: str, places: int) -> tuple[Numbers, States]:
        values, states = self._numbers("decimals", role, places)
        decide(values, states, states == OTHER, lambda row: decimal_units(self.cell(role, row), places))
        return values, states

    def times(self, role: str) -> tuple[Numbers, States]:
        values, states = self._numbers("times", role, 0)
        serials, zone = self.layout.serials, self.layout.zone
        decide(
            values, states, states == OTHER, lambda r: time_micros(self.cell(role, r), serials=serials, zone=zone)
        )  # fmt: skip
        return not_ahead(self.layout, role, values, states)

    def plain_ids(self, role: str) -> States:
        place = self._scratch.places["plain_ids", role, 0]
        return self._scratch.results.states[place, : self.rows].copy()

    def texts(self, role: str, *, nullable: bool = False) -> pa.Array:
        if (role, nullable) not in self._texts:
            self._texts[role, nullable] = self._decoded(role, nullable)
        return self._texts[role, nullable]

    def _decoded(self, role: str, nullable: bool) -> pa.Array:
        import pyarrow as pa

        place, results = self._scratch.places["texts", role, 0], self._scratch.results
        if results.bad[place]:
            return self._texts_by_codec(role, nullable)
        offsets = results.offsets[place, : self.rows + 1].copy()
        text = results.text[place, : offsets[-1]].copy()
        empty = offsets[1:] == offsets[:-1]
        valid = pa.py_buffer(np.packbits(~empty, bitorder="little")) if nullable and empty.any() else None
        column = pa.StringArray.from_buffers(
            self.rows, pa.py_buffer(offsets), pa.py_buffer(text), valid, -1 if valid else 0
        )
        try:
            column.validate(full=self._encoding == "utf-8")
        except pa.ArrowInvalid:
            return self._texts_by_codec(role, nullable)
        return column

    def _texts_by_codec(self, role: str, nullable: bool) -> pa.Array:
        import pyarrow as pa

        cells = (self.cell(role, row) or (None if nullable else "") for row in range(self.rows))
        return pa.array(cells, pa.string())

    def distinct(self, role: str) -> tuple[Codes, list[str]]:
        place = self._scratch.places["distinct", role, 0]
        return self._numbered(place, *self._edges(role))

    def heads(self, role: str, parts: int) -> tuple[Codes, list[str]]:
        place = self._scratch.places["heads", role, parts]
        return self._numbered(place, self._edges(role)[0], self._scratch.results.heads[place])

    def _numbered(self, place: int, starts: Array, ends: Array) -> tuple[Codes, list[str]]:
        results = self._scratch.results
        firsts = results.firsts[place, : results.found[place]]
        cells = [
            self._buffer[start:end].tobytes().decode(self._encoding, "replace")
            for start, end in zip(starts[firsts], ends[firsts], strict=True)
        ]
        return results.codes[place, : self.rows].copy(), cells
