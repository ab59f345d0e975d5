"""Two homes of the backup tests over one nursery each: the one that is backed up, and what is made of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from laoke.shops.keys import make_key_file
from laoke.shops.place import Place
from tests.crash.backup_tasks import KILLED, REFUSED
from tests.crash.imports_files import file
from tests.crash.nursery import Nursery
from tests.ledgers import Ledgers

NICK = "客1"  # who bought with the first file


@dataclass
class Kept:
    """A small shop with facts, people, a frozen list and a pinned entry."""

    nursery: Nursery
    place: Place
    folder: Path
    url: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def told_path(self) -> Path:
        return self.folder / "told.json"

    def import_one(self) -> None:
        one = file(self.folder, next(self._numbers))
        assert self.nursery.run("take", path=str(one.path), features=True) == 0

    def do(self, task: str, **arguments: Any) -> dict[str, Any]:
        """Run a task in peace; what it told."""
        status = self.nursery.run(task, told=str(self.told_path), **arguments)
        assert status == 0, f"{task}: {status} {self._told()}"
        return self._told()

    def refused(self, task: str, **arguments: Any) -> tuple[str, str]:
        """Run a task that is refused; its code and its sentence."""
        assert self.nursery.run(task, told=str(self.told_path), **arguments) == REFUSED
        told = self._told()
        return told["code"], told["text"]

    def die(self, task: str, step: str, nth: int = 1, **arguments: Any) -> None:
        assert self.nursery.run(task, die_at=step, nth=nth, **arguments) == KILLED, f"{step} was never passed"

    def look(self) -> dict[str, Any]:
        """Rows and hashes of both stores and of the frozen lists."""
        return self.do("look")

    def _told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.told_path.read_text(encoding="utf-8"))
        return found

    def passing_files(self, *folders: Path) -> list[str]:
        """What a backup or restore has left under passing names."""
        here = [self.place.home, self.place.staging, *folders]
        patterns = (".laoke-*", "backup-*", "restoring-*", "restore.json*")
        return sorted(path.name for folder in here for pattern in patterns for path in folder.glob(pattern))


@dataclass(frozen=True)
class Template:
    """A shop that was made once: its home and its ledger, to be copied for every test."""

    home: Path
    url: str


@contextmanager
def template(ledgers: Ledgers, engine: str, folder: Path) -> Iterator[Template]:
    """A shop over an empty ledger: one file taken in, a segment frozen, another file taken in."""
    with ledgers.fresh(engine, folder) as url:
        place = Place(folder / "home")
        place.make()
        make_key_file(place.keys)
        files = folder / "files"
        files.mkdir()
        with _nursery(url, place) as nursery:
            assert nursery.run("make_shop") == 0
            house = Kept(nursery, place, files)
            house.import_one()
            assert nursery.run("freeze", text="bought(1+)") == 0
            house.import_one()
        yield Template(place.home, url)


@contextmanager
def kept(ledgers: Ledgers, made: Template, folder: Path) -> Iterator[Kept]:
    """The shop of the template, in a home and a ledger of this test's own."""
    with ledgers.copied(made.url, folder) as url:
        place = Place(folder / "home")
        shutil.copytree(made.home, place.home)
        files = folder / "files"
        files.mkdir()
        with _nursery(url, place) as nursery:
            yield Kept(nursery, place, files, url, count(3))


def _nursery(url: str, place: Place) -> Nursery:
    return Nursery(url, {"LAOKE_HOME": str(place.home)}, "tests.crash.backup_tasks")
