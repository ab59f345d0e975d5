"""Tables are joined, checkpointed and swept by a process that may die anywhere; nothing of the facts changes."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.crash.imports_house import KILLED, House, business, house
from tests.crash.test_import_kills import Recorder

KILLS, MANY_KILLS = 6, 100
LATER = 4 * 24 * 3600.0  # seconds: by then nothing but the newest entries keeps a file


def _facts(home: House) -> object:
    return business(home.look().told["facts"])


def _keep_up(home: House, **arguments: object) -> int:
    return home.nursery.run("keep_up", wall=time.time() + LATER, **arguments)


def test_upkeep_killed_at_every_step_changes_no_fact(ledger_url: str, tmp_path: Path) -> None:
    with house(ledger_url, tmp_path) as home:
        for _ in range(5):
            home.take(home.file(), features=True)
        before = _facts(home)
        for step in ("compacted", "published", "checkpointed", "swept", "trimmed"):
            for nth in (1, 2) if step != "published" else (1,):
                assert _keep_up(home, die_at=step, nth=nth) in (0, KILLED)
                assert _facts(home) == before, (step, nth)
            one = home.file()
            home.take(one, features=True).holds(home.taken)
            before = _facts(home)
        assert _keep_up(home, seen=str(home.seen_path)) == 0
        assert _facts(home) == before
        home.look().adds_up(home.taken)


def test_upkeep_killed_at_random(ledger_url: str, tmp_path: Path, record_property: Recorder) -> None:
    _kill_at_random(ledger_url, tmp_path, record_property, kills=KILLS, seed=3)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_upkeep_killed_a_hundred_times_at_random(
    ledger_url: str, tmp_path: Path, record_property: Recorder
) -> None:
    _kill_at_random(ledger_url, tmp_path, record_property, kills=MANY_KILLS, seed=4)


def _kill_at_random(ledger_url: str, folder: Path, record: Recorder, *, kills: int, seed: int) -> None:
    """Between kills files come in, so that there is always something to join and to sweep."""
    chance = random.Random(seed)
    with house(ledger_url, folder) as home:
        for _ in range(4):
            home.take(home.file())
        began = time.monotonic()
        assert _keep_up(home) == 0
        usual, killed, whole = time.monotonic() - began, 0, 0
        while killed < kills:
            home.take(home.file(), features=killed % 3 == 0).holds(home.taken)
            before = _facts(home)
            pid = home.nursery.fork("keep_up", wall=time.time() + LATER)
            if home.nursery.wait(pid, chance.uniform(0.02, 1.3) * usual) == 0:
                whole += 1
            else:
                assert home.nursery.kill(pid) in (-9, 0)
                killed += 1
            assert _facts(home) == before
        assert _keep_up(home) == 0
        home.look().holds(home.taken)
        for name, value in {
            "database": ledger_url.partition(":")[0], "kills": killed, "ran through": whole, "files": len(home.taken),
        }.items():  # fmt: skip
            record(name, value)
