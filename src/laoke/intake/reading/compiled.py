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
from laoke.intake.reading.cells import decimal_units, time_micros
from laoke.intake.reading.records import (
    CUT,
    TOO_LONG,
    Codes,
    Numbers,
    States,
    broken_at_end,
    decide,
    raw_text,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.profiles import Layout
    from laoke.intake.reading.refusals import Limits
    from laoke.intake.reading.streams import ByteStream

Array = np.ndarray[Any, Any]


@lru_cache(maxsize=1)
def gb18030_tables() -> tuple[Array, Array]:
    """Code points of the two-byte and of the four-byte characters of GB18030 inside the basic plane."""
    two = np.zeros(65_536, np.uint16)
    four = np.zeros(39_420, np.uint16)
    for point in range(0x80, 0x10000):
        if 0xD800 <= point < 0xE000:
            continue
        code = chr(point).encode("gb18030")
        if len(code) == 2:
            two[code[0] << 8 | code[1]] = point
        else:
            linear = ((code[0] - 0x81) * 10 + code[1] - 0x30) * 1260 + (code[2] - 0x81) * 10 + code[3] - 0x30
            four[linear] = point
    return two, four


class Scratch:
    """The arrays of one chunk, made once and used again for each."""

    def __init__(self, rows: int, slots: int) -> None:
        self.starts = np.zeros((slots, rows), np.int64)
        self.ends = np.zeros((slots, rows), np.int64)
        self.dirty = np.zeros((slots, rows), np.bool_)
        self.spans = np.zeros((rows, 2), np.int64)
        self.lines = np.zeros(rows, np.int64)
        self.counts = np.zeros(rows, np.int32)
        self.faults = np.zeros(rows, np.uint8)
        self.table = np.empty(1 << (2 * rows).bit_length(), np.int32)
        self.codes = np.empty(rows, np.int32)
        self.firsts = np.empty(rows, np.int32)
        self.heads = np.empty(rows, np.int64)


def compiled_chunks(
    stream: ByteStream, layout: Layout, line: int, encoding: str, limits: Limits
) -> Iterator[CompiledChunk]:
    """The records of `stream`, whose first line has the number `line`. A chunk is valid until the next is asked for."""
    slots = np.full(layout.width, -1, np.int64)
    roles = {column: slot for slot, column in enumerate(sorted(set(layout.columns.values())))}
    for column, slot in roles.items():
        slots[column] = slot
    scratch = Scratch(limits.batch_rows, len(roles))
    buffer = np.empty(limits.buffer_bytes, np.uint8)
    held, final = 0, False
    while held or not final:
        if not final:
            read = stream.readinto(buffer.data[held:])
            final = read == 0 and held < limits.buffer_bytes
            held += read
        at = 0
        while True:
            rows, at, line = kernels.scan_records(
                buffer, at, held, final, line, slots, limits.cell_bytes, limits.batch_rows,
                scratch.starts, scratch.ends, scratch.dirty, scratch.spans, scratch.lines, scratch.counts,
                scratch.faults,
            )  # fmt: skip
            if not rows:
                break
            yield CompiledChunk(buffer, held if final else -1, rows, scratch, layout, roles, encoding)
        if final:
            return
        if at == 0 and held == limits.buffer_bytes:
            chunk, held = _overlong(buffer, stream, line, scratch, slots, layout, roles, encoding, limits)
            yield chunk
            line += 1
            continue
        buffer[: held - at] = buffer[at:held].copy()
        held -= at


def _overlong(
    buffer: Array,
    stream: ByteStream,
    line: int,
    scratch: Scratch,
    slots: Array,
    layout: Layout,
    roles: dict[int, int],
    encoding: str,
    limits: Limits,
) -> tuple[CompiledChunk, int]:
    """A line longer than the buffer: keep its beginning as an overlong row, drop the rest up to its end.

    Gives the chunk and how many bytes of the next lines the buffer then holds.
    """
    beginning = buffer[: 2 * limits.cell_bytes].copy()
    _, _, _ = kernels.scan_records(
        beginning, 0, len(beginning), True, line, slots, limits.cell_bytes, 1,
        scratch.starts, scratch.ends, scratch.dirty, scratch.spans, scratch.lines, scratch.counts, scratch.faults,
    )  # fmt: skip
    scratch.spans[0] = (0, len(beginning))
    scratch.faults[0] = TOO_LONG
    chunk = CompiledChunk(beginning, -1, 1, scratch, layout, roles, encoding)
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
        self,
        buffer: Array,
        end: int,
        rows: int,
        scratch: Scratch,
        layout: Layout,
        roles: dict[int, int],
        encoding: str,
    ) -> None:
        self.layout, self.rows = layout, rows
        self._buffer, self._scratch, self._roles, self._encoding = buffer, scratch, roles, encoding
        self.lines = scratch.lines[:rows].copy()
        self.counts = scratch.counts[:rows].copy()
        self.faults = scratch.faults[:rows].copy()
        self._id_states: dict[str, States] = {}
        self._texts: dict[tuple[str, bool], pa.Array] = {}
        # tidying changes cells in place, so the rows that may have to be shown as they were are kept first
        self._kept = {
            int(row): self._span(row) for row in np.flatnonzero(scratch.dirty[:, :rows].any(axis=0))
        }
        if end >= 0 and scratch.spans[rows - 1, 1] >= end and broken_at_end(self._span(rows - 1), encoding):
            self.faults[rows - 1] |= CUT
        kernels.tidy_cells(buffer, rows, scratch.starts, scratch.ends, scratch.dirty)

    def _span(self, row: Any) -> bytes:
        start, stop = self._scratch.spans[row]
        return self._buffer[start:stop].tobytes()

    def raw(self, row: int) -> str:
        raw = self._kept.get(row)
        return raw_text(self._span(row) if raw is None else raw, self._encoding, int(self.faults[row]))

    def _edges(self, role: str) -> tuple[Array, Array]:
        slot = self._roles[self.layout.columns[role]]
        return self._scratch.starts[slot, : self.rows], self._scratch.ends[slot, : self.rows]

    def cell(self, role: str, row: int) -> str:
        starts, ends = self._edges(role)
        return self._buffer[starts[row] : ends[row]].tobytes().decode(self._encoding, "replace")

    def decimals(self, role: str, places: int) -> tuple[Numbers, States]:
        starts, ends = self._edges(role)
        values, states = np.empty(self.rows, np.int64), np.empty(self.rows, np.uint8)
        unit = np.frombuffer("元".encode(self._encoding), np.uint8)
        kernels.parse_decimals(self._buffer, starts, ends, places, unit, values, states)
        decide(
            values, states, states == kernels.OTHER, lambda row: decimal_units(self.cell(role, row), places)
        )
        return values, states

    def times(self, role: str) -> tuple[Numbers, States]:
        starts, ends = self._edges(role)
        values, states = np.empty(self.rows, np.int64), np.empty(self.rows, np.uint8)
        kernels.parse_times(self._buffer, starts, ends, values, states)
        serials = self.layout.serials
        decide(
            values,
            states,
            states == kernels.OTHER,
            lambda r: time_micros(self.cell(role, r), serials=serials),
        )
        return values, states

    def plain_ids(self, role: str) -> States:
        if role not in self._id_states:
            starts, ends = self._edges(role)
            self._id_states[role] = np.empty(self.rows, np.uint8)
            kernels.id_states(self._buffer, starts, ends, self._id_states[role])
        return self._id_states[role]

    def texts(self, role: str, *, nullable: bool = False) -> pa.Array:
        if (role, nullable) not in self._texts:
            self._texts[role, nullable] = self._decoded(role, nullable)
        return self._texts[role, nullable]

    def _decoded(self, role: str, nullable: bool) -> pa.Array:
        import pyarrow as pa

        starts, ends = self._edges(role)
        size = int((ends - starts).sum())
        offsets = np.empty(self.rows + 1, np.int32)
        if self._encoding == "utf-8":
            out = np.empty(size, np.uint8)
            used = kernels.copy_text(self._buffer, starts, ends, out, offsets)
        else:
            out = np.empty(size + size // 2 + 4, np.uint8)
            bad = np.empty(self.rows, np.bool_)
            two, four = gb18030_tables()
            used = kernels.decode_text(self._buffer, starts, ends, two, four, out, offsets, bad)
            if bad.any():
                return self._texts_by_codec(role, nullable)
        empty = offsets[1:] == offsets[:-1]
        valid = pa.py_buffer(np.packbits(~empty, bitorder="little")) if nullable and empty.any() else None
        column = pa.StringArray.from_buffers(
            self.rows, pa.py_buffer(offsets), pa.py_buffer(out[:used]), valid, -1 if valid else 0
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
        starts, ends = self._edges(role)
        return self._numbered(starts, ends)

    def heads(self, role: str, parts: int) -> tuple[Codes, list[str]]:
        starts, ends = self._edges(role)
        heads = self._scratch.heads[: self.rows]
        kernels.head_ends(self._buffer, starts, ends, parts, heads)
        return self._numbered(starts, heads)

    def _numbered(self, starts: Array, ends: Array) -> tuple[Codes, list[str]]:
        scratch = self._scratch
        scratch.table.fill(-1)
        codes = np.empty(self.rows, np.int32)
        found = kernels.distinct_cells(self._buffer, starts, ends, scratch.table, codes, scratch.firsts)
        firsts = scratch.firsts[:found]
        cells = [
            self._buffer[start:end].tobytes().decode(self._encoding, "replace")
            for start, end in zip(starts[firsts], ends[firsts], strict=True)
        ]
        return codes, cells
