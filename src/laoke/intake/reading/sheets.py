"""Excel books: weighed before they are opened, then read by a child process into a CSV beside.

The weighing unpacks every part of the zip and counts what really comes out, because the sizes a zip declares
may lie. The child is stopped when it takes too long or too much memory.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from laoke.intake.reading import sheet_child
from laoke.intake.reading.filetypes import FileKind
from laoke.intake.reading.process_size import held_bytes
from laoke.intake.reading.refusals import KIB, MIB, IntakeRefused, Limits
from laoke.shops.open_files import let_go

# A formula whose result was never written down: what scripts leave, and what a reader would take for an empty cell.
_NO_RESULT = (
    b"</f></c>",
    b"</f><v></v>",
    b"</f><v/>",
    b"</f><v />",
    b"/><v></v>",
    b"/><v/>",
    b"/><v />",
    b'"/></c>',
)
# No part runs over the next `<`: cells that never close would each be read to the end of the block.
_FORMULA = re.compile(
    rb'<c r="([A-Z]{1,3}[0-9]{1,7})"(?![^<>]*t="str")[^<>]*>'
    rb"<f(?:[^<>]*/>|[^<>]*>[^<]*</f>)(?:<v></v>|<v ?/>)?</c>"
)
_LONGEST_FORMULA = 16 * KIB


def weigh_book(path: Path, limits: Limits) -> None:
    """Refuse a zip that unpacks to more than the limits allow, or that is damaged or cut off, or whose formulas have
    no results."""
    allowed = min(limits.sheet_bytes, max(limits.sheet_ratio * path.stat().st_size, 16 * MIB))
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > allowed:
                raise IntakeRefused("xlsx_too_large", limit=limits.sheet_bytes)
            for part in archive.infolist():
                is_sheet, before = part.filename.startswith("xl/worksheets/"), b""
                with archive.open(part) as stream:
                    while block := stream.read(MIB):
                        unpacked += len(block)
                        if unpacked > allowed:
                            raise IntakeRefused("xlsx_too_large", limit=limits.sheet_bytes)
                        if is_sheet:
                            refuse_formulas_without_results(before + block)
                            before = block[-_LONGEST_FORMULA:]
    except RuntimeError as error:
        raise IntakeRefused("file_encrypted") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise IntakeRefused("file_truncated", kind="xlsx") from error


def refuse_formulas_without_results(xml: bytes) -> None:
    """Refuse a sheet with a formula that has no result: its cell would be read as empty, an amount as none."""
    if any(mark in xml for mark in _NO_RESULT) and (found := _FORMULA.search(xml)):
        raise IntakeRefused("formula_without_result", cell=found[1].decode("ascii"))


def sheet_to_csv(path: Path, kind: FileKind, limits: Limits) -> Path:
    """The first sheet with data as a UTF-8 CSV in the system's temporary folder; the caller deletes it."""
    if kind == "xlsx":
        weigh_book(path, limits)
    handle = tempfile.NamedTemporaryFile(prefix="laoke-sheet-", suffix=".csv", delete=False)  # noqa: SIM115
    handle.close()
    spool = Path(handle.name)
    try:
        with _rightly_named(path, kind, spool) as book:
            answer = _run_child(book, spool, limits)
        if "refused" in answer:
            raise IntakeRefused(str(answer["refused"]))
        if not answer["rows"]:
            raise IntakeRefused("empty_file")
    except BaseException:
        let_go(spool)
        raise
    return spool


@contextmanager
def _rightly_named(path: Path, kind: FileKind, spool: Path) -> Iterator[Path]:
    """The book under a name of its kind, since the reader goes by the name: shops rename .xls to .xlsx and back."""
    if path.suffix.lower() == f".{kind}":
        yield path
        return
    copy = spool.with_suffix(f".{kind}")
    try:
        shutil.copyfile(path, copy)
        yield copy
    finally:
        let_go(copy)


def _run_child(path: Path, spool: Path, limits: Limits) -> dict[str, object]:
    # By its file: by its name it would load all of reading, which takes longer than most books.
    command = [sys.executable, "-P", sheet_child.__file__, str(path), str(spool)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    deadline, number = time.monotonic() + limits.sheet_seconds, sheet_child.pid_file(spool)
    try:
        while True:
            try:
                output, _ = child.communicate(timeout=0.05)
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise IntakeRefused("sheet_too_slow", seconds=limits.sheet_seconds) from None
                if _held_by(number) > limits.sheet_memory:
                    raise IntakeRefused("xlsx_too_large", limit=limits.sheet_bytes) from None
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
        let_go(number)
    lines = output.decode("utf-8", "replace").splitlines()
    if child.returncode or not lines:
        raise IntakeRefused("sheet_unreadable")
    answer: dict[str, object] = json.loads(lines[-1])
    return answer


def _held_by(number: Path) -> int:
    """Memory of the child that wrote its number there; 0 before it did."""
    try:
        return held_bytes(int(number.read_text(encoding="ascii"))) or 0
    except (OSError, ValueError):
        return 0
