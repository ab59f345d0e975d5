"""A batch as a file of the same facts, so that one reader, one quarantine and one import hold for both.

Each row stands on the line that its place in the batch gives it; a row that is refused before leaves its line blank.
The first column is the row's place, which plays no role: no row can be taken for a total or a remark.
"""

from __future__ import annotations

import csv
import io
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from laoke.intake.reading.batches import QuarantinedRow
from laoke.intake.reading.opening import open_source
from laoke.intake.reading.reading import choose_layout, read_batches
from laoke.intake.reading.refusals import IntakeRefused
from laoke.intake.reading.roles import Grain
from laoke.intake.sent.bodies import Body
from laoke.intake.sent.fields import MOST_LINES, SentKind, parts_of
from laoke.intake.sent.rows import (
    HIDDEN,
    Cells,
    CheckedRow,
    RowError,
    checked_rows,
    errors_of,
    quoted,
    raw_of,
)

PLACE_COLUMN = "row"
# An order that its status calls paid is paid, also where the batch tells no time of payment.
ROW_RULES = {"paid_told_by": "status"}
_HEADER_LINES = 1


@dataclass
class Sheet:
    """A batch as the text of a file, with what its reader must know and the rows that are not in it."""

    kind: SentKind
    grain: Grain
    roles: tuple[str, ...]
    text: str
    rows: list[CheckedRow]
    refused: list[QuarantinedRow]
    places: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def mapping(self) -> dict[str, str]:
        """Role → header, as for a file whose columns were explained."""
        return {role: role for role in self.roles}

    @property
    def is_empty(self) -> bool:
        """Whether no row is left to read."""
        return not self.places


def sheet_of(kind: SentKind, body: Body) -> Sheet:
    """The file that a batch becomes; the same batch always becomes the same file."""
    rows = checked_rows(kind, body.rows)
    _limit_lines(rows)
    good = [row for row in rows if not row.errors]
    with_lines = any(row.lines is not None for row in good)
    grain: Grain = "line" if with_lines else kind.grain
    told = {role for row in good for cells in (row.cells, *(row.lines or ())) for role in cells}
    roles = tuple(dict.fromkeys(one.role for _, one in parts_of(kind) if one.role in told))
    sheet = Sheet(kind, grain, roles, "", rows, [])
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([PLACE_COLUMN, *roles])
    line = _HEADER_LINES + 1
    for row in rows:
        if row.errors:
            sheet.refused.append(_refused(row, line))
            out.write("\n")
            line += 1
            continue
        for number, cells in enumerate(_records(row)):
            writer.writerow([row.index, *(cells.get(role, "") for role in roles)])
            sheet.places[line] = (row.index, number)
            line += 1
    sheet.text = out.getvalue()
    return sheet


def _records(row: CheckedRow) -> list[Cells]:
    """An order's own cells stand on its first line; the others name the order alone."""
    if row.lines is None:
        return [row.cells]
    first, *others = row.lines
    return [row.cells | first, *({"order_id": row.cells["order_id"]} | line for line in others)]


def _limit_lines(rows: list[CheckedRow]) -> None:
    """Rows beyond the most lines of a batch are refused, not the batch."""
    lines = 0
    for row in rows:
        lines += len(row.lines or ())
        if lines > MOST_LINES and not row.errors:
            row.errors.append(RowError(row.index, "lines", "batch_lines", {"most": MOST_LINES}))


def _refused(row: CheckedRow, line: int) -> QuarantinedRow:
    """A row that is in no file, as a row put aside: one cell with the JSON it came as."""
    first, raw = row.errors[0], raw_of(row.given).replace('"', '""')
    return QuarantinedRow(line, first.code, first.params, 0, f'"{raw}"', money_readable=False)


@contextmanager
def written(sheet: Sheet, staging: Path) -> Iterator[Path]:
    """The file in a private folder, deleted when the block ends."""
    folder = staging / f"upload-sent-{secrets.token_hex(8)}"
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    path = folder / "file.csv"
    try:
        path.write_text(sheet.text, encoding="utf-8-sig", newline="")
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def all_errors(sheet: Sheet, staging: Path, zone: str, latest: datetime) -> list[RowError]:
    """What is wrong with each row: found here, and found by the reader of files, which has the last word.

    After `latest` nothing can have happened.
    """
    found = list(errors_of(sheet.rows))
    if not sheet.is_empty:
        with written(sheet, staging) as path:
            found += _read_errors(sheet, path, zone, latest)
    return sorted(found, key=lambda one: one.index)


def _read_errors(sheet: Sheet, path: Path, zone: str, latest: datetime) -> Iterator[RowError]:
    """Of an order that is put aside with several lines the line that is to blame tells why."""
    with open_source(path, mapping=sheet.mapping) as source:
        layout = choose_layout(source, sheet.mapping, grain=sheet.grain, zone=zone, rows=ROW_RULES)
        reading = read_batches(source, layout, file_name="", latest=latest, engine="plain")
        aside = sorted(
            (row for batch in reading for row in batch.quarantined),
            key=lambda row: (row.reason_code == "order_row_bad", row.line),
        )
    if reading.summary.ignored:
        raise IntakeRefused("no_data_rows", line=_HEADER_LINES)
    told: set[int] = set()
    for row in aside:
        index, number = sheet.places[row.line]
        if index not in told:
            told.add(index)
            yield _as_told(sheet, row, index, number)


def _as_told(sheet: Sheet, row: QuarantinedRow, index: int, number: int) -> RowError:
    """A reason of the reader, which names the column of the file, with the field and the value of the batch."""
    role = str(row.params.get("column", ""))
    path, personal = next(
        ((path, one.personal) for path, one in parts_of(sheet.kind) if one.role == role), (role, False)
    )
    params = {**row.params, "column": path.replace("[]", f"[{number}]")}
    if "found" in params:
        params["found"] = HIDDEN if personal else quoted(_value_at(sheet.rows[index].given, params["column"]))
    return RowError(index, params["column"] if role else "", row.reason_code, params)


def _value_at(given: object, path: str) -> object:
    """The value at a path as errors name it; the row itself where there is none."""
    for part in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(given, dict) and part in given:
            given = given[part]
        elif isinstance(given, list) and part.isdigit() and int(part) < len(given):
            given = given[int(part)]
        else:
            return ""
    return given
