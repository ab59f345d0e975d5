"""Pinyin initials, so that `rq` finds 人群: GB2312 has its common characters in the order of pinyin."""

from __future__ import annotations

# The first common character of each initial, as a number in GB2312; i, u and v begin no syllable.
_STARTS = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"), (0xB8C1, "g"),
    (0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"), (0xC4C3, "n"), (0xC5B6, "o"),
    (0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"), (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"),
    (0xD1B9, "y"), (0xD4D1, "z"),
)  # fmt: skip
_COMMON_END = 0xD7F9


def initials(words: str) -> str:
    """`店铺总览` gives `dpzl`; letters and digits stay, other characters are left out."""
    return "".join(_initial(character) for character in words)


def _initial(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    try:
        code = int.from_bytes(character.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return ""
    if not _STARTS[0][0] <= code <= _COMMON_END:
        return ""
    return next(letter for start, letter in reversed(_STARTS) if start <= code)


def matches(words: str, query: str) -> bool:
    """Whether words hold the query, or their initials begin with it."""
    query = query.strip().lower()
    return bool(query) and (query in words.lower() or initials(words).startswith(query))
