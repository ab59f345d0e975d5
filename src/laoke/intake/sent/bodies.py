"""The body of a batch as JSON, read strictly: nothing is guessed, nothing is rounded, nothing is said twice."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_NUMBER = 40
_DEEPEST = 8
_KEYS = frozenset({"rows", "as_of", "all_or_nothing"})
# A text of the body, also one that is never closed: it matches wherever it begins, so no body takes long to look at.
_TEXT = re.compile(r'"(?>[^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[{\]}]")


class BodyRefused(Exception):
    """A batch that is refused as a whole, with a stable code and what fills its sentence; `errors` are those of its
    rows. Nothing of it was done."""

    def __init__(self, code: str, *, errors: Sequence[Any] = (), **params: Any) -> None:
        super().__init__(code)
        self.code, self.params, self.errors = code, params, list(errors)


@dataclass(frozen=True)
class Unread:
    """A number as it stands in the body that is no plain whole number: nobody has rounded it."""

    text: str


class Doubled(dict[str, Any]):
    """An object in which a name stands twice."""

    twice: str = ""


@dataclass(frozen=True)
class Body:
    """What a batch says: its rows, the time it speaks of (as told, '' = when it came), and whether one bad row refuses
    all."""

    rows: list[Any]
    as_of: str
    all_or_nothing: bool


def read_body(data: bytes, most_rows: int) -> Body:
    """The parts of a body.

    Raises
    ------
    BodyRefused
        when it is no UTF-8, no JSON, nested too deep, of another shape, empty or with too many rows.
    """
    found = read_json(data)
    if not isinstance(found, dict):
        raise BodyRefused("body_shape")
    if isinstance(found, Doubled):
        raise BodyRefused("name_twice", name=_shown(found.twice))
    if strange := sorted(set(found) - _KEYS):
        raise BodyRefused("name_unknown", name=_shown(strange[0]), known=", ".join(sorted(_KEYS)))
    rows, as_of, whole = found.get("rows"), found.get("as_of") or "", found.get("all_or_nothing", False)
    if not isinstance(rows, list) or not isinstance(as_of, str) or not isinstance(whole, bool):
        raise BodyRefused("body_shape")
    if not rows:
        raise BodyRefused("no_rows")
    if len(rows) > most_rows:
        raise BodyRefused("too_many_rows", found=len(rows), most=most_rows)
    return Body(rows, as_of, whole)


def read_json(data: bytes) -> Any:
    """What the bytes say, with `Unread` for numbers that are not whole and `Doubled` for objects with a name twice.

    Raises
    ------
    BodyRefused
        when they are no UTF-8, no JSON or nested too deep.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BodyRefused("not_utf8", at=error.start) from error
    _refuse_deep(text)
    try:
        return json.loads(
            text,
            parse_int=_whole,
            parse_float=lambda number: Unread(number[:LONGEST_NUMBER]),
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            raise BodyRefused("not_json", line=error.lineno, column=error.colno) from error
        raise BodyRefused("not_json", line=1, column=1) from error


def _refuse_deep(text: str) -> None:
    """Nesting is counted before anything is built from it; brackets inside of texts do not count."""
    depth = 0
    for found in _BRACKET.finditer(_TEXT.sub("", text)):
        depth += 1 if found.group() in "[{" else -1
        if depth > _DEEPEST:
            raise BodyRefused("too_deep", most=_DEEPEST)


def _whole(number: str) -> int | Unread:
    return int(number) if len(number) <= 19 else Unread(number[:LONGEST_NUMBER])


def _refuse_constant(name: str) -> Any:
    raise BodyRefused("not_a_number", name=name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled, seen = Doubled(found), set()
    for name, _ in pairs:
        if name in seen:
            doubled.twice = name
            break
        seen.add(name)
    return doubled


def _shown(name: str) -> str:
    return name[:80].encode("utf-8", "replace").decode("utf-8")
