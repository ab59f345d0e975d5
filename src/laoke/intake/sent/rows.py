"""Each row of a batch against its fields: the cells it becomes in a file, or what is wrong with it, field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as filled
from datetime import date, datetime
from typing import Any

from laoke.customers.contacts import mask_within
from laoke.intake.reading.cells import FIRST_YEAR, LAST_YEAR
from laoke.intake.reading.refusals import storable
from laoke.intake.reading.verdicts import ID_PATTERN, LARGEST_CENTS, LARGEST_COUNT, SHOWN
from laoke.intake.sent.bodies import Doubled, Unread
from laoke.intake.sent.fields import BUYER, LINE, MOST_LINES_OF_ORDER, Field, SentKind

# What stands for the value of a field that names a person.
HIDDEN = "…"
MOST_ERRORS_OF_ROW = 10
_ID = re.compile(ID_PATTERN)
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}")
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,7}(\.\d{1,2})?", re.ASCII)
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udfff]")
_SHAPES = {"buyer": dict, "lines": list}

Cells = dict[str, str]


@dataclass(frozen=True)
class RowError:
    """What is wrong with one field of one row: a stable code and what fills its sentence."""

    index: int
    field: str
    code: str
    params: dict[str, Any] = filled(default_factory=dict)


@dataclass
class CheckedRow:
    """A row as cells by role, those of its lines beside; or its errors."""

    index: int
    given: Any
    cells: Cells = filled(default_factory=dict)
    lines: list[Cells] | None = None
    errors: list[RowError] = filled(default_factory=list)


def checked_rows(kind: SentKind, rows: list[Any]) -> list[CheckedRow]:
    """Every row of a batch, in order. The first object tells which fields the batch has: a field that one row names and
    another leaves out would erase what is stored of the other."""
    first = next((row for row in rows if isinstance(row, dict)), {})
    named = set(first) & set(kind.by_name)
    if first.get("lines") is None:
        named.discard("lines")
    checked = [_Row(kind, index, row, named).checked for index, row in enumerate(rows)]
    if kind.grain == "order":
        _refuse_twice(checked)
    return checked


def _refuse_twice(rows: list[CheckedRow]) -> None:
    """An order that a batch tells twice: the lines of both would be taken for those of one."""
    first: dict[str, int] = {}
    for row in rows:
        order_id = row.cells.get("order_id", "")
        before = first.setdefault(order_id, row.index)
        if order_id and before != row.index:
            params = {"column": "order_id", "found": order_id, "first": before}
            row.errors.append(RowError(row.index, "order_id", "order_twice", params))


class _Row:
    """One row on its way to its cells."""

    def __init__(self, kind: SentKind, index: int, given: Any, named: set[str]) -> None:
        self.kind, self.checked = kind, CheckedRow(index, given)
        if not isinstance(given, dict):
            self._refuse("", "row_not_object", given, personal=True)
            return
        self.checked.cells |= self._cells(given, kind.fields, "")
        self._compare(given, named)
        for group in kind.one_of:
            if not any(given.get(name) not in (None, "") for name in group):
                self._refuse(group[0], "one_of_missing", None, fields=list(group))
        if "lines" in kind.by_name and isinstance(given.get("lines"), list):
            self._lines(given["lines"])
        if kind.name == "product-days":
            self._rates(given)

    def _refuse(self, path: str, code: str, found: Any, *, personal: bool = False, **params: Any) -> None:
        if len(self.checked.errors) < MOST_ERRORS_OF_ROW:
            told: dict[str, Any] = {"column": path, **params}
            if found is not None:
                told["found"] = HIDDEN if personal else quoted(found)
            self.checked.errors.append(RowError(self.checked.index, path, code, told))

    def _compare(self, given: dict[str, Any], named: set[str]) -> None:
        told = set(given) & set(self.kind.by_name)
        if given.get("lines") is None:
            told.discard("lines")
        for name in sorted(named - told):
            self._refuse(name, "field_left_out", None)
        for name in sorted(told - named):
            self._refuse(name, "field_added", None)

    def _cells(self, given: dict[str, Any], fields: tuple[Field, ...], prefix: str) -> Cells:
        """The cells of an object; what is null or an empty text is an empty cell."""
        if isinstance(given, Doubled):
            self._refuse(f"{prefix}{_short(given.twice)}", "field_twice", None)
        by_name = {one.name: one for one in fields}
        for name in given:
            if name not in by_name:
                self._refuse(f"{prefix}{_short(name)}", "field_unknown", None)
        cells: Cells = {}
        for one in fields:
            path = f"{prefix}{one.name}"
            if one.name not in given or given[one.name] in (None, ""):
                if one.required:
                    self._refuse(path, "field_missing", None)
                if one.role and one.name in given:
                    cells[one.role] = ""
            elif one.type in _SHAPES:
                self._nested(one, path, given[one.name])
            else:
                cells[one.role] = self._cell(one, path, given[one.name])
        return cells

    def _nested(self, one: Field, path: str, value: Any) -> None:
        if not isinstance(value, _SHAPES[one.type]):
            self._refuse(path, f"{one.type}_wanted", value, personal=True)
        elif one.type == "buyer":
            self.checked.cells |= self._cells(value, BUYER, f"{path}.")

    def _lines(self, lines: list[Any]) -> None:
        if not 0 < len(lines) <= MOST_LINES_OF_ORDER:
            self._refuse("lines", "lines_count", len(lines), most=MOST_LINES_OF_ORDER)
            return
        self.checked.lines = []
        for place, line in enumerate(lines):
            path = f"lines[{place}]"
            if not isinstance(line, dict):
                self._refuse(path, "row_not_object", line, personal=True)
                continue
            self.checked.lines.append(self._cells(line, LINE, f"{path}."))
            names = ("product_id", "outer_code", "title")
            if not any(line.get(name) not in (None, "") for name in names):
                self._refuse(f"{path}.product_id", "one_of_missing", None, fields=list(names))
        for name in ("item_count", "titles"):
            if self.checked.cells.pop(name, ""):
                self._refuse(name, "told_by_lines", None)

    def _rates(self, given: dict[str, Any]) -> None:
        for name in ("dwell_average_seconds", "bounce_rate_percent"):
            if given.get(name) is not None and given.get("visitors") is None:
                self._refuse(name, "visitors_wanted", None)

    def _cell(self, one: Field, path: str, value: Any) -> str:
        wrong = _WRONG[one.type](one, value)
        if wrong:
            more: dict[str, dict[str, Any]] = {
                "choice_unknown": {"choices": list(one.words)},
                "text_too_long": {"most": one.longest},
            }
            self._refuse(path, wrong, value, personal=one.personal, **more.get(wrong, {}))
            return ""
        return _WRITTEN[one.type](one, value)


def quoted(value: Any) -> str:
    """A value as an answer may quote it: short, as JSON writes it, numbers of people masked."""
    if isinstance(value, Unread):
        return value.text
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = value if isinstance(value, str) else json.dumps(value)
    return _short(text)


def raw_of(value: Any) -> str:
    """A whole row as JSON, to be kept sealed."""
    told = json.dumps(value, ensure_ascii=False, default=lambda number: number.text)
    return str(storable(told))


def _short(text: str) -> str:
    """Masked before it is cut: a number that the cut went through would no longer look like one."""
    return str(storable(mask_within(text[: SHOWN + 64])[:SHOWN]))


def _wrong_text(one: Field, value: Any) -> str:
    if not isinstance(value, str):
        return "text_wanted"
    if _UNSEEN.search(value):
        return "text_unreadable"
    return "text_too_long" if len(value) > one.longest else ""


def _wrong_id(one: Field, value: Any) -> str:
    if not isinstance(value, str):
        return "id_text_wanted"
    if len(value) > one.longest or not _ID.fullmatch(value) or _SCIENTIFIC.fullmatch(value):
        return "id_strange"
    return ""


def _wrong_cents(one: Field, value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return "cents_wanted"
    if abs(value) > LARGEST_CENTS:
        return "money_too_large"
    return "negative_amount" if value < 0 and one.type == "cents" else ""


def _wrong_count(one: Field, value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool) or value > LARGEST_COUNT:
        return "count_wanted"
    return "negative_count" if value < 0 else ""


def _wrong_time(one: Field, value: Any) -> str:
    return time_trouble(value)


def time_trouble(value: Any) -> str:
    """Why a value is no moment of the calendar, '' when it is."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return "time_wanted"
    try:
        year = datetime.fromisoformat(value).year
    except ValueError:
        return "time_impossible"
    return "" if FIRST_YEAR <= year <= LAST_YEAR else "time_impossible"


