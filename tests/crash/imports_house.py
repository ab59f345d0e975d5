"""An installation of the import tests: a home, a ledger, a nursery, and what its readers see."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from laoke.shops.keys import make_key_file
from laoke.shops.place import Place
from tests.crash.imports_files import File, file, known
from tests.crash.nursery import Nursery

KILLED = 137


@dataclass
class House:
    """One shop without anything in it; `taken` are the files whose import is complete."""

    nursery: Nursery
    folder: Path
    taken: list[File] = field(default_factory=list)
    touched: list[File] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def seen_path(self) -> Path:
        return self.folder / "seen.json"

    def file(self, beside: File | None = None) -> File:
        """The next file; `beside` shares an order and a buyer with it."""
        return file(self.folder, next(self._numbers), beside=beside.number if beside else None)

    def take(self, one: File, *, features: bool = False) -> Seen:
        """Import in peace, and look."""
        self._touch(one)
        arguments = {"path": str(one.path), "features": features, "seen": str(self.seen_path)}
        assert self.nursery.run("take", **arguments) == 0
        self.taken.append(one)
        return self._seen()

    def kill(self, one: File, step: str, nth: int = 1, *, features: bool = False) -> Seen:
        """Import, die at the n-th pass of the step, and look."""
        self._touch(one)
        arguments = {"path": str(one.path), "features": features, "die_at": step, "nth": nth}
        assert self.nursery.run("take", **arguments) == KILLED, f"{step} was never passed"
        return self.look()

    def start(self, one: File) -> int:
        """Begin an import beside the test; the process id."""
        self._touch(one)
        return self.nursery.fork("take", path=str(one.path))

    def look(self) -> Seen:
        assert self.nursery.run("look", path=str(self.seen_path)) == 0
        return self._seen()

    def _seen(self) -> Seen:
        return Seen(json.loads(self.seen_path.read_text(encoding="utf-8")))

    def _touch(self, one: File) -> None:
        if one not in self.touched:
            self.touched.append(one)


@dataclass(frozen=True)
class Seen:
    """What a reader saw, as `imports_tasks.look` wrote it."""

    told: dict[str, Any]

    @property
    def passed(self) -> list[tuple[str, int]]:
        """The steps that were passed, each with the number of its pass."""
        passes: Counter[str] = Counter()
        found = []
        for name in self.told["passed"]:
            passes[name] += 1
            found.append((name, passes[name]))
        return found

    def holds(self, files: Iterable[File]) -> None:
        """Exactly the facts of these files, each order with its own buyer, and no table of another time."""
        files = tuple(files)
        wanted = known(files)
        facts = self.told["facts"]
        orders = {row["order_id"]: row for row in facts["orders"]}
        assert len(orders) == len(facts["orders"])
        assert {key: (row["status"], row["total_cents"]) for key, row in orders.items()} == {
            key: (status, cents) for key, (status, cents, _) in wanted.items()
        }
        pairs = {(orders[key]["customer_id"], nick) for key, (_, _, nick) in wanted.items()}
        assert len(pairs) == len({customer for customer, _ in pairs}) == len({nick for _, nick in pairs})
        assert {row["customer_id"] for row in facts["customers"]} == {customer for customer, _ in pairs}
        told = {(row.order_id, one.number) for one in files for row in one.readable}
        assert len(facts["order_states"]) == len(told)

    def adds_up(self, files: Iterable[File]) -> None:
        """The finished imports of each file say its rows and its money, which add up by what became of them."""
        by_name: dict[str, list[dict[str, Any]]] = {}
        for run in self.told["imports"]:
            if run["state"] == "done":
                by_name.setdefault(run["file_name"], []).append(run)
        for one in files:
            for run in by_name[one.path.name]:
                counts, money = run["counts"], run["money"]
                assert (counts["read"], counts["quarantined"]) == (len(one.rows), 1)
                assert (money["read"], money["quarantined"]) == (one.cents, 400)
                for sums in (counts, money):
                    assert sums["accepted"] == sums["new"] + sums["changed"]
                    assert sums["read"] == sums["accepted"] + sums["unchanged"] + sums["quarantined"]

    def has_people_of(self, files: Iterable[File]) -> None:
        """One customer, one identity and one sealed contact for every nick, whatever died on the way."""
        nicks = {row.nick for one in files for row in one.readable}
        found = self.told["customers"], self.told["identities"], self.told["contacts"]
        assert found == (len(nicks),) * 3

    def facts(self) -> dict[str, list[dict[str, Any]]]:
        """Business columns only: numbers that depend on who came first become the nick's order."""
        return business(self.told["facts"])


def business(facts: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Facts without import numbers; a customer is named by the smallest of their orders."""
    names: dict[int, str] = {}
    for row in facts["orders"]:
        name = names.get(row["customer_id"], row["order_id"])
        names[row["customer_id"]] = min(name, row["order_id"], key=int)
    found: dict[str, list[dict[str, Any]]] = {}
    for table, rows in facts.items():
        plain = []
        for row in rows:
            kept = {key: value for key, value in row.items() if key != "import_id"}
            for key in ("customer_id", "person_id"):
                if key in kept:
                    kept[key] = names[kept[key]]
            plain.append(kept)
        found[table] = sorted(plain, key=repr)
    return found


@contextmanager
def house(ledger_url: str, folder: Path) -> Iterator[House]:
    """A new installation over an empty ledger."""
    place = Place(folder / "home")
    place.make()
    make_key_file(place.keys)
    files = folder / "files"
    files.mkdir()
    with Nursery(ledger_url, {"LAOKE_HOME": str(place.home)}, "tests.crash.imports_tasks") as nursery:
        assert nursery.run("make_shop") == 0
        yield House(nursery, files)
