"""What one cell of an export means: number guards, money, times, item counts.

Every function takes the text of one cell and returns a value with a state; none of them raises. The compiled
scanner (`kernels.py`) knows only the plain forms of these and hands every other cell to this module, so what is
written here is the definition.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

OK: Final = 0
EMPTY: Final = 1
UNREADABLE: Final = 2
IMPOSSIBLE: Final = 3
AHEAD: Final = 4  # a time that has not come yet
OTHER: Final = 9  # not looked at yet, or of no plain form

_BLANKS = " \t\r\n\f\v\u00a0\u3000\ufeff"
_NOTHING = frozenset(
    {"", "-", "--", "—", "——", "－", "－－", "无", "null", "NULL", "无退款申请", "没有申请退款"}
)
_CURRENCY = ("￥", "¥", "RMB", "CNY", "£")
_NUMBER = re.compile(r"([+-]?)(\d{1,13})(?:\.(\d*))?|([+-]?)\.(\d+)")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－＋：／", "0123456789.,-+:/")

EPOCH = datetime(1970, 1, 1)
FIRST_YEAR, LAST_YEAR = 1995, 2099
# What is told to have happened later than this after now has not happened: clocks of two zones are a day apart at most.
CLOCKS_DIFFER = timedelta(days=1)
_DAY = 86_400_000_000
_TIME = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[ T]?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})\s*(?:[:分]\s*(?:(\d{1,2})(?:\.\d+)?\s*秒?)?)?)?"
)
_DIGITS_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\s*(\d{2}):?(\d{2})(?::?(\d{2}))?)?")
_WITH_OFFSET = re.compile(r"(.*\d)\s*(?:Z|UTC|([+-])(\d{2}):?(\d{2}))")
_SERIAL = re.compile(r"(\d{5})(?:\.(\d+))?")


def tidy(cell: str) -> str:
    """The cell without its guards: blanks around it, `="…"`, a leading apostrophe.

    Text that begins with any other `=` is no guard and stays as it is.
    """
    cell = cell.strip(" \t")
    if len(cell) >= 3 and cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1].strip(" \t")
    if cell.startswith("'"):
        cell = cell[1:].strip(" \t")
    return cell


def decimal_units(cell: str, places: int) -> tuple[int, int]:
    """The number in the cell in units of 10^-places, and its state.

    Money is `places=2`: cents, exact, never rounded: more digits than that are unreadable unless they are zero.
    Taken off before: currency signs, thousands commas, a trailing 元; a dash or blank is EMPTY with value 0.
    """
    text = cell.strip(_BLANKS).translate(_FULL_WIDTH)
    if text in _NOTHING:
        return 0, EMPTY
    sign = ""
    if text[0] in "+-" and not text[1:2].isdigit():
        sign, text = text[0], text[1:].lstrip(_BLANKS)
    for mark in _CURRENCY:
        if text.startswith(mark):
            text = text[len(mark) :].lstrip(_BLANKS)
            break
    if text.endswith("元"):
        text = text[:-1].rstrip(_BLANKS)
    if "," in text and _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    found = _NUMBER.fullmatch(text) if text.isascii() else None
    if found is None:
        return 0, UNREADABLE
    inner = (found[1] if found[2] else found[4]) or ""
    if sign and inner:  # -¥-5: which of the two is meant is not for us to say
        return 0, UNREADABLE
    whole = found[2] or "0"
    fraction = (found[3] if found[2] else found[5]) or ""
    if fraction[places:].strip("0"):
        return 0, UNREADABLE
    value = int(whole) * 10**places + int(fraction[:places].ljust(places, "0") or 0)
    return (-value if "-" in (sign, inner) else value), OK


def time_micros(cell: str, *, serials: bool = False, zone: str = "Asia/Shanghai") -> tuple[int, int]:
    """Microseconds since 1970-01-01 in the shop's own clock, and the state.

    Read: 2018-12-31 15:21:11, 2018/12/31 15:21, 20181231, 20181231152111, 2018年12月31日 15时21分, and with
    `serials` the day numbers of Excel. One that tells its offset (2024-01-02 10:00:00 +0900, …Z) is carried over
    to the clock of `zone`. A date that no calendar has, or outside 1995–2099, is IMPOSSIBLE.
    """
    text = cell.strip(_BLANKS).translate(_FULL_WIDTH)
    if text in _NOTHING:
        return 0, EMPTY
    if not text[0].isdecimal() or not text[0].isascii():
        return 0, UNREADABLE
    found = _TIME.fullmatch(text) or _DIGITS_TIME.fullmatch(text)
    if found is not None:
        if not all(part is None or part.isascii() for part in found.groups()):
            return 0, UNREADABLE
        return _moment(*(int(part or 0) for part in found.groups()))
    shifted = _WITH_OFFSET.fullmatch(text) if text.isascii() else None
    if shifted is not None:
        return _shifted(shifted, zone)
    if serials:
        serial = _SERIAL.fullmatch(text)
        if serial is not None and text.isascii():
            return _serial(int(serial[1]), serial[2] or "")
    return 0, UNREADABLE


def _shifted(shifted: re.Match[str], zone: str) -> tuple[int, int]:
    """A time of another clock as the clock of `zone` showed it then."""
    told, sign, hours, minutes = shifted.groups()
    found = _TIME.fullmatch(told)
    if found is None or found[4] is None:
        return 0, UNREADABLE
    micros, state = _moment(*(int(part or 0) for part in found.groups()))
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if state != OK or offset > timedelta(hours=15):
        return 0, IMPOSSIBLE
    moment = EPOCH + timedelta(microseconds=micros) + (offset if sign == "-" else -offset)
    return micros_of(moment.replace(tzinfo=UTC).astimezone(_zone(zone)).replace(tzinfo=None)), OK


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> tuple[int, int]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return 0, IMPOSSIBLE
    try:
        moment = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return 0, IMPOSSIBLE
    return (moment - EPOCH) // timedelta(microseconds=1), OK


def _serial(days: int, fraction: str) -> tuple[int, int]:
    """Excel's day number (1900 system), rounded to the second as Excel shows it."""
    whole = (date(1899, 12, 30) - date(1970, 1, 1)).days + days
    scale = 10 ** len(fraction)
    seconds = (int(fraction or 0) * 86_400 * 2 + scale) // (2 * scale)
    micros = whole * _DAY + seconds * 1_000_000
    year = (EPOCH + timedelta(microseconds=micros)).year
    return (micros, OK) if FIRST_YEAR <= year <= LAST_YEAR else (0, IMPOSSIBLE)


def micros_of(moment: datetime) -> int:
    """A naive moment as microseconds since 1970-01-01."""
    return (moment - EPOCH) // timedelta(microseconds=1)
