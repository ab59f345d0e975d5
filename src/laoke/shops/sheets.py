"""The one writer of lists that leave the house: Excel and CSV that are safe to open, whatever a nick says.

In a workbook every text is written as text: no formulas, no links, no numbers made of ids. In CSV a cell that a
spreadsheet would run gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from laoke.shops.open_files import swap

MAX_ROWS = 1_048_575  # a worksheet's rows less its header
# The full-width signs run too where Excel speaks Chinese or Japanese.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WIDEST = 40


@dataclass(frozen=True)
class WrittenSheet:
    """A written file: where, how many rows below the header, and its SHA-256."""

    path: Path
    rows: int
    sha256: str


def safe_cell(value: object) -> object:
    """A CSV cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_RUNS):
        return f"'{value}"
    return value


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> WrittenSheet:
    """A CSV in UTF-8 with the mark by which Excel knows it; the file appears whole or not at all."""
    count = 0
    part = _part(path)
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([safe_cell(name) for name in header])
        for row in rows:
            writer.writerow([safe_cell(_text_of(cell)) for cell in row])
            count += 1
    return _finished(part, path, count)


def write_xlsx(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, sheet: str = "名单"
) -> WrittenSheet:
    """A workbook of one sheet: texts as texts, ints and floats as numbers, dates as dates.

    Raises
    ------
    ValueError
        for more rows than a worksheet holds; split the list before.
    """
    [count] = _write_pages(path, [(sheet, header, rows)])
    return _finished(_part(path), path, count)


def write_book(
    path: Path, pages: Sequence[tuple[str, Sequence[str], Iterable[Sequence[object]]]]
) -> WrittenSheet:
    """A workbook of several sheets, (name, header, rows) each; `rows` of the result are those of all sheets.

    Raises
    ------
    ValueError
        for more rows than a worksheet holds.
    """
    return _finished(_part(path), path, sum(_write_pages(path, pages)))


def _write_pages(
    path: Path, pages: Sequence[tuple[str, Sequence[str], Iterable[Sequence[object]]]]
) -> list[int]:
    import xlsxwriter

    book, counts = xlsxwriter.Workbook(str(_part(path)), _SAFE), []
    try:
        bold = book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, header, rows in pages:
            counts.append(_write_page(book.add_worksheet(name[:31]), header, rows, bold, moment))
    finally:
        book.close()
    return counts


def _write_page(
    page: Any, header: Sequence[str], rows: Iterable[Sequence[object]], bold: Any, moment: Any
) -> int:
    count = 0
    for column, name in enumerate(header):
        page.write_string(0, column, name, bold)
        page.set_column(column, column, min(_WIDEST, 2 + 2 * len(name)))
    page.freeze_panes(1, 0)
    for row in rows:
        count += 1
        if count > MAX_ROWS:
            raise ValueError(f"a sheet holds {MAX_ROWS} rows; split the list")
        for column, cell in enumerate(row):
            _write_cell(page, count, column, cell, moment)
    return count


_SAFE = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": True,
}


def _write_cell(page: Any, row: int, column: int, cell: object, moment: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, datetime | date):
        page.write_datetime(row, column, cell, moment)
    elif isinstance(cell, bool) or not isinstance(cell, int | float):
        page.write_string(row, column, str(cell)[:32_767])
    elif isinstance(cell, int) and abs(cell) > 10**15:
        # Excel keeps 15 digits: a longer number is an id and must stay whole.
        page.write_string(row, column, str(cell))
    else:
        page.write_number(row, column, cell)


def _text_of(cell: object) -> object:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return cell


def _part(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + ".part")


def _finished(part: Path, path: Path, rows: int) -> WrittenSheet:
    digest = hashlib.sha256(part.read_bytes()).hexdigest()
    swap(part, path)
    return WrittenSheet(path, rows, digest)
