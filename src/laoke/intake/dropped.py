"""The watched folder: a file that somebody, or another program, puts there is imported by itself.

Each shop has a folder of its own below `drop` in the home. A file is taken when it has not grown for a while: it is
sealed like an upload and queued, then it moves to `taken`, from where it is deleted after a week. One that cannot be
read moves to `not-taken`, beside a text that says why. Taking a file twice (a crash between queue and move) changes
nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from laoke.intake.joined import Chosen, is_part, joined_paths
from laoke.intake.preview import job_options, look_at
from laoke.intake.reading.messages import refusal_message
from laoke.intake.reading.refusals import IntakeRefused
from laoke.shops import jobs, uploads
from laoke.shops.locks import WriterBusy, held_file
from laoke.shops.models import Job, Shop
from laoke.shops.open_files import let_go, stamp, swap
from laoke.shops.place import Place

TAKEN, NOT_TAKEN = "taken", "not-taken"
KEPT_SECONDS = uploads.KEPT.total_seconds()
SETTLED_SECONDS = 5.0
WAIT_SECONDS = 600.0
SUFFIXES = frozenset({".csv", ".txt", ".xlsx", ".xls", ".gz"})
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def folder_of(place: Place, shop: Shop) -> Path:
    """The watched folder of a shop. Its number tells whose it is; the name is for people."""
    name = _UNSAFE.sub("-", shop.name).strip(" .")[:60]
    known = sorted(place.drop.glob(f"{shop.pk}-*")) if place.drop.is_dir() else []
    return known[0] if known else place.drop / f"{shop.pk}-{name}"


def take_dropped(
    place: Place, now: Callable[[], datetime], wall: Callable[[], float] = time.time
) -> list[Job]:
    """Queue an import for every file that has settled in a watched folder; the jobs."""
    with _alone(place) as mine:
        if not mine:
            return []
        return [
            job
            for shop in Shop.objects.order_by("pk")
            for job in _take_settled(shop, _settled(folder_of(place, shop), wall()), now(), wall())
        ]


def _take_settled(shop: Shop, settled: list[Path], now: datetime, wall: float) -> list[Job]:
    """Queue the files of one shop, those that belong together as one; parts that lack another wait for it a while."""

    def not_joined(name: str, sources: list[Path], refusal: IntakeRefused) -> None:
        _put_away(sources, NOT_TAKEN, f"{refusal_message(refusal.code, refusal.params)}\n")

    with uploads.private_folder("joined") as folder:
        chosen = joined_paths(settled, folder, not_joined)
        waits = (
            len(one.sources) == 1 and _age(one.path, wall) < WAIT_SECONDS and is_part(one.path)
            for one in chosen
        )
        taken = [_take(shop, one, now) for one, waiting in zip(chosen, waits, strict=True) if not waiting]
    return [job for job in taken if job is not None]


@contextmanager
def _alone(place: Place) -> Iterator[bool]:
    """Whether no other worker looks through the folders now."""
    try:
        with held_file(place.home / "drop.lock", 0.0):
            yield True
    except WriterBusy:
        yield False


def _settled(folder: Path, wall: float) -> list[Path]:
    """Files that nobody has written to for a while, by name; old ones that were taken go meanwhile."""
    for part in (folder / TAKEN, folder / NOT_TAKEN):
        part.mkdir(parents=True, exist_ok=True)
    for path in (folder / TAKEN).iterdir():
        if path.is_file() and _age(path, wall) > KEPT_SECONDS:
            let_go(path)
    return [
        path for path in sorted(folder.iterdir()) if _is_export(path) and _age(path, wall) >= SETTLED_SECONDS
    ]


def _is_export(path: Path) -> bool:
    hidden = path.name.startswith((".", "~$"))
    return not hidden and path.suffix.lower() in SUFFIXES and path.is_file()


def _age(path: Path, wall: float) -> float:
    """Seconds since somebody last wrote to the file; none when it has just gone."""
    try:
        return wall - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _take(shop: Shop, chosen: Chosen, now: datetime) -> Job | None:
    """Seal and queue a file, or put what it was made of aside with the reason; None for both that and one still held
    open."""
    path, sources = chosen.path, chosen.sources
    try:
        before = stamp(path)
        with path.open("rb") as file:
            upload = uploads.store_upload(
                shop, UploadedFile(file, chosen.name, size=path.stat().st_size), by=None, now=now
            )
        if stamp(path) != before:  # it grew while it was read: the next look takes it whole
            uploads.forget(upload)
            return None
    except OSError:
        return None
    except uploads.UploadRefused as refusal:
        _put_away(sources, NOT_TAKEN, f"{uploads.refused_text(refusal)}\n")
        return None
    preview = look_at(upload)
    if not preview.ready:
        uploads.forget(upload)
        reason = refusal_message(*preview.refusal) if preview.refusal else ""
        _put_away(sources, NOT_TAKEN, f"{reason}\n")
        return None
    job = jobs.queue("import", shop=shop, now=now, by=None, upload=upload.pk, options=job_options(preview))
    _put_away(sources, TAKEN)
    return job


def _put_away(sources: list[Path], part: str, why: str = "") -> None:
    for path in sources:
        _move(path, part, why)


def _move(path: Path, part: str, why: str = "") -> None:
    """Into a folder below, under a name that is free there; the time it was taken counts from now."""
    target = path.parent / part / path.name
    number = 1
    while target.exists():
        target = target.with_stem(f"{path.stem}({number})")
        number += 1
    if why:
        target.with_name(f"{target.name}.txt").write_text(why, encoding="utf-8")
    swap(path, target)
    target.touch()
