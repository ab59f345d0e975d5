"""Compiled scanning of export bytes: record and cell borders, numbers, times, text, distinct values.

The dialect is that of Python's csv module on bytes whose encoding keeps ASCII (UTF-8, GBK, GB18030: every second byte
is 0x30 or above, so comma, quote and line ends are only ever themselves). Cells that a kernel does not know are
marked OTHER and decided by `cells.py`; nothing is guessed here. This module is imported only for large files,
because numba costs a second to import. What is done with single cells is in `cell_kernels.py`; the compiler keeps its
result by the date of this file alone, so touch this file too when you change that one.

`read_rows` is the one kernel that Python calls: it goes through the buffer in windows small enough for the processor's
cache and does everything with a window before it takes the next, and it needs the interpreter's lock once per chunk.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from laoke.intake.reading.cell_kernels import (
    copy_text,
    decode_text,
    distinct_cells,
    head_ends,
    id_states,
    parse_decimals,
    parse_times,
)

QUOTE, LF, CR, SPACE, TAB, EQUALS, APOSTROPHE = 34, 10, 13, 32, 9, 61, 39

# what may be wrong with a record; the numbers are those of `records`
UNCLOSED, TOO_LONG, CUT, EXTRA, FILLED = 1, 2, 4, 8, 16
INCOMPLETE, DIRTY = 32, 64
# what is done with the cells of a column
DECIMALS, TIMES, IDS, TEXTS, DISTINCT, HEADS = range(6)
WINDOW = 128 * 1024


class Cells(NamedTuple):
    """Where the records and their kept cells lie in the buffer. `kept` holds dirty records as they were."""

    starts: Any
    ends: Any
    dirty: Any
    spans: Any
    lines: Any
    counts: Any
    faults: Any
    kept: Any
    kept_at: Any
    flags: Any
    spots: Any


class Results(NamedTuple):
    """What the tasks of a chunk give: numbers with states, numbered distinct cells, UTF-8 text."""

    numbers: Any
    states: Any
    codes: Any
    tables: Any
    firsts: Any
    found: Any
    heads: Any
    text: Any
    offsets: Any
    bad: Any


class Characters(NamedTuple):
    """The encoding: whether it is UTF-8 already, else the tables of GB18030; `unit` is 元 in it. `delimiter` is the
    byte between cells."""

    is_utf8: bool
    pairs: Any
    quads: Any
    unit: Any
    delimiter: Any


# as in cell_kernels: nothing here makes an array
_compile = njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]


@_compile
def _find_spots(buf, at, stop, delimiter, flags, spots):
    """The places of delimiters, quotes and line ends in `buf[at:stop]`, and `stop` behind them.

    Two loops without a branch, which the compiler turns into vector instructions."""
    part = buf[at:stop]
    for k in range(part.shape[0]):
        byte = part[k]
        flags[k] = (byte == delimiter) | (byte == QUOTE) | (byte == LF) | (byte == CR)
    found = 0
    for k in range(part.shape[0]):
        spots[found] = at + k
        found += flags[k]
    spots[found] = stop


@_compile
def _line_end(buf, at, size):
    """The first line end at or after `at`; `size` when there is none."""
    while at < size and buf[at] != LF and buf[at] != CR:
        at += 1
    return at


@_compile
def _past_quotes(buf, k, size, spots):
    """The number of the first spot from `k` on that is no quote."""
    while spots[k] < size and buf[spots[k]] == QUOTE:
        k += 1
    return k


@_compile
def _after_quotes(buf, start, k, size, limit, spots):
    """From behind an opening quote: (end of content, spot where scanning goes on, dirty, closed, line breaks inside).

    `dirty` cells hold doubled quotes or text behind the closing quote and must be unescaped; for them the end of
    content is the delimiter. An unclosed cell has closed 0, one that outgrows `limit` has closed -1.
    """
    dirty = False
    breaks = 0
    while True:
        at = spots[k]
        if at >= size:
            return size, k, dirty, -1 if size - start > limit else 0, 0
        byte = buf[at]
        k += 1
        if byte != QUOTE:
            if byte == LF or (byte == CR and not (at + 1 < size and buf[at + 1] == LF)):
                breaks += 1
            continue
        if at - start > limit:
            return at, k - 1, dirty, -1, 0
        if at + 1 < size and buf[at + 1] == QUOTE:
            dirty = True
            k += 1
            continue
        behind = at + 1
        if behind < size and behind != spots[k]:
            k = _past_quotes(buf, k, size, spots)
            return spots[k], k, True, 1, breaks
        return behind if dirty else at, k, dirty, 1, breaks


@_compile
def _is_plainly_quoted(buf, at, k, size, limit, spots):
    """Whether the cell from `at`, an opening quote and spot `k`, holds no quote and no line end, and its border follows
    its closing quote. Nearly every cell of an export is one."""
    close = spots[k + 1]
    if close >= size - 1 or buf[close] != QUOTE or close - at > limit:
        return False
    return spots[k + 2] == close + 1 and buf[close + 1] != QUOTE


@_compile
def _scan_record(buf, at, k, size, final, delimiter, slots, limit, row, cells, spots):
    """One record from `at`, whose first spot is `k`: (spot of its end, its end, cells, cells kept, faults, breaks)."""
    count = 0
    faults = 0
    breaks = 0
    begin = at
    width = slots.shape[0]
    while True:
        unclean = False
        start = at
        if at >= size or buf[at] != QUOTE:
            k = _past_quotes(buf, k, size, spots)
            end = spots[k]
        elif _is_plainly_quoted(buf, at, k, size, limit, spots):
            start = at + 1
            end = spots[k + 1]
            k += 2
        else:
            start = at + 1
            end, k, unclean, closed, more = _after_quotes(buf, start, k + 1, size, limit, spots)
            breaks += more
            if (closed == 0 or spots[k] >= size) and not final:
                return k, begin, count, count, INCOMPLETE, 0
            if closed != 1:
                # the quote is not believed: the record ends where its first line ends
                stop = _line_end(buf, begin, size)
                if stop >= size and not final:
                    return k, begin, count, count, INCOMPLETE, 0
                fault = TOO_LONG if closed == -1 and stop - start > limit else UNCLOSED
                return k, stop, count + 1, count, fault | (faults & DIRTY), 0
        at = spots[k]
        if end - start > limit:
            faults |= TOO_LONG
        if end > start:
            faults |= FILLED
        if count < width:
            slot = slots[count]
            if slot >= 0:
                cells.starts[slot, row] = start
                cells.ends[slot, row] = end
                cells.dirty[slot, row] = unclean
                if unclean:
                    faults |= DIRTY
        elif end > start:
            faults |= EXTRA
        count += 1
        if at >= size:
            return k, at if final else begin, count, count, faults if final else INCOMPLETE, breaks
        if buf[at] != delimiter:
            return k, at, count, count, faults, breaks
        at += 1
        k += 1


@_compile
def _scan_records(buf, at, size, final, line, rows, delimiter, slots, limit, most, cells, spots):
    """Find the records of `buf[at:size]`, numbered from `rows` on: (rows then, first byte not consumed, line there).

    `slots[i]` says where cell i is kept, -1 for not at all. Blank lines are passed over. `spans[r]` is the record
    without its line end. With `final` the last record may lack its line end; otherwise it is left for later.
    """
    k = 0
    width = slots.shape[0]
    while rows < most and at < size:
        while spots[k] < at:
            k += 1
        if buf[at] == LF or buf[at] == CR:
            if buf[at] == CR:
                if at + 1 >= size and not final:
                    break
                if at + 1 < size and buf[at + 1] == LF:
                    at += 1
            at += 1
            line += 1
            continue
        first = k
        k, stop, count, kept, fault, breaks = _scan_record(
            buf, at, k, size, final, delimiter, slots, limit, rows, cells, spots
        )
        if fault & INCOMPLETE or (stop >= size and not final):
            break
        for cell in range(kept, width):
            slot = slots[cell]
            if slot >= 0:
                cells.starts[slot, rows] = 0
                cells.ends[slot, rows] = 0
                cells.dirty[slot, rows] = False
        if fault & UNCLOSED and stop >= size:
            fault = CUT | (fault & DIRTY)
        elif stop >= size and count < width and not fault & TOO_LONG:
            fault |= CUT
        cells.spans[rows, 0] = at
        cells.spans[rows, 1] = stop
        cells.lines[rows] = line
        cells.counts[rows] = count
        cells.faults[rows] = fault
        line += breaks
        at = stop
        rows += 1
        if spots[k] > stop:
            k = first
    return rows, at, line


@_compile
def _unescape(buf, start, end):
    """Collapse doubled quotes in place, as csv does behind an opening quote; gives the new end."""
    write = start
    quoted = True
    at = start
    while at < end:
        byte = buf[at]
        if quoted and byte == QUOTE:
            if at + 1 < end and buf[at + 1] == QUOTE:
                at += 1
            else:
                quoted = False
                at += 1
                continue
        buf[write] = byte
        write += 1
        at += 1
    return write


@_compile
def _strip(buf, start, end):
    while start < end and (buf[start] == SPACE or buf[start] == TAB):
        start += 1
    while end > start and (buf[end - 1] == SPACE or buf[end - 1] == TAB):
        end -= 1
    return start, end


@_compile
def _is_tidy(first, last):
    """Whether bytes at both ends of a cell leave nothing to take off: no blank, no quote, no apostrophe, no `=`."""
    return first > APOSTROPHE and first != EQUALS and last > SPACE


@_compile
def _tidy_cells(buf, low, high, starts, ends, dirty):
    """`cells.tidy` for every kept cell, in place: quotes undone, blanks, `="…"` and the apostrophe taken off."""
    for slot in range(starts.shape[0]):
        for row in range(low, high):
            start = starts[slot, row]
            end = ends[slot, row]
            if start == end or (not dirty[slot, row] and _is_tidy(buf[start], buf[end - 1])):
                continue
            if dirty[slot, row]:
                end = _unescape(buf, start, end)
            start, end = _strip(buf, start, end)
            if (
                end - start >= 3
                and buf[start] == EQUALS
                and buf[start + 1] == QUOTE
                and buf[end - 1] == QUOTE
            ):
                start, end = _strip(buf, start + 2, end - 1)
            if start < end and buf[start] == APOSTROPHE:
                start, end = _strip(buf, start + 1, end)
            starts[slot, row] = start
            ends[slot, row] = end


@_compile
def _run_tasks(buf, low, high, tasks, cells, results, characters):
    """Do with the rows from `low` to `high` what each task (kind, slot, parameter, place in the results) says."""
    for task in range(tasks.shape[0]):
        kind, slot, parameter, to = tasks[task]
        starts, ends = cells.starts[slot], cells.ends[slot]
        if kind == DECIMALS:
            numbers, states = results.numbers[to], results.states[to]
            parse_decimals(buf, low, high, starts, ends, parameter, characters.unit, numbers, states)
        elif kind == TIMES:
            parse_times(buf, low, high, starts, ends, results.numbers[to], results.states[to])
        elif kind == IDS:
            id_states(buf, low, high, starts, ends, results.states[to])
        elif kind == TEXTS:
            out, offsets = results.text[to], results.offsets[to]
            if characters.is_utf8:
                copy_text(buf, low, high, starts, ends, out, offsets)
            elif decode_text(buf, low, high, starts, ends, characters.pairs, characters.quads, out, offsets):
                results.bad[to] = True
        else:
            if kind == HEADS:
                head_ends(buf, low, high, starts, ends, parameter, results.heads[to])
                ends = results.heads[to]
            results.found[to] = distinct_cells(
                buf, low, high, starts, ends, results.tables[to], results.codes[to], results.firsts[to],
                results.found[to],
            )  # fmt: skip


@_compile
def _keep_dirty(buf, low, high, cells, kept):
    """Tidying changes cells in place, so rows that may have to be shown as they were are kept first."""
    for row in range(low, high):
        cells.kept_at[row] = -1
        if cells.faults[row] & DIRTY:
            cells.faults[row] &= 31
            cells.kept_at[row] = kept
            for at in range(cells.spans[row, 0], cells.spans[row, 1]):
                cells.kept[kept] = buf[at]
                kept += 1
    return kept


@_compile
def read_rows(buf, at, size, final, line, slots, limit, most, tasks, cells, results, characters):
    """Find at most `most` records of `buf[at:size]`, tidy their kept cells and do the tasks with them.

    Gives (rows found, first byte not consumed, line there); see `_scan_records`.
    """
    results.tables[:] = -1
    results.found[:] = 0
    results.bad[:] = False
    results.offsets[:, 0] = 0
    rows = 0
    kept = 0
    reach = WINDOW
    while rows < most and at < size:
        stop = min(at + reach, size)
        _find_spots(buf, at, stop, characters.delimiter, cells.flags, cells.spots)
        low, begun = rows, at
        rows, at, line = _scan_records(
            buf, at, stop, final and stop == size, line, rows, characters.delimiter, slots, limit, most, cells,
            cells.spots,
        )  # fmt: skip
        if rows == low and at == begun:
            if stop == size:
                break
            reach *= 2  # a record longer than the window
            continue
        reach = WINDOW
        kept = _keep_dirty(buf, low, rows, cells, kept)
        _tidy_cells(buf, low, rows, cells.starts, cells.ends, cells.dirty)
        _run_tasks(buf, low, rows, tasks, cells, results, characters)
    return rows, at, line
