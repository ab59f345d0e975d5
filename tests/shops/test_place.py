"""A folder that tables cannot lie in is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from laoke.config.cli import app


@pytest.mark.parametrize("words", [["init"], ["doctor"], ["restore", "--finish"]], ids=" ".join)
def test_a_home_whose_name_reads_as_an_address_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    home = tmp_path / "店%41" / "数据"
    monkeypatch.setenv("LAOKE_HOME", str(home))
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert (
        "“%41”" in done.stderr and str(home) in done.stderr and "换一个名字里没有 % 的文件夹" in done.stderr
    )
    assert not home.exists()