def _wrong_day(one: Field, value: Any) -> str:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return "day_wanted"
    try:
        year = date.fromisoformat(value).year
    except ValueError:
        return "time_impossible"
    return "" if FIRST_YEAR <= year <= LAST_YEAR else "time_impossible"


def _wrong_choice(one: Field, value: Any) -> str:
    return "" if isinstance(value, str) and value in one.words else "choice_unknown"


def _wrong_flag(one: Field, value: Any) -> str:
    return "" if isinstance(value, bool) else "flag_wanted"


def _number(value: Any) -> str:
    if isinstance(value, Unread):
        return value.text
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _wrong_number(one: Field, value: Any) -> str:
    text, most = _number(value), 100 if one.type == "percent" else 86_400
    return "" if _DECIMAL.fullmatch(text) and float(text) <= most else f"{one.type}_wanted"


_WRONG = {
    "id": _wrong_id,
    "text": _wrong_text,
    "cents": _wrong_cents,
    "signed": _wrong_cents,
    "count": _wrong_count,
    "time": _wrong_time,
    "day": _wrong_day,
    "choice": _wrong_choice,
    "flag": _wrong_flag,
    "percent": _wrong_number,
    "number": _wrong_number,
}


def _yuan(one: Field, value: int) -> str:
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def _as_text(one: Field, value: Any) -> str:
    return " ".join(value.split()) if one.type == "text" else str(value)


_WRITTEN = {
    "id": _as_text,
    "text": _as_text,
    "cents": _yuan,
    "signed": _yuan,
    "count": _as_text,
    "time": _as_text,
    "day": _as_text,
    "choice": lambda one, value: one.words[value],
    "flag": lambda one, value: "是" if value else "否",
    "percent": lambda one, value: f"{_number(value)}%",
    "number": lambda one, value: _number(value),
}


def errors_of(rows: list[CheckedRow]) -> Iterator[RowError]:
    """All errors, by row."""
    for row in rows:
        yield from row.errors
