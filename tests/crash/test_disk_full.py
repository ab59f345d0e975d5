"""A disk that fills up at any byte: what was taken in stays as it was, and goes on when there is room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.imports_house import House, business, house
from tests.crash.test_import_kills import Recorder
from tests.ledgers import Ledgers

KIB = 1024
SIZE = 64 * 1024 * KIB
LEVELS = (0, 12, 48)
MANY_LEVELS = range(0, 400, 4)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB of its own; skipped where nobody may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "laoke-test", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs the right to do so")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(disk: Path, free_kib: int) -> Path:
    """Leave so many KiB of the disk; the file that takes the rest."""
    filler = disk / "filler"
    stat = os.statvfs(disk)
    size = max(0, stat.f_bavail * stat.f_frsize - free_kib * KIB)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    return filler


def _facts(home: House) -> object:
    return business(home.look().told["facts"])


def _try_at_every_level(home: House, disk: Path, levels: object) -> dict[str, int]:
    """With ever more room: an import and the upkeep, each either done or of no effect, then again with all the room."""
    home.take(home.file(), features=True)
    told = {"imports that failed": 0, "imports that fitted": 0, "upkeeps that failed": 0}
    for free in levels:  # type: ignore[attr-defined]
        one = home.file()
        filler = _fill(disk, free)
        pid = home.nursery.fork("take", path=str(one.path))
        status = home.nursery.wait(pid, 120.0)
        assert status is not None
        told["imports that fitted" if status == 0 else "imports that failed"] += 1
        filler.unlink()
        if status:
            home.look().holds(home.taken)
        home.take(one, features=True).holds(home.taken)

        before = _facts(home)
        filler = _fill(disk, free)
        told["upkeeps that failed"] += home.nursery.run("keep_up") != 0
        filler.unlink()
        assert _facts(home) == before
    assert home.nursery.run("keep_up") == 0
    last = home.look()
    last.holds(home.taken)
    last.adds_up(home.taken)
    return told


def test_a_disk_that_is_full_changes_nothing_and_the_next_try_completes(
    ledger_url: str, small_disk: Path
) -> None:
    with house(ledger_url, small_disk) as home:
        told = _try_at_every_level(home, small_disk, LEVELS)
    assert told["imports that failed"] > 0


def test_the_ledger_may_lie_on_the_full_disk_too(_ledgers: Ledgers, small_disk: Path) -> None:
    with _ledgers.fresh("sqlite", small_disk) as url, house(url, small_disk) as home:
        told = _try_at_every_level(home, small_disk, LEVELS)
    assert told["imports that failed"] > 0


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_disk_that_fills_up_at_a_hundred_levels(
    ledger_url: str, small_disk: Path, record_property: Recorder
) -> None:
    with house(ledger_url, small_disk) as home:
        told = _try_at_every_level(home, small_disk, MANY_LEVELS)
    assert told["imports that failed"] > 10
    for name, value in {"database": ledger_url.partition(":")[0], **told}.items():
        record_property(name, value)
