"""Writing cents and counts for people: exact with separators, or short in 万/亿 or K/M/B.

The exact form belongs in tables that add up and in exports; the short form in key figures (two decimals) and
lists (one). Minus is the typographic − except in `plain_cents`, which machines read.
"""

from typing import Literal

from laoke.money.rounding import divide_half_up

Language = Literal["zh", "en"]

_UNITS: dict[Language, tuple[tuple[int, str], ...]] = {
    "zh": ((10**4, "万"), (10**8, "亿")),
    "en": ((10**3, "K"), (10**6, "M"), (10**9, "B")),
}
_SHORT_FROM = 10_000
_MINUS = "−"


def format_cents(cents: int, *, symbol: str = "") -> str:
    """Exact yuan with thousands separators and two decimals; `symbol` ("¥ ") follows the minus.

    >>> format_cents(-123450, symbol="¥ ")
    '−¥ 1,234.50'
    """
    yuan, part = divmod(abs(cents), 100)
    return f"{_MINUS if cents < 0 else ''}{symbol}{yuan:,}.{part:02d}"


def plain_cents(cents: int) -> str:
    """Exact yuan for files and form fields: ASCII minus, no separators.

    >>> plain_cents(-123450)
    '-1234.50'
    """
    yuan, part = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{yuan}.{part:02d}"


def short_cents(cents: int, *, decimals: int = 1, language: Language = "zh", symbol: str = "") -> str:
    """Yuan, short: exact below 10,000 yuan, from there in 万/亿 (zh) or K/M/B (en) with `decimals` places, half up.

    >>> short_cents(1234567), short_cents(1234567, language="en"), short_cents(999)
    ('1.2万', '12.3K', '9.99')
    """
    if abs(cents) < _SHORT_FROM * 100:
        return format_cents(cents, symbol=symbol)
    return f"{_MINUS if cents < 0 else ''}{symbol}{_in_units(abs(cents), 100, decimals, language)}"


def short_count(count: int, *, decimals: int = 1, language: Language = "zh") -> str:
    """A whole number, short: exact with separators below 10,000, from there as `short_cents`.

    >>> short_count(9999), short_count(123456789)
    ('9,999', '1.2亿')
    """
    if abs(count) < _SHORT_FROM:
        return f"{_MINUS if count < 0 else ''}{abs(count):,}"
    return f"{_MINUS if count < 0 else ''}{_in_units(abs(count), 1, decimals, language)}"


def _in_units(amount: int, per_one: int, decimals: int, language: Language) -> str:
    """`amount` (in 1/per_one) in the largest unit it fills after rounding: 99,999,999 is 1.0亿, not 10000.0万."""
    shown = ""
    for size, name in _UNITS[language]:
        ticks = divide_half_up(amount * 10**decimals, size * per_one)
        if ticks < 10**decimals and shown:
            break
        whole, part = divmod(ticks, 10**decimals)
        shown = f"{whole:,}.{part:0{decimals}d}{name}" if decimals else f"{whole:,}{name}"
    return shown
