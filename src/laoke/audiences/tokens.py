"""The letters of the filter language: a text cut into tokens with their places.

Full-width punctuation and Chinese quotes read like their ASCII twins, because people type with a Chinese keyboard.

    FilterError    the text is no filter: where (`position`, `length`), why (`code`), and what would be allowed
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 10_000
_SAME = str.maketrans("（），、＞＜＝＋．％　０１２３４５６７８９", "(),,><=+.% 0123456789")
_QUOTES = {'"': '"', "“": "”“", "”": "”“", "＂": "＂", "「": "」", "'": "'", "‘": "’‘", "’": "’‘"}
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
# The blanks before a unit belong to the unit: two runs of blanks side by side would take quadratic time.
# A word that joins is no unit: `birthday_month = 3 and bought`.
_NUMBER = re.compile(
    r"(\d+(?:\.(?!\.)\d+)?)(?:\s*(天|周|个月|月|年|元|%|(?!(?:and|or|then|within|in|not)\b)[A-Za-z]+))?",
    re.ASCII | re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*")
# Written without a blank these hold the number after them: `近90天`, `未来30天`.
_WINDOW = re.compile(r"(?:近|未来)(?=\d)", re.ASCII)
_SIGN = re.compile(r">=|<=|\.\.|[()+,<>=]")
_KINDS = (("date", _DATE), ("number", _NUMBER), ("name", _WINDOW), ("name", _NAME), ("sign", _SIGN))
# The sign that ends a text, and halves of letters: no database and no file takes them.
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPES = {"n": "\n", "t": "\t"}


class FilterError(ValueError):
    """A text that is no filter. `allowed` lists what could stand there, the nearest first."""

    def __init__(
        self, code: str, position: int, length: int = 1, *, found: str = "", allowed: tuple[str, ...] = (),
        **params: Any,
    ) -> None:  # fmt: skip
        super().__init__(f"{code} at {position}: {found!r}")
        self.code, self.position, self.length = code, position, max(length, 1)
        self.found, self.allowed, self.params = found, allowed, params


@dataclass(frozen=True)
class Token:
    """kind: name, text, number, date, sign or end. `value` is what it means, `unit` follows a number."""

    kind: str
    value: str
    position: int
    length: int
    unit: str = ""

    @property
    def shown(self) -> str:
        """The token as a message quotes it."""
        return "" if self.kind == "end" else self.value + self.unit


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, an end token last.

    Raises
    ------
    FilterError
        `too_long`, `unclosed_text` or `strange_letter`.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError("too_long", MAX_LENGTH, most=MAX_LENGTH)
    if strange := _UNWRITABLE.search(text):
        raise FilterError("strange_letter", strange.start())
    # One letter for one letter, so places in the plain text are places in the given one.
    plain = text.translate(_SAME).replace("。。", "..")
    found: list[Token] = []
    at = 0
    while at < len(text):
        if plain[at].isspace():
            at += 1
            continue
        token = _quoted(text, at) if text[at] in _QUOTES else _plain_token(plain, at)
        found.append(token)
        at += token.length
    return [*found, Token("end", "", len(text), 1)]


def _plain_token(plain: str, at: int) -> Token:
    for kind, pattern in _KINDS:
        match = pattern.match(plain, at)
        if match is None:
            continue
        if kind == "number":
            return Token(kind, match[1], at, len(match[0]), match[2] or "")
        return Token(kind, match[0], at, len(match[0]))
    raise FilterError("strange_letter", at, found=plain[at])


def _quoted(text: str, start: int) -> Token:
    closing = _QUOTES[text[start]]
    letters: list[str] = []
    at = start + 1
    while at < len(text):
        letter = text[at]
        if letter == "\\" and at + 1 < len(text):
            letters.append(_ESCAPES.get(text[at + 1], text[at + 1]))
            at += 2
            continue
        if letter in closing:
            return Token("text", "".join(letters), start, at + 1 - start)
        letters.append(letter)
        at += 1
    raise FilterError("unclosed_text", start, len(text) - start, found=text[start : start + 20])


def quoted(value: str) -> str:
    """A text as the language writes it."""
    inner = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{inner}"'
