"""Imports die at every step and at random moments: readers see the old state or the new one, a re-run completes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from laoke.warehouse.engine import FAKE_FLAGS
from tests.crash.imports_files import summary
from tests.crash.imports_house import House, Seen, house
from tests.ledgers import Ledgers

# The facts after so many files, taken in in peace.
Undisturbed = Callable[[int], dict[str, list[dict[str, Any]]]]
VISIBLE = ("published", "features")  # from here on the import is there
# A step that leaves commits which no catalog entry names, or an import whose end nobody has heard of.
LEAVES_SOMETHING = ("table_committed", "wrote_", "before_publish", *VISIBLE)
KILLS, MANY_KILLS = 20, 100
Recorder = Callable[[str, object], None]


def test_an_import_killed_at_every_step_while_another_goes_on(ledger_url: str, tmp_path: Path) -> None:
    with house(ledger_url, tmp_path) as home:
        for step, nth in _steps(home):
            _one_kill(home, step, nth, meanwhile=True)
        _is_in_order(home, home.take(home.file(), features=True))


def test_an_import_killed_after_a_commit_and_run_again_at_once(ledger_url: str, tmp_path: Path) -> None:
    with house(ledger_url, tmp_path) as home:
        steps = [step for step in _steps(home) if step[0].startswith(LEAVES_SOMETHING)]
        assert len(steps) >= 9
        for step, nth in steps:
            _one_kill(home, step, nth, meanwhile=False)
        _is_in_order(home, home.take(home.file(), features=True))


def _steps(home: House) -> list[tuple[str, int]]:
    """Every step an import passes, each with the number of its pass."""
    home.take(home.file())
    steps = home.take(home.file(), features=True).passed
    assert len(steps) == len(set(steps)) >= 18
    return steps


def _is_in_order(home: House, last: Seen) -> None:
    last.holds(home.taken)
    last.adds_up(home.taken)
    last.has_people_of(home.touched)
    assert last.told["staged"] == []
    assert {run["state"] for run in last.told["imports"]} == {"done"}


def _one_kill(home: House, step: str, nth: int, *, meanwhile: bool) -> None:
    killed, features = home.file(), step in VISIBLE
    seen = home.kill(killed, step, nth, features=features)
    before = [*home.taken, killed] if step in VISIBLE else list(home.taken)
    seen.holds(before)
    if meanwhile:
        other = home.file(beside=killed)
        home.take(other).holds([*before, other])
    again = home.take(killed, features=features)
    again.holds(home.taken)
    if features:
        _features_are_at_the_facts(again)


def _features_are_at_the_facts(seen: Seen) -> None:
    """Of all orders but those that look fake: the same amount at the same second by one new buyer of each file does."""
    facts = seen.told["facts"]
    fake = {row["order_id"] for row in seen.told["flags"] if row["flag"] in FAKE_FLAGS}
    counted = [row for row in facts["orders"] if row["order_id"] not in fake]
    assert {row["paid_cents"] for row in facts["orders"] if row["order_id"] in fake} <= {2_000}
    cents = sum(row["paid_cents"] for row in facts["customer_features"])
    assert cents == sum(row["paid_cents"] for row in counted) > 0


@pytest.fixture
def undisturbed(_ledgers: Ledgers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    folder = tmp_path_factory.mktemp("undisturbed")
    with _ledgers.fresh("sqlite", folder) as url, house(url, folder) as home:

        def facts(count: int) -> dict[str, list[dict[str, Any]]]:
            paths = [str(home.file().path) for _ in range(count)]
            assert home.nursery.run("take_all", seconds=600.0, paths=paths) == 0
            return home.look().facts()

        yield facts


def test_imports_killed_at_random(
    ledger_url: str, tmp_path: Path, undisturbed: Undisturbed, record_property: Recorder
) -> None:
    _kill_at_random(ledger_url, tmp_path, undisturbed, record_property, kills=KILLS, seed=1)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_imports_killed_a_hundred_times_at_random(
    ledger_url: str, tmp_path: Path, undisturbed: Undisturbed, record_property: Recorder
) -> None:
    _kill_at_random(ledger_url, tmp_path, undisturbed, record_property, kills=MANY_KILLS, seed=2)


def _kill_at_random(
    ledger_url: str, folder: Path, undisturbed: Undisturbed, record: Recorder, *, kills: int, seed: int
) -> None:
    """Files come one after the other, each importer may die; a reader beside them only ever sees whole files."""
    chance = random.Random(seed)
    with house(ledger_url, folder) as home, house_reader(home) as seen_path:
        states = [summary(())]
        # On a busy machine an import takes long: kills fall within its time, whatever that is there.
        began = time.monotonic()
        home.take(home.file()).holds(home.taken)
        states.append(summary(home.taken))
        usual, killed = time.monotonic() - began, 0
        while killed < kills:
            one = home.file()
            while killed < kills:
                pid = home.start(one)
                if home.nursery.wait(pid, chance.uniform(0.05, 1.6) * usual) == 0:
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
        last = home.take(home.file(), features=True)
        _is_in_order(home, last)
        assert last.facts() == undisturbed(len(home.taken))
        figures = {
            "database": ledger_url.partition(":")[0], "kills": killed, "files": len(home.taken),
            "imports": len(last.told["imports"]), "states a reader saw": len(places),
            "orders": len(last.told["facts"]["orders"]),
        }  # fmt: skip
        for name, value in figures.items():
            record(name, value)


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
