"""Passing files of a run lie in memory where there is plenty of it, and are gone afterwards."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import ground
import pytest


def _memory(tmp_path: Path, available_kb: int) -> Path:
    told = tmp_path / "meminfo"
    told.write_text(f"MemTotal:       25000000 kB\nMemAvailable:   {available_kb} kB\n", encoding="ascii")
    return told


@pytest.mark.parametrize(("available_kb", "room"), [(5 * 1024**2, False), (6 * 1024**2, True)])
def test_six_gigabytes_have_to_be_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, available_kb: int, room: bool
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 100 * 1024**3}))
    assert ground.has_room(tmp_path, _memory(tmp_path, available_kb)) is room


def test_a_small_folder_in_memory_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 64 * 1024**2}))
    assert not ground.has_room(tmp_path, _memory(tmp_path, 20 * 1024**2))


def test_a_machine_that_tells_nothing_has_no_room(tmp_path: Path) -> None:
    assert not ground.has_room(tmp_path, tmp_path / "meminfo")
    assert not ground.has_room(tmp_path / "shm", _memory(tmp_path, 20 * 1024**2))


def test_passing_files_of_children_go_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with ground.passing_files(memory=tmp_path / "none") as folder:
        assert folder.parent == tmp_path
        assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(folder)
        assert folder.stat().st_mode & 0o777 == 0o755
        (folder / "left").write_text("over", encoding="utf-8")
    assert not folder.exists()
    assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(tmp_path)


def test_modules_are_compiled_once_even_where_the_machine_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    ground.keep_compiled()

    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    assert not sys.dont_write_bytecode
