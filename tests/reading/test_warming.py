"""Warming compiles what reading needs, so that nothing is left to compile when a real file comes."""

from __future__ import annotations

from pathlib import Path

from laoke.intake.reading.warming import compile_kernels
from tests.reading.exports import csv_text, order, read_all, write

KERNELS = (
    "scan_records", "tidy_cells", "parse_decimals", "parse_times", "id_states", "distinct_cells", "head_ends",
    "copy_text", "decode_text",
)  # fmt: skip


def test_no_kernel_is_compiled_anew_after_warming(tmp_path: Path) -> None:
    compile_kernels()
    from laoke.intake.reading import kernels

    before = {name: len(getattr(kernels, name).signatures) for name in KERNELS}
    assert min(before.values()) >= 1
    for encoding in ("utf-8", "gb18030"):
        read_all(
            write(tmp_path, csv_text([order(n) for n in range(30)]), encoding=encoding), engine="compiled"
        )
    assert {name: len(getattr(kernels, name).signatures) for name in KERNELS} == before
