"""Small tables that people bring to a campaign: price sheets, competitors' prices, reports of the back office.

FileRefused   a file that is not what was asked for; its codes are those of the module that reads it, besides `empty`
              and `too_long`. What is no table at all is an IntakeRefused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.functional import Promise

from laoke.intake.reading.cells import tidy
from laoke.intake.reading.opening import open_source
from laoke.intake.reading.refusals import MIB

MOST_LINES = 5_000
MOST_BYTES = 16 * MIB


class FileRefused(Exception):
    """A file that cannot be used; `code` says why, `params` what was found."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


@dataclass(frozen=True)
class RefusedRow:
    """A row that changes nothing: its line, the column, what stands there, what was expected, and the row as it is."""

    line: int
    column: Promise | str
    found: str
    expected: Promise | str
    row: tuple[str, ...]


@dataclass(frozen=True)
class FileRows:
    """The header and the rows below it that hold anything, each with its line. `from_sheet`: an Excel file."""

    header: tuple[str, ...]
    lines: list[tuple[int, tuple[str, ...]]]
    from_sheet: bool = False


def rows_of(path: Path, known: Iterable[str]) -> FileRows:
    """A CSV or Excel file, cell by cell. `known` are names that tell its header.

    Raises
    ------
    FileRefused, IntakeRefused
    """
    mapping = {f"column-{n}": head for n, head in enumerate(sorted(known))}
    with open_source(path, mapping=mapping) as source:
        with source.data() as stream:
            raw = stream.read_all(MOST_BYTES)
        if raw is None:
            raise FileRefused("too_long", most=MOST_LINES)
        text = raw.decode(source.text_encoding, "replace").replace("\0", "")
        lines: list[tuple[int, tuple[str, ...]]] = []
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter)
        for number, cells in enumerate(reader, start=source.data_line):
            row = tuple(tidy(cell) for cell in cells)
            if not any(row):
                continue
            if len(lines) == MOST_LINES:
                raise FileRefused("too_long", most=MOST_LINES)
            lines.append((number, row))
        if not lines:
            raise FileRefused("empty")
        return FileRows(tuple(source.header), lines, source.from_sheet)
