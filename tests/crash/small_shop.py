"""A shop of its own for tasks that die: made by their `make_shop`, looked at by their `look`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from laoke.shops.keys import make_key_file
from laoke.shops.place import Place
from tests.crash.nursery import Nursery


@contextmanager
def shop_in(ledger_url: str, folder: Path, tasks: str, **made: Any) -> Iterator[Nursery]:
    """A nursery of the module `tasks` over a home with keys, in which the shop was made."""
    place = Place(folder / "home")
    place.make()
    make_key_file(place.keys)
    with Nursery(ledger_url, {"LAOKE_HOME": str(place.home)}, tasks) as nursery:
        assert nursery.run("make_shop", **made) == 0
        yield nursery


def seen(nursery: Nursery, folder: Path) -> dict[str, Any]:
    """What the tasks' `look` writes down."""
    path = folder / "seen.json"
    assert nursery.run("look", path=str(path)) == 0
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
