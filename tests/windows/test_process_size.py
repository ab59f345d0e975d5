"""The memory of the process that reads an Excel book, as Linux and as Windows tell it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from laoke.intake.reading import IntakeRefused, Limits, process_size, sheets

MIB = 1024 * 1024


HANDLE = 2**40  # above 32 bits: a handle must not be cut to an int


def kernel(sizes: tuple[int, int] | None, closed: list[int]) -> SimpleNamespace:
    """The three calls of kernel32 that are used; `sizes` are working set and commit of this process."""

    def opened(access: int, inherit: bool, pid: int) -> int | None:
        assert (access, inherit, opened.restype) == (0x1000, False, ctypes.c_void_p)  # type: ignore[attr-defined]
        return None if sizes is None else HANDLE + pid

    def told(process: Any, counters: Any, size: int) -> int:
        assert size == ctypes.sizeof(counters._obj) == counters._obj.cb
        if process.value != HANDLE + os.getpid():
            return 0
        counters._obj.WorkingSetSize, counters._obj.PagefileUsage = sizes
        return 1

    return SimpleNamespace(
        OpenProcess=opened,
        K32GetProcessMemoryInfo=told,
        CloseHandle=lambda process: closed.append(process.value),
    )


def test_linux_tells_the_size_of_this_process() -> None:
    held = process_size.held_bytes(os.getpid())
    assert held is not None
    assert 10 * MIB < held < 4096 * MIB
    assert process_size.held_bytes(2**30) is None


@pytest.mark.parametrize(("sizes", "held"), [((300, 200), 300), ((200, 3 * 2**32), 3 * 2**32)])
def test_windows_tells_what_is_in_memory_or_committed(
    sizes: tuple[int, int], held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []
    monkeypatch.setattr(process_size, "_kernel", lambda: kernel(sizes, closed))
    assert process_size.held_bytes(os.getpid()) == held
    assert closed == [HANDLE + os.getpid()]


# Named by hand: a number of this process in a test's name differs between the processes of one run.
@pytest.mark.parametrize(
    ("pid", "sizes", "closed"),
    [(os.getpid(), None, []), (1, (1, 1), [HANDLE + 1])],
    ids=["not opened", "not told"],
)
def test_windows_does_not_tell_of_a_process_that_is_gone(
    pid: int, sizes: tuple[int, int] | None, closed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []
    monkeypatch.setattr(process_size, "_kernel", lambda: kernel(sizes, found))
    assert process_size.held_bytes(pid) is None
    assert found == closed


def test_the_counters_are_as_wide_as_windows_has_them() -> None:
    """PROCESS_MEMORY_COUNTERS has 72 bytes in a 64-bit process, the working set at 16, the commit at 56."""
    counters = process_size._Counters
    assert ctypes.sizeof(counters) == 72
    assert (counters.WorkingSetSize.offset, counters.PagefileUsage.offset) == (16, 56)


def test_a_book_that_takes_too_much_memory_is_stopped_whatever_process_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that is weighed is the one that says its number: a launcher before it stays small."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in range(20_000):
        sheet.append([str(row), "1", "2025-10-01", "保温杯" * 4, "上海"])
    book.save(tmp_path / "orders.xlsx")
    weighed: list[int] = []

    def held(pid: int) -> int:
        weighed.append(pid)
        return 600 * MIB

    monkeypatch.setattr(sheets, "held_bytes", held)
    spool = tmp_path / "orders.csv"
    with pytest.raises(IntakeRefused) as caught:
        sheets._run_child(tmp_path / "orders.xlsx", spool, Limits(sheet_memory=500 * MIB))
    assert caught.value.code == "xlsx_too_large"
    assert len(weighed) == 1
    assert weighed[0] != os.getpid()
    assert not spool.with_suffix(".pid").exists()
