"""Requests and workers die at every step of a sent batch: it is done once, and the same request is answered alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from laoke.shops.keys import make_key_file
from laoke.shops.place import Place
from tests.crash.batch_tasks import KILLED, REFUSED
from tests.crash.nursery import Nursery

REQUEST = ("checked", "stored", "queued", "noted", "taken")
# From here on the batch stands, whatever becomes of the request.
STANDS = ("taken",)
VISIBLE = ("published", "features", "imported", "upload_forgotten")


@dataclass
class Sender:
    """A shop with one token; batch number n tells the orders n and n + 1, with one row that is refused."""

    nursery: Nursery
    folder: Path
    _later: Iterator[int] = field(default_factory=count)

    def send(self, number: int, key: str, die_at: str = "") -> int:
        return self.nursery.run("send", number=number, key=key, die_at=die_at)

    def work(self, die_at: str = "", nth: int = 1) -> int:
        return self.nursery.run("work", die_at=die_at, nth=nth)

    def a_while_later(self) -> None:
        assert self.nursery.run("a_while_later", path=f"later-{next(self._later)}") == 0

    def look(self) -> dict[str, Any]:
        path = self.folder / "seen.json"
        assert self.nursery.run("look", path=str(path)) == 0
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def is_in_order(self, numbers: list[int]) -> None:
        """Exactly the orders of these batches, each batch done once, nothing left over."""
        assert self.nursery.run("tidy") == 0
        seen = self.look()
        orders = sorted({f"B{order}" for number in numbers for order in (number, number + 1)})
        assert seen["orders"] == orders
        wanted = [[order, line, cents] for order in orders for line, cents in (("1", 1_000), ("2", 2_000))]
        assert seen["lines"] == wanted
        assert set(seen["batches"].values()) == {"done"}
        assert len(seen["batches"]) == len(seen["imports"]) == len(numbers)
        assert {tuple(run) for run in seen["imports"]} == {("done", 5, 1, 1)}
        assert Counter(seen["jobs"]) == {"done": len(numbers)}
        assert seen["staged"] == []


@contextmanager
def sender(ledger_url: str, folder: Path) -> Iterator[Sender]:
    place = Place(folder / "home")
    place.make()
    make_key_file(place.keys)
    with Nursery(ledger_url, {"LAOKE_HOME": str(place.home)}, "tests.crash.batch_tasks") as nursery:
        assert nursery.run("make_shop") == 0
        yield Sender(nursery, folder)


@pytest.mark.timeout(400)
def test_a_request_killed_at_every_step_is_done_once_when_it_is_sent_again(
    ledger_url: str, tmp_path: Path
) -> None:
    with sender(ledger_url, tmp_path) as one:
        for number, step in enumerate(REQUEST):
            assert one.send(10 * number, step, die_at=step) == KILLED
            seen = one.look()
            assert (step in seen["batches"]) == (step in STANDS)
            assert len(seen["jobs"]) == len(seen["batches"])
            assert one.send(10 * number, step) == 0
            assert one.send(10 * number, step) == 0
            assert one.send(10 * number + 1, step) == REFUSED
            assert len(one.look()["jobs"]) == number + 1
        assert one.work() == 0
        one.is_in_order([10 * number for number in range(len(REQUEST))])


@pytest.mark.timeout(600)
def test_a_worker_killed_at_every_step_leaves_a_batch_that_the_next_one_finishes(
    ledger_url: str, tmp_path: Path
) -> None:
    with sender(ledger_url, tmp_path) as one:
        passed = tmp_path / "passed.json"
        assert one.send(0, "first") == 0
        assert one.work() == 0
        assert one.send(1, "second") == 0
        assert one.nursery.run("work", passed=str(passed)) == 0
        steps = list(dict.fromkeys(json.loads(passed.read_text(encoding="utf-8"))))
        assert {"batch_staged", "people_stored", "before_publish", *VISIBLE} <= set(steps)
        for number, step in enumerate(steps, 2):
            key = f"{number}-{step}"
            assert one.send(number, key) == 0
            assert one.work(die_at=step) == KILLED, step
            seen = one.look()
            assert seen["batches"][key] == ("done" if step in VISIBLE else "running")
            assert (f"B{number + 1}" in seen["orders"]) == (step in VISIBLE)
            one.a_while_later()
            assert one.send(number, key) == 0
            assert one.work() == 0
            assert one.look()["batches"][key] == "done"
        one.is_in_order(list(range(len(steps) + 2)))
        assert one.look()["uploads"] == one.look()["files"] == 0


@pytest.mark.timeout(400)
def test_two_senders_and_two_workers_at_once_do_every_batch_once(ledger_url: str, tmp_path: Path) -> None:
    with sender(ledger_url, tmp_path) as one:
        workers = [one.nursery.fork("work", seconds=8.0) for _ in range(2)]
        for number in range(4):
            pair = [one.nursery.fork("send", number=number, key=f"k{number}") for _ in range(2)]
            assert [one.nursery.wait(pid, 60.0) for pid in pair] == [0, 0]
        assert [one.nursery.wait(pid, 200.0) for pid in workers] == [0, 0]
        assert one.work() == 0
        one.is_in_order([0, 1, 2, 3])
