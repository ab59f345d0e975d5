"""Compiled scanning of export bytes: record and cell borders, numbers, times, text, distinct values.

The dialect is that of Python's csv module on bytes whose encoding keeps ASCII (UTF-8, GBK, GB18030: every second byte
is 0x30 or above, so comma, quote and line ends are only ever themselves). Cells that a kernel does not know are
marked OTHER and decided by `cells.py`; nothing is guessed here. This module is imported only for large files,
because numba costs a second to import.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

COMMA, QUOTE, LF, CR, SPACE, TAB, EQUALS, APOSTROPHE = 44, 34, 10, 13, 32, 9, 61, 39

# what may be wrong with a record; the numbers are those of `records`
UNCLOSED, TOO_LONG, CUT, EXTRA, FILLED = 1, 2, 4, 8, 16
INCOMPLETE = 32
# the state of a parsed cell; the first four are those of `cells`
OK, EMPTY, OTHER = 0, 1, 9

_compile = njit(cache=True, nogil=True)


@_compile
def _line_end(buf, at, size):
    """The first line end at or after `at`; `size` when there is none."""
    while at < size and buf[at] != LF and buf[at] != CR:
        at += 1
    return at


@_compile
def _after_quotes(buf, at, size, limit):
    """From behind an opening quote: (end of content, where scanning goes on, dirty, closed, line breaks inside).

    `dirty` cells hold doubled quotes or text behind the closing quote and must be unescaped; for them the end of
    content is the delimiter. An unclosed cell has closed 0, one that outgrows `limit` has closed -1.
    """
    start = at
    dirty = False
    breaks = 0
    while at < size:
        byte = buf[at]
        if byte != QUOTE:
            if byte == LF or (byte == CR and not (at + 1 < size and buf[at + 1] == LF)):
                breaks += 1
            at += 1
            continue
        if at - start > limit:
            return at, at, dirty, -1, 0
        if at + 1 < size and buf[at + 1] == QUOTE:
            dirty = True
            at += 2
            continue
        end = at
        at += 1
        if at < size and buf[at] != COMMA and buf[at] != LF and buf[at] != CR:
            while at < size and buf[at] != COMMA and buf[at] != LF and buf[at] != CR:
                at += 1
            return at, at, True, 1, breaks
        if dirty:
            end = at
        return end, at, dirty, 1, breaks
    return at, at, dirty, -1 if at - start > limit else 0, 0


@_compile
def _scan_record(buf, at, size, final, slots, limit, row, starts, ends, dirty):
    """One record from `at`: (where it ends before its line end, cells, faults, line breaks inside it)."""
    cells = 0
    faults = 0
    breaks = 0
    begin = at
    width = slots.shape[0]
    while True:
        unclean = False
        start = at
        if at < size and buf[at] == QUOTE:
            start = at + 1
            end, at, unclean, closed, more = _after_quotes(buf, start, size, limit)
            breaks += more
            if (closed == 0 or at >= size) and not final:
                return begin, cells, INCOMPLETE, 0
            if closed != 1:
                # the quote is not believed: the record ends where its first line ends
                stop = _line_end(buf, begin, size)
                if stop >= size and not final:
                    return begin, cells, INCOMPLETE, 0
                return stop, cells + 1, TOO_LONG if closed == -1 and stop - start > limit else UNCLOSED, 0
        else:
            while at < size and buf[at] != COMMA and buf[at] != LF and buf[at] != CR:
                at += 1
            end = at
        if end - start > limit:
            faults |= TOO_LONG
        if end > start:
            faults |= FILLED
        if cells < width:
            slot = slots[cells]
            if slot >= 0:
                starts[slot, row] = start
                ends[slot, row] = end
                dirty[slot, row] = unclean
        elif end > start:
            faults |= EXTRA
        cells += 1
        if at >= size:
            return (at, cells, faults, breaks) if final else (begin, cells, INCOMPLETE, 0)
        if buf[at] != COMMA:
            return at, cells, faults, breaks
        at += 1


@_compile
def scan_records(
    buf, at, size, final, line, slots, limit, most, starts, ends, dirty, spans, lines, counts, faults
):
    """Find the records of `buf[at:size]`: (rows found, first byte not consumed, line there).

    `slots[i]` says where cell i is kept, -1 for not at all. Blank lines are passed over. `spans[r]` is the record
    without its line end. With `final` the last record may lack its line end; otherwise it is left for later.
    """
    rows = 0
    kept = starts.shape[0]
    while rows < most and at < size:
        if buf[at] == LF or buf[at] == CR:
            if buf[at] == CR:
                if at + 1 >= size and not final:
                    break
                if at + 1 < size and buf[at + 1] == LF:
                    at += 1
            at += 1
            line += 1
            continue
        for slot in range(kept):
            starts[slot, rows] = 0
            ends[slot, rows] = 0
            dirty[slot, rows] = False
        stop, cells, fault, breaks = _scan_record(
            buf, at, size, final, slots, limit, rows, starts, ends, dirty
        )
        if fault & INCOMPLETE or (stop >= size and not final):
            break
        if fault & UNCLOSED and stop >= size:
            fault = CUT
        elif stop >= size and cells < slots.shape[0] and not fault & TOO_LONG:
            fault |= CUT
        spans[rows, 0] = at
        spans[rows, 1] = stop
        lines[rows] = line
        counts[rows] = cells
        faults[rows] = fault
        line += breaks
        at = stop
        rows += 1
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
def tidy_cells(buf, rows, starts, ends, dirty):
    """`cells.tidy` for every kept cell, in place: quotes undone, blanks, `="…"` and the apostrophe taken off."""
    for slot in range(starts.shape[0]):
        for row in range(rows):
            start = starts[slot, row]
            end = ends[slot, row]
            if start == end:
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
def parse_decimals(buf, starts, ends, places, unit, values, states):
    """`cells.decimal_units` for plain digits with at most `places` decimals and perhaps the suffix `unit`."""
    for row in range(starts.shape[0]):
        at = starts[row]
        end = ends[row]
        values[row] = 0
        if at == end:
            states[row] = EMPTY
            continue
        tail = unit.shape[0]
        if tail and end - at > tail:
            same = True
            for k in range(tail):
                same = same and buf[end - tail + k] == unit[k]
            if same:
                end -= tail
        negative = buf[at] == 45
        if negative:
            at += 1
        value = 0
        digits = 0
        while at < end and 48 <= buf[at] <= 57:
            value = value * 10 + (buf[at] - 48)
            digits += 1
            at += 1
        decimals = 0
        if digits and at < end and buf[at] == 46:
            at += 1
            while at < end and 48 <= buf[at] <= 57 and decimals < places:
                value = value * 10 + (buf[at] - 48)
                decimals += 1
                at += 1
        if at != end or digits == 0 or digits > 13:
            states[row] = OTHER
            continue
        for _ in range(places - decimals):
            value *= 10
        values[row] = -value if negative else value
        states[row] = OK


@_compile
def _two_digits(buf, at, end):
    """One or two digits: (value, next place); value -1 when there is none."""
    if at >= end or not 48 <= buf[at] <= 57:
        return -1, at
    value = buf[at] - 48
    at += 1
    if at < end and 48 <= buf[at] <= 57:
        value = value * 10 + (buf[at] - 48)
        at += 1
    return value, at


@_compile
def _days_from_civil(year, month, day):
    """Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, chrono-compatible algorithms)."""
    shifted = year - (1 if month <= 2 else 0)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


@_compile
def _month_days(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@_compile
def _plain_time(buf, at, end):
    """(microseconds, known) of `YYYY-MM-DD[ HH:MM[:SS]]` with - or / between."""
    if end - at < 8 or end - at > 19:
        return 0, False
    year = 0
    for _ in range(4):
        if not 48 <= buf[at] <= 57:
            return 0, False
        year = year * 10 + (buf[at] - 48)
        at += 1
    separator = buf[at]
    if separator != 45 and separator != 47:
        return 0, False
    month, at = _two_digits(buf, at + 1, end)
    if at >= end or buf[at] != separator:
        return 0, False
    day, at = _two_digits(buf, at + 1, end)
    if not (1995 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= _month_days(year, month)):
        return 0, False
    hour, minute, second = 0, 0, 0
    if at < end:
        if buf[at] != SPACE:
            return 0, False
        hour, at = _two_digits(buf, at + 1, end)
        if at >= end or buf[at] != 58:
            return 0, False
        minute, at = _two_digits(buf, at + 1, end)
        if at < end:
            if buf[at] != 58:
                return 0, False
            second, at = _two_digits(buf, at + 1, end)
    if at != end or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return 0, False
    seconds = _days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    return seconds * 1_000_000, True


@_compile
def parse_times(buf, starts, ends, values, states):
    """`cells.time_micros` for the plain forms."""
    for row in range(starts.shape[0]):
        values[row] = 0
        if starts[row] == ends[row]:
            states[row] = EMPTY
            continue
        micros, known = _plain_time(buf, starts[row], ends[row])
        values[row] = micros
        states[row] = OK if known else OTHER


@_compile
def id_states(buf, starts, ends, states):
    """OK for ids of digits alone; OTHER for what must be looked at."""
    for row in range(starts.shape[0]):
        state = OK if ends[row] > starts[row] else EMPTY
        for at in range(starts[row], ends[row]):
            if not 48 <= buf[at] <= 57:
                state = OTHER
        states[row] = state


@_compile
def distinct_cells(buf, starts, ends, table, codes, firsts):
    """Number the distinct cells: `codes[row]` is the number, `firsts[code]` a row that has it. Gives how many.

    `table` is scratch of a power of two above twice the rows, filled with -1 by the caller.
    """
    found = 0
    mask = table.shape[0] - 1
    for row in range(starts.shape[0]):
        start = starts[row]
        length = ends[row] - start
        mixed = np.uint64(1469598103934665603)
        for at in range(start, start + length):
            mixed = (mixed ^ np.uint64(buf[at])) * np.uint64(1099511628211)
        place = np.int64((mixed ^ (mixed >> np.uint64(29))) & np.uint64(mask))
        while True:
            code = table[place]
            if code < 0:
                table[place] = found
                firsts[found] = row
                codes[row] = found
                found += 1
                break
            other = starts[firsts[code]]
            if ends[firsts[code]] - other == length:
                same = True
                for k in range(length):
                    if buf[start + k] != buf[other + k]:
                        same = False
                        break
                if same:
                    codes[row] = code
                    break
            place = (place + 1) & mask
    return found


@_compile
def head_ends(buf, starts, ends, parts, out):
    """Where the first `parts` parts (set apart by single blanks) of each cell end."""
    for row in range(starts.shape[0]):
        at = starts[row]
        left = parts
        while at < ends[row]:
            if buf[at] == SPACE:
                left -= 1
                if left == 0:
                    break
            at += 1
        out[row] = at


@_compile
def copy_text(buf, starts, ends, out, offsets):
    """Put UTF-8 cells one behind the other; gives the bytes written."""
    at = 0
    for row in range(starts.shape[0]):
        offsets[row] = at
        for k in range(starts[row], ends[row]):
            out[at] = buf[k]
            at += 1
    offsets[starts.shape[0]] = at
    return at


@_compile
def _put_utf8(out, at, point):
    if point < 0x80:
        out[at] = point
        return at + 1
    if point < 0x800:
        out[at] = 0xC0 | (point >> 6)
        out[at + 1] = 0x80 | (point & 0x3F)
        return at + 2
    if point < 0x10000:
        out[at] = 0xE0 | (point >> 12)
        out[at + 1] = 0x80 | ((point >> 6) & 0x3F)
        out[at + 2] = 0x80 | (point & 0x3F)
        return at + 3
    out[at] = 0xF0 | (point >> 18)
    out[at + 1] = 0x80 | ((point >> 12) & 0x3F)
    out[at + 2] = 0x80 | ((point >> 6) & 0x3F)
    out[at + 3] = 0x80 | (point & 0x3F)
    return at + 4


@_compile
def _gb18030_point(buf, at, end, pairs, quads):
    """(code point, bytes used) of the character at `at`; point -1 when the bytes are none."""
    lead = buf[at]
    if lead < 0x80:
        return np.int64(lead), 1
    if at + 1 >= end:
        return np.int64(-1), 1
    second = buf[at + 1]
    if second < 0x30 or second > 0x39:
        point = np.int64(pairs[(np.int64(lead) << 8) | second])
        return (point if point else np.int64(-1)), 2
    if at + 3 >= end or buf[at + 2] < 0x81 or buf[at + 3] < 0x30 or buf[at + 3] > 0x39:
        return np.int64(-1), 1
    linear = ((np.int64(lead) - 0x81) * 10 + second - 0x30) * 1260
    linear += (np.int64(buf[at + 2]) - 0x81) * 10 + buf[at + 3] - 0x30
    if linear >= 189000:
        point = linear - 189000 + 0x10000
        return (point if point < 0x110000 else np.int64(-1)), 4
    if 0 <= linear < quads.shape[0] and quads[linear]:
        return np.int64(quads[linear]), 4
    return np.int64(-1), 4


@_compile
def decode_text(buf, starts, ends, pairs, quads, out, offsets, bad):
    """GB18030 cells as UTF-8 one behind the other; a cell with broken bytes is left empty and marked in `bad`."""
    at = 0
    for row in range(starts.shape[0]):
        offsets[row] = at
        bad[row] = False
        k = starts[row]
        end = ends[row]
        while k < end:
            if buf[k] < 0x80:
                out[at] = buf[k]
                at += 1
                k += 1
                continue
            point, used = _gb18030_point(buf, k, end, pairs, quads)
            if point < 0:
                bad[row] = True
                at = offsets[row]
                break
            at = _put_utf8(out, at, point)
            k += used
    offsets[starts.shape[0]] = at
    return at
