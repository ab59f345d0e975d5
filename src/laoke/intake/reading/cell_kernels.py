"""Compiled work on tidied cells, a column of some rows at a time: numbers, times, ids, distinct values, text.

`low` and `high` are the rows, `starts` and `ends` where their cells lie in the buffer. See `kernels.py`.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

SPACE = 32
# the state of a parsed cell; the numbers are those of `cells`
OK, EMPTY, OTHER = 0, 1, 9
# 2^64 divided by the golden ratio: multiplying by it moves what differs in low bits up to the high ones
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

# Nothing here makes an array, so nothing need be counted: counting who holds the arrays that a helper is given, cell by
# cell, is a third of all work where the compiler does not see that it cancels out.
_compile = njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]


@_compile
def parse_decimals(buf, low, high, starts, ends, places, unit, values, states):
    """`cells.decimal_units` for plain digits with at most `places` decimals and perhaps the suffix `unit`."""
    for row in range(low, high):
        at = starts[row]
        end = ends[row]
        values[row] = 0
        if at == end:
            states[row] = EMPTY
            continue
        tail = unit.shape[0]
        if tail and end - at > tail and buf[end - 1] == unit[tail - 1]:
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
def parse_times(buf, low, high, starts, ends, values, states):
    """`cells.time_micros` for the plain forms."""
    for row in range(low, high):
        values[row] = 0
        if starts[row] == ends[row]:
            states[row] = EMPTY
            continue
        micros, known = _plain_time(buf, starts[row], ends[row])
        values[row] = micros
        states[row] = OK if known else OTHER


@_compile
def id_states(buf, low, high, starts, ends, states):
    """OK for ids of digits alone; OTHER for what must be looked at."""
    for row in range(low, high):
        state = OK if ends[row] > starts[row] else EMPTY
        for at in range(starts[row], ends[row]):
            if not 48 <= buf[at] <= 57:
                state = OTHER
        states[row] = state


@_compile
def _hash(buf, start, end):
    """A number for the bytes, four at a time: a multiplication waits for the one before it."""
    mixed = np.uint64(1469598103934665603)
    at = start
    while at + 4 <= end:
        low = np.uint64(buf[at]) | np.uint64(buf[at + 1]) << np.uint64(8)
        high = np.uint64(buf[at + 2]) | np.uint64(buf[at + 3]) << np.uint64(8)
        mixed = (mixed ^ (low | high << np.uint64(16))) * _SPREAD
        mixed ^= mixed >> np.uint64(32)
        at += 4
    while at < end:
        mixed = (mixed ^ np.uint64(buf[at])) * _SPREAD
        mixed ^= mixed >> np.uint64(32)
        at += 1
    return mixed


@_compile
def _is_same(buf, start, other, length):
    k = 0
    while k < length and buf[start + k] == buf[other + k]:
        k += 1
    return k == length


@_compile
def distinct_cells(buf, low, high, starts, ends, table, codes, firsts, found):
    """Number the distinct cells: `codes[row]` is the number, `firsts[code]` a row that has it. Gives how many.

    `table` has a power of two of places, above twice the rows of a chunk, filled with -1 when a chunk begins.
    """
    mask = np.uint64(table.shape[0] - 1)
    for row in range(low, high):
        start = starts[row]
        length = ends[row] - start
        if (
            row > 0
            and ends[row - 1] - starts[row - 1] == length
            and _is_same(buf, start, starts[row - 1], length)
        ):
            codes[row] = codes[row - 1]
            continue
        place = np.int64(_hash(buf, start, start + length) & mask)
        while True:
            code = table[place]
            if code < 0:
                table[place] = found
                firsts[found] = row
                codes[row] = found
                found += 1
                break
            other = firsts[code]
            if ends[other] - starts[other] == length and _is_same(buf, start, starts[other], length):
                codes[row] = code
                break
            place = (place + 1) & np.int64(mask)
    return found


@_compile
def head_ends(buf, low, high, starts, ends, parts, out):
    """Where the first `parts` parts (set apart by single blanks) of each cell end."""
    for row in range(low, high):
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
def copy_text(buf, low, high, starts, ends, out, offsets):
    """Put UTF-8 cells one behind the other."""
    at = offsets[low]
    for row in range(low, high):
        start = starts[row]
        length = ends[row] - start
        for k in range(length):
            out[at + k] = buf[start + k]
        at += length
        offsets[row + 1] = at


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
def _gb18030_point(buf, at, end, quads):
    """(code point, bytes used) of a character that is no known pair of bytes; point -1 when the bytes are none."""
    lead = buf[at]
    if lead < 0x80:
        return np.int64(lead), 1
    if at + 1 >= end:
        return np.int64(-1), 1
    second = buf[at + 1]
    if second < 0x30 or second > 0x39:
        return np.int64(-1), 2
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
def decode_text(buf, low, high, starts, ends, pairs, quads, out, offsets):
    """GB18030 cells as UTF-8 one behind the other; whether some held broken bytes, which are left empty.

    `pairs` holds for every two bytes the UTF-8 bytes of their character, the first lowest, and their number on top.
    """
    at = offsets[low]
    broken = False
    for row in range(low, high):
        k = starts[row]
        end = ends[row]
        while k < end:
            byte = buf[k]
            if byte < 0x80:
                out[at] = byte
                at += 1
                k += 1
                continue
            packed = pairs[(np.int64(byte) << 8) | buf[k + 1]] if k + 1 < end else np.uint32(0)
            if packed:
                out[at] = packed & 0xFF
                out[at + 1] = (packed >> 8) & 0xFF
                out[at + 2] = (packed >> 16) & 0xFF
                at += packed >> 24
                k += 2
                continue
            point, used = _gb18030_point(buf, k, end, quads)
            if point < 0:
                broken = True
                at = offsets[row]
                break
            at = _put_utf8(out, at, point)
            k += used
        offsets[row + 1] = at
    return broken
