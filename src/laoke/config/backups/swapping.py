"""The last step of a restore: the new home takes the place of the old one. It may be killed and done again.

Before it, `restore.json` in the home says that it is decided; afterwards the file is gone. Every move is one rename,
and a move that was made already is seen by what stands where.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from laoke.config.backups import present
from laoke.config.backups.journal import JOURNAL
from laoke.config.backups.taking import sync_folder
from laoke.shops.clock import DEMO_CLOCK
from laoke.shops.open_files import read_text, remove
from laoke.shops.open_files import swap as put_in_place
from laoke.shops.place import Place

FOLDERS = ("warehouse", "snapshots", "uploads")


def decide(place: Place, beside: Path, *, schema: str, keys: Path, told: dict[str, Any]) -> None:
    """Write down that the new home wins: the moment at which a restore has happened."""
    order = {"beside": beside.name, "schema": schema, "keys": str(keys.resolve()), "told": told}
    fresh = place.home / f"{JOURNAL}.new"
    with fresh.open("w", encoding="utf-8") as out:
        json.dump(order, out, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
    put_in_place(fresh, place.home / JOURNAL)
    sync_folder(place.home)


def swap(place: Place, step: Callable[[str], None]) -> dict[str, Any]:
    """Bring a decided restore to its end; what `decide` was told.

    Raises
    ------
    OSError
        when something is held open; what is done stays done, and a repeat goes on there.
    """
    order = json.loads(read_text(place.home / JOURNAL))
    beside = place.home / order["beside"]
    away = beside / "replaced"
    away.mkdir(parents=True, exist_ok=True)
    if order["schema"]:
        present.take_over(order["schema"])
    else:
        _swap_sqlite(beside / "db.sqlite3", away)
    step("ledger_swapped")
    for name in FOLDERS:
        _swap_one(beside / name, place.home / name, away)
        step("folder_swapped")
    _swap_clock(beside, place.home, away)
    _keep_keys(place, Path(order["keys"]))
    place.make()  # what a home has besides, where there was none
    sync_folder(place.home)
    remove(place.home / JOURNAL)
    step("finished")
    shutil.rmtree(beside, ignore_errors=True)
    told: dict[str, Any] = order["told"]
    return told | {"restored": True, "left": beside.exists()}


def _swap_sqlite(fresh: Path, away: Path) -> None:
    connection.close()
    if not fresh.exists():
        return
    target = Path(connection.settings_dict["NAME"])
    # The log first: it must never be taken for the new database's own.
    for ending in ("-wal", "-shm", ""):
        _move_away(target.with_name(target.name + ending), away)
    _rename(fresh, target)


def _swap_one(fresh: Path, target: Path, away: Path) -> None:
    if fresh.exists():
        _move_away(target, away)
        _rename(fresh, target)


def _swap_clock(beside: Path, home: Path, away: Path) -> None:
    """A real shop has no clock of its own: then the one that is there goes too."""
    _move_away(home / DEMO_CLOCK, away)
    if (beside / DEMO_CLOCK).exists():
        _rename(beside / DEMO_CLOCK, home / DEMO_CLOCK)


def _move_away(path: Path, away: Path) -> None:
    if path.exists():
        number = 0
        while (kept := away / f"{number}-{path.name}").exists():
            number += 1
        _rename(path, kept)


def _rename(path: Path, target: Path) -> None:
    """Another disk has to be copied to; what is copied takes its place in one step."""
    try:
        path.rename(target)
    except OSError:
        if path.is_dir() or path.stat().st_dev == target.parent.stat().st_dev:
            raise
        beside = target.with_name(f"{target.name}.moving")
        shutil.copy2(path, beside)
        beside.replace(target)
        path.unlink()


def _keep_keys(place: Place, given: Path) -> None:
    """Keys that were given by hand become the home's; those that are there are kept under another name."""
    if given == place.keys.resolve() or not given.exists():
        return
    wanted = given.read_bytes()
    if place.keys.exists():
        if place.keys.read_bytes() == wanted:
            return
        _move_away(place.keys, place.keys.parent)
    place.keys.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.keys.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(wanted)
        out.flush()
        os.fsync(out.fileno())
    put_in_place(fresh, place.keys)
