"""Backups and restores die at every step and at random moments: no half file, the old state or the new one, a re-run
completes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.backup_house import Kept, Template, kept, template
from tests.ledgers import Ledgers

KILLS, MANY_KILLS = 6, 100
DECIDED = ("decided", "ledger_swapped", "folder_swapped")
Recorder = Callable[[str, object], None]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def made(
    request: pytest.FixtureRequest, _ledgers: Ledgers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Template]:
    with template(_ledgers, request.param, tmp_path_factory.mktemp("made")) as shop:
        yield shop


@pytest.fixture
def house(made: Template, _ledgers: Ledgers, tmp_path: Path) -> Iterator[Kept]:
    folder = tmp_path / "kept"
    folder.mkdir()
    with kept(_ledgers, made, folder) as copy:
        yield copy


def test_a_backup_killed_at_every_step_leaves_no_half_file(house: Kept, tmp_path: Path) -> None:
    target = tmp_path / "shop.backup"
    passed = house.do("back_up", target=str(target))["passed"]
    assert list(passed) == ["moment", "ledger", "file", "finished", "written", "in_place"]
    before = house.look()
    target.unlink()
    for step in passed:
        house.die("back_up", step, target=str(target))
        assert target.exists() == (step == "in_place")
        assert house.look() == before
        target.unlink(missing_ok=True)
    house.do("back_up", target=str(target))
    assert house.passing_files(tmp_path) == []
    house.do("restore", source=str(target), replace=True)
    assert house.look()["warehouse"] == before["warehouse"]


def test_a_restore_killed_at_every_step_is_the_old_state_or_the_new(house: Kept, tmp_path: Path) -> None:
    target = tmp_path / "shop.backup"
    house.do("back_up", target=str(target))
    then = house.look()
    house.import_one()
    now = house.look()
    assert now["warehouse"] != then["warehouse"]
    for step in ("member", "unpacked", "revived"):
        house.die("restore", step, source=str(target), replace=True)
        assert not (house.place.home / "restore.json").exists()
        assert house.look() == now
    for step in DECIDED:
        house.die("restore", step, source=str(target), replace=True)
        assert (house.place.home / "restore.json").exists()
        told = house.do("finish")
        assert told["shops"] == ["书店"]
        found = house.look()
        assert (found["warehouse"], found["ledger"], found["lists"]) == (
            then["warehouse"], then["ledger"], then["lists"],
        )  # fmt: skip
        assert house.passing_files() == []
    house.die("restore", "folder_swapped", nth=2, source=str(target), replace=True)
    house.do("restore", source=str(target))  # the same command again does the rest, and begins anew
    assert house.look()["warehouse"] == then["warehouse"]
    assert house.nursery.run("audit_is_whole") == 0
    assert house.passing_files() == []


def test_the_process_that_revives_a_home_ends_with_the_restore_that_began_it(tmp_path: Path) -> None:
    order = tmp_path / "reviving.json"
    os.mkfifo(order)  # nobody writes: it would wait for its order for ever
    child = subprocess.Popen(
        [sys.executable, "-m", "laoke.config.backups.reviving", str(order), str(tmp_path / "revived.json")],
        env={**os.environ, "LAOKE_HOME": str(tmp_path)}, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with child:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1.0)
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(30.0) == 1


def test_backups_and_restores_killed_at_random(
    house: Kept, tmp_path: Path, record_property: Recorder
) -> None:
    _kill_at_random(house, tmp_path, record_property, kills=KILLS, seed=1)


@pytest.mark.prove
@pytest.mark.timeout(7200)
def test_backups_and_restores_killed_a_hundred_times_at_random(
    house: Kept, tmp_path: Path, record_property: Recorder
) -> None:
    _kill_at_random(house, tmp_path, record_property, kills=MANY_KILLS, seed=2)


def _kill_at_random(house: Kept, folder: Path, record: Recorder, *, kills: int, seed: int) -> None:
    """By turns a backup and a restore; each may die within the time it usually takes, or come to its end."""
    chance = random.Random(seed)
    good, fresh = folder / "good.backup", folder / "fresh.backup"
    usual = {}
    for task, arguments in (
        ("back_up", {"target": str(good)}),
        ("restore", {"source": str(good), "replace": True}),
    ):
        began = time.monotonic()
        house.do(task, **arguments)
        usual[task] = time.monotonic() - began
    wanted = house.look()
    ends = {"killed": 0, "ended": 0, "finished": 0}
    while ends["killed"] < kills:
        fresh.unlink(missing_ok=True)
        ends[_one(house, "back_up", chance.uniform(0, usual["back_up"]), target=str(fresh))] += 1
        if fresh.exists():  # a file under its name is whole
            good.unlink()
            fresh.rename(good)
        ends[_one(house, "restore", chance.uniform(0, usual["restore"]), source=str(good), replace=True)] += 1
        if (house.place.home / "restore.json").exists():
            house.do("finish")
            ends["finished"] += 1
        found = house.look()
        assert found["warehouse"] == wanted["warehouse"]
        assert found["lists"] == wanted["lists"]
        assert found["ledger"] == wanted["ledger"]
    assert house.nursery.run("audit_is_whole") == 0
    fresh.unlink(missing_ok=True)
    house.do("back_up", target=str(fresh))
    house.do("restore", source=str(fresh), replace=True)
    assert house.passing_files(folder) == []  # who comes to the end clears away what the killed have left
    for name, value in {"database": house.url.partition(":")[0], **ends}.items():
        record(name, value)


def _one(house: Kept, task: str, after: float, **arguments: Any) -> str:
    pid = house.nursery.fork(task, **arguments)
    status = house.nursery.wait(pid, after)
    if status is not None:
        assert status == 0
        return "ended"
    os.kill(pid, signal.SIGKILL)
    house.nursery.wait(pid, 10.0)
    return "killed"
