"""Warming compiles what reading needs, so that nothing is left to compile when a real file comes."""

from __future__ import annotations

from pathlib import Path

from laoke.intake.reading.warming import compile_kernels
from tests.reading.exports import csv_text, order, read_all, write


def test_no_kernel_is_compiled_anew_after_warming(tmp_path: Path) -> None:
    compile_kernels()
    from laoke.intake.reading import kernels

    before = len(kernels.read_rows.signatures)
    assert before == 1
    for encoding in ("utf-8", "gb18030"):
        read_all(
            write(tmp_path, csv_text([order(n) for n in range(30)]), encoding=encoding), engine="compiled"
        )
    assert len(kernels.read_rows.signatures) == before
