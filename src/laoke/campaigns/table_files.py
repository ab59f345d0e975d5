"""Small tables that people bring to a campaign: price sheets, competitors' prices, reports of the back office.

FileRefused   a file that is not what was asked for; its codes are those of the module that reads it, besides `empty`
              and `too_long`. What is no table at all is an IntakeRefused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.functional import Promise

from laoke.intake.reading.cells import tidy
from laoke.intake.reading.opening import open_source
from laoke.intake.reading.profiles import normal_name
from laoke.intake.reading.refusals import MIB

MOST_LINES = 5_000
MOST_BYTES = 16 * MIB


class FileRefused(Exception):
    """A file that cannot be used; `code` says why, `params` what was found."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


class CellRefused(ValueError):
    """A cell that cannot be read; `expected` says what it should be, `todo` what to do where that does not say it."""

    def __init__(self, expected: Promise, todo: Promise | str = "") -> None:
        super().__init__(str(expected))
        self.expected, self.todo = expected, todo


@dataclass(frozen=True)
class SheetColumn:
    """One column: the field it fills, its head in our files, other heads it may have, how a cell is read."""

    name: str
    head: Promise
    others: tuple[str, ...]
    read: Callable[[str], Any]


@dataclass(frozen=True)
class RefusedRow:
    """A row that changes nothing: its line, the column, what stands there, what was expected, and the row as it is.

    `todo` says what to do where that is more than to write what was expected.
    """

    line: int
    column: Promise | str
    found: str
    expected: Promise | str
    row: tuple[str, ...]
    todo: Promise | str = ""


@dataclass(frozen=True)
class FileRows:
    """The header and the rows below it that hold anything, each with its line. `from_sheet`: an Excel file."""

    header: tuple[str, ...]
    lines: list[tuple[int, tuple[str, ...]]]
    from_sheet: bool = False


def rows_of(path: Path, known: Iterable[str], most: int = MOST_LINES) -> FileRows:
    """A CSV or Excel file of at most so many rows, cell by cell. `known` are names that tell its header.

    Raises
    ------
    FileRefused, IntakeRefused
    """
    mapping = {f"column-{n}": head for n, head in enumerate(sorted(known))}
    with open_source(path, mapping=mapping) as source:
        with source.data() as stream:
            raw = stream.read_all(MOST_BYTES)
        if raw is None:
            raise FileRefused("too_long", most=most)
        text = raw.decode(source.text_encoding, "replace").replace("\0", "")
        lines: list[tuple[int, tuple[str, ...]]] = []
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter)
        for number, cells in enumerate(reader, start=source.data_line):
            row = tuple(tidy(cell) for cell in cells)
            if not any(row):
                continue
            if len(lines) == most:
                raise FileRefused("too_long", most=most)
            lines.append((number, row))
        if not lines:
            raise FileRefused("empty")
        return FileRows(tuple(source.header), lines, source.from_sheet)


def columns_at(columns: tuple[SheetColumn, ...], header: tuple[str, ...]) -> Mapping[str, int]:
    """Where each known column stands in a header, by its name in either language; the first of equals."""
    names = {normal_name(head).lower(): one.name for one in columns for head in (str(one.head), *one.others)}
    at: dict[str, int] = {}
    for position, head in enumerate(header):
        found = names.get(normal_name(head).lower())
        if found is not None:
            at.setdefault(found, position)
    return at


def read_row(
    columns: Iterable[SheetColumn], at: Mapping[str, int], line: int, row: tuple[str, ...]
) -> dict[str, Any] | RefusedRow:
    """The cells of the known columns, or the first that cannot be read."""
    read: dict[str, Any] = {}
    for column in columns:
        if column.name not in at:
            continue
        cell = row[at[column.name]] if at[column.name] < len(row) else ""
        try:
            read[column.name] = column.read(cell)
        except CellRefused as refused:
            return RefusedRow(line, column.head, cell, refused.expected, row, refused.todo)
    return read
