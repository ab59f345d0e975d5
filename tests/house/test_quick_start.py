"""Importing Laoke stays quick: what costs a second is imported where it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("scipy", "numba", "pandas", "statsmodels", "deltalake", "pyspark", "alibabacloud_dysmsapi20170525")


@pytest.mark.parametrize("entry", ["laoke.config.settings", "laoke.config.cli"])
def test_an_entry_point_loads_nothing_heavy(entry: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, {entry}; print(*sorted(m.split('.')[0] for m in sys.modules))"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert set(said.stdout.split()) & set(HEAVY) == set()
