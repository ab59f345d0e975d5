"""Imports die at every step and at random moments: readers see the old state or the new one, a re-run completes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.crash.imports_files import summary
from tests.crash.imports_house import House, Seen, house
from tests.ledgers import Ledgers

VISIBLE = ("published", "features")  # from here on the import is there
KILLS, MANY_KILLS = 20, 100


@dataclass
class Peace:
    """The same files taken in by one process in peace, beside the tests: what every disturbed run must come to."""

    home: House
    pid: int = 0
    count: int = 0
    seen: dict[str, list[dict[str, Any]]] | None = None

    def begin(self, kills: int) -> None:
        """Start, when it is known how many kills there will be: two files first, two for every kill, one last."""
        if self.pid:
            return
        files = [self.home.file(), self.home.file()]
        for _ in range(kills):
            files += [killed := self.home.file(), self.home.file(beside=killed)]
        files.append(self.home.file())
        self.count = len(files)
        self.pid = self.home.nursery.fork("take_all", paths=[str(one.path) for one in files])

    def facts(self, count: int) -> dict[str, list[dict[str, Any]]]:
        assert count == self.count
        if self.seen is None:
            assert self.home.nursery.wait(self.pid, 120.0) == 0
            self.seen = self.home.look().facts()
        return self.seen


@pytest.fixture(scope="module")
def peace(_ledgers: Ledgers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peace]:
    folder = tmp_path_factory.mktemp("peace")
    with _ledgers.fresh("sqlite", folder) as url, house(url, folder) as home:
        yield Peace(home)


def test_an_import_killed_at_every_step_and_run_again(ledger_url: str, tmp_path: Path, peace: Peace) -> None:
    _kill_at_every_step(ledger_url, tmp_path, peace, meanwhile=False)


def test_an_import_killed_at_every_step_with_another_in_between(
    ledger_url: str, tmp_path: Path, peace: Peace
) -> None:
    _kill_at_every_step(ledger_url, tmp_path, peace, meanwhile=True)


def _kill_at_every_step(ledger_url: str, folder: Path, peace: Peace, *, meanwhile: bool) -> None:
    with house(ledger_url, folder) as home:
        home.take(home.file())
        steps = home.take(home.file(), features=True).passed
        assert len(steps) == len(set(steps)) >= 18
        peace.begin(len(steps))
        for step, nth in steps:
            _one_kill(home, step, nth, meanwhile=meanwhile)
        last = home.take(home.file(), features=True)
        last.holds(home.taken)
        last.adds_up(home.taken)
        last.has_people_of(home.touched)
        assert last.told["staged"] == []
        assert {run["state"] for run in last.told["imports"]} == {"done"}
        assert last.facts() == peace.facts(len(home.taken))


def _one_kill(home: House, step: str, nth: int, *, meanwhile: bool) -> None:
    killed, features = home.file(), step in VISIBLE
    seen = home.kill(killed, step, nth, features=features)
    before = [*home.taken, killed] if step in VISIBLE else list(home.taken)
    seen.holds(before)
    other = home.file(beside=killed)
    if meanwhile:
        home.take(other).holds([*before, other])
    again = home.take(killed, features=features)
    again.holds([*before, other, killed] if meanwhile else [*before, killed])
    if features:
        _features_are_at_the_facts(again)
    if not meanwhile:
        home.take(other)


def _features_are_at_the_facts(seen: Seen) -> None:
    facts = seen.told["facts"]
    cents = sum(row["paid_cents"] for row in facts["customer_features"])
    assert cents == sum(row["paid_cents"] for row in facts["orders"])


def test_imports_killed_at_random(ledger_url: str, tmp_path: Path) -> None:
    _kill_at_random(ledger_url, tmp_path, kills=KILLS, seed=1)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_imports_killed_a_hundred_times_at_random(ledger_url: str, tmp_path: Path) -> None:
    _kill_at_random(ledger_url, tmp_path, kills=MANY_KILLS, seed=2)


def _kill_at_random(ledger_url: str, folder: Path, *, kills: int, seed: int) -> None:
    """Files come one after the other, each importer may die; a reader beside them only ever sees whole files."""
    chance = random.Random(seed)
    with house(ledger_url, folder) as home, house_reader(home) as seen_path:
        states = [summary(())]
        killed = 0
        while killed < kills:
            one = home.file()
            while killed < kills:
                pid = home.start(one)
                if home.nursery.wait(pid, chance.uniform(0.05, 1.2)) == 0:
                    break  # it was faster: the file is in
                assert home.nursery.kill(pid) in (-9, 0)
                killed += 1
            home.take(one).holds(home.taken)
            states.append(summary(home.taken))
        time.sleep(0.3)
        seen = json.loads(seen_path.read_text(encoding="utf-8"))
        places = [states.index(found) for found in seen]
        assert places == sorted(set(places))
        assert len(places) > len(states) // 2
        last = home.look()
        last.adds_up(home.taken)
        last.has_people_of(home.touched)
        print(f"{kills} kills, {len(home.taken)} files, {len(last.told['imports'])} imports")


@contextmanager
def house_reader(home: House) -> Iterator[Path]:
    """A process that reads all the time; the path of what it saw."""
    path = home.folder / "watched.json"
    pid = home.nursery.fork("watch", path=str(path), seconds=3600.0)
    try:
        yield path
    finally:
        home.nursery.kill(pid)


def test_two_imports_at_once_are_both_complete(ledger_url: str, tmp_path: Path) -> None:
    with house(ledger_url, tmp_path) as home:
        home.take(home.file())
        for _ in range(4):
            first = home.file()
            second = home.file(beside=first)
            pids = [home.start(one) for one in (first, second)]
            assert [home.nursery.wait(pid, 60.0) for pid in pids] == [0, 0]
            home.taken += [first, second]
            seen = home.look()
            seen.holds(home.taken)
            seen.adds_up(home.taken)
            seen.has_people_of(home.taken)


def test_the_same_file_taken_by_two_processes_at_once_counts_once(ledger_url: str, tmp_path: Path) -> None:
    with house(ledger_url, tmp_path) as home:
        home.take(home.file())
        for _ in range(3):
            one = home.file()
            pids = [home.start(one) for _ in range(3)]
            assert [home.nursery.wait(pid, 60.0) for pid in pids] == [0, 0, 0]
            home.taken.append(one)
            seen = home.look()
            seen.holds(home.taken)
            seen.adds_up(home.taken)
            runs = [run for run in seen.told["imports"] if run["file_name"] == one.path.name]
            accepted = sum(run["counts"]["accepted"] for run in runs)
            assert accepted == max(run["counts"]["accepted"] for run in runs) > 0
