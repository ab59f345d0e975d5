"""Warming compiles what reading needs, so that nothing is left to compile when a real file comes."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from laoke.intake.reading.refusals import DEFAULT_LIMITS
from laoke.intake.reading.warming import compile_kernels, load_kernels, load_kernels_for
from tests.reading.exports import csv_text, order, read_all, write


def test_no_kernel_is_compiled_anew_after_warming(tmp_path: Path) -> None:
    load_kernels()
    compile_kernels()
    from laoke.intake.reading import kernels

    before = len(kernels.read_rows.signatures)
    assert before == 1
    for encoding in ("utf-8", "gb18030"):
        read_all(
            write(tmp_path, csv_text([order(n) for n in range(30)]), encoding=encoding), engine="compiled"
        )
    assert len(kernels.read_rows.signatures) == before


def test_the_kernels_are_loaded_ahead_for_a_large_file_alone(tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_bytes(b"1")
    large.write_bytes(b"1" * (DEFAULT_LIMITS.plain_bytes + 1))

    def loading() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "laoke-kernels"]

    def ended() -> None:
        for thread in loading():
            thread.join(120)

    ended()  # what an import before this test began
    load_kernels_for(small)
    assert loading() == []
    load_kernels_for(large)
    ended()
    from laoke.intake.reading import kernels

    assert len(kernels.read_rows.signatures) == 1


def test_the_kernels_come_without_linear_algebra_and_what_needs_it_still_finds_it() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    assert told.split() == ["False", "[1.0,", "3.0]"]


_LOADED = """
import sys
from laoke.intake.reading.warming import load_kernels
load_kernels()
print("scipy.linalg" in sys.modules)
import numba, numpy
print(numba.njit(lambda a: numpy.linalg.eigh(a)[0])(numpy.array([[2.0, 1.0], [1.0, 2.0]])).round(9).tolist())
"""
