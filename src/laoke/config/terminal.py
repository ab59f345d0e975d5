"""Output never ends a command because the terminal's encoding lacks a sign.

What is piped or sent to a file on Windows has the system's code page: GBK has no ¥ and no emoji of a nick, cp1252 no
Chinese. A sign is then told by its nearest neighbour, or by its number where it has none.
"""

from __future__ import annotations

import codecs
import io
import json
import sys
from typing import Any

ERRORS = "laoke.nearest"
_NEAREST = {"¥": "￥", "−": "-", "–": "-", "✓": "√", "✗": "×", "•": "·", "«": "《", "»": "》"}


def steady_output() -> None:
    """Let standard output and standard error tell what they cannot show, instead of failing."""
    codecs.register_error(ERRORS, _nearest)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def json_text(value: Any, encoding: str | None, indent: int | None = None) -> str:
    """JSON that the encoding can carry whole: as it reads, or with its signs escaped where one is missing."""
    text = json.dumps(value, ensure_ascii=False, default=str, indent=indent)
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=str, indent=indent)
    return text


def _nearest(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_told(sign, error.encoding) for sign in signs), error.end


def _told(sign: str, encoding: str) -> str:
    nearest = _NEAREST.get(sign, sign)
    try:
        nearest.encode(encoding)
    except UnicodeEncodeError:
        return sign.encode("ascii", "backslashreplace").decode("ascii")
    return nearest
