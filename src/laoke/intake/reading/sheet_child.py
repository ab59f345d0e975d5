"""`python sheet_child.py BOOK OUT`: write the first sheet that holds data as UTF-8 CSV.

Runs as a process of its own, so that a hostile book can be stopped without harm to the reader. One sheet row is
one line of OUT. The last line on stdout is a JSON object with `rows` and `sheet`, or `refused` and its code.

The file OUT.pid says which process this is: in a virtual environment on Windows the one that was started is only a
launcher, and weighing that one would tell nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

_LARGEST_EXACT = 10**15


def cell_text(value: Any) -> str:
    """The cell as an export would write it. Numbers of 16 digits and more were damaged by Excel and show it."""
    if isinstance(value, str):
        return " ".join(value.splitlines()) if "\n" in value or "\r" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, dt.datetime):
        return (value + dt.timedelta(milliseconds=500)).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dt.date):
        return value.isoformat()
    return "" if value is None else str(value)


def _number_text(value: int | float) -> str:
    if abs(value) >= _LARGEST_EXACT:
        return f"{value:.5E}"
    if float(value).is_integer():
        return str(int(value))
    # binary noise (0.30000000000000004) ends at the 9th decimal, day fractions need six
    return f"{value:.9f}".rstrip("0").rstrip(".")


def sheet_rows(book: Any) -> tuple[str, list[list[Any]]]:
    """Name and rows of the first sheet that is a table (two rows of two cells at least), else of the first."""
    first: tuple[str, list[list[Any]]] | None = None
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        if len(rows) >= 2 and len(rows[0]) >= 2:
            return name, rows
        first = first or (name, rows)
    return first or ("", [])


def pid_file(out_path: Path) -> Path:
    """Where the child says its number."""
    return out_path.with_suffix(".pid")


def main(arguments: list[str]) -> int:
    from python_calamine import CalamineError, CalamineWorkbook

    book_path, out_path = (Path(argument) for argument in arguments)
    pid_file(out_path).write_text(str(os.getpid()), encoding="ascii")
    answer: dict[str, Any]
    try:
        book = CalamineWorkbook.from_path(str(book_path))
        name, rows = sheet_rows(book)
        with out_path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            for row in rows:
                writer.writerow([cell_text(value) for value in row])
        answer = {"rows": len(rows), "sheet": name}
    except CalamineError as error:
        answer = {"refused": "file_encrypted" if "assword" in str(error) else "sheet_unreadable"}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
