"""What a command sets so that it, and what it starts, give back the memory they no longer need."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from laoke.config.cli import give_memory_back

NAMES = ("ARROW_DEFAULT_MEMORY_POOL", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_")
SAY_POOL = "import pyarrow; print(pyarrow.default_memory_pool().backend_name)"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is unset again afterwards
        monkeypatch.delenv(name)


def pool_of_a_process() -> str:
    return subprocess.run(
        [sys.executable, "-c", SAY_POOL], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_arrow_takes_its_memory_from_the_system() -> None:
    assert pool_of_a_process() != "system"

    give_memory_back()

    assert pool_of_a_process() == "system"
    assert os.environ["MALLOC_ARENA_MAX"] == "2"
    assert os.environ["MALLOC_MMAP_THRESHOLD_"] == "4194304"


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "mimalloc")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "8")
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "65536")

    give_memory_back()

    assert [os.environ[name] for name in NAMES] == ["mimalloc", "8", "65536"]
