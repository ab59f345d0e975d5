"""Files that only tell orders together (`[join]` of a layout), joined before they are looked at: on the command line,
in an upload and in the watched folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from laoke.intake.preview import HEAD_BYTES
from laoke.intake.reading.joining import join_files, part_alone, wholes
from laoke.intake.reading.opening import open_source
from laoke.intake.reading.profiles import Profile
from laoke.intake.reading.refusals import IntakeRefused
from laoke.shops import uploads
from laoke.shops.models import Shop, Upload, User

_LONGEST = 200


@dataclass(frozen=True)
class Whole:
    """Files that belong together, by their places among those given, and the name their joined file goes by."""

    profile: Profile
    places: list[list[int]]
    name: str

    @property
    def all_places(self) -> set[int]:
        return {place for places in self.places for place in places}

    def files(self, given: Sequence[Path]) -> list[list[Path]]:
        """The paths of each part."""
        return [[given[place] for place in places] for places in self.places]


def found_wholes(heads: Sequence[Path], names: Sequence[str]) -> list[Whole]:
    """Which of some files belong together; `heads` may hold only their beginnings."""
    return [
        Whole(profile, places, _name([names[place] for of_part in places for place in of_part]))
        for profile, places in wholes([_header(path) for path in heads])
    ]


def is_part(path: Path) -> bool:
    """Whether a file tells orders only together with others."""
    return part_alone(_header(path)) is not None


def _header(path: Path) -> tuple[str, ...]:
    """The header, none where the file tells none: looking at it by itself says why."""
    try:
        with open_source(path) as source:
            return source.header
    except (IntakeRefused, OSError):
        return ()


def _name(names: Sequence[str]) -> str:
    return f"{' + '.join(Path(name).stem for name in names)[:_LONGEST]}.csv"


@dataclass(frozen=True)
class Chosen:
    """A file to be taken, by what name, and the given files it is or was made of."""

    path: Path
    name: str
    sources: list[Path]


def joined_paths(
    paths: Sequence[Path], folder: Path, refused: Callable[[str, list[Path], IntakeRefused], None]
) -> list[Chosen]:
    """The files, those that belong together as one joined file below `folder`; of files that cannot be joined the name
    of the whole, the files and the reason go to `refused`."""
    found, taken = [], set[int]()
    for number, whole in enumerate(found_wholes(paths, [path.name for path in paths])):
        taken |= whole.all_places
        sources = [paths[place] for place in sorted(whole.all_places)]
        out = folder / f"joined-{number}.csv"
        try:
            join_files(whole.profile, whole.files(paths), out)
        except IntakeRefused as refusal:
            refused(whole.name, sources, refusal)
        else:
            found.append(Chosen(out, whole.name, sources))
    alone = (path for place, path in enumerate(paths) if place not in taken)
    return [*(Chosen(path, path.name, [path]) for path in alone), *found]


def join_uploads(
    shop: Shop, given: Sequence[Upload], *, by: User | None, now: datetime
) -> tuple[list[Upload], list[IntakeRefused]]:
    """The uploads with those that belong together joined to one, whose parts are forgotten; parts that cannot be joined
    stay as they are, with the reasons."""
    if len(given) < 2:
        return list(given), []
    with ExitStack() as opened:
        heads = [opened.enter_context(uploads.opened(one, at_most=HEAD_BYTES)) for one in given]
        found = found_wholes(heads, [one.name for one in given])
    kept, refused = {one.pk: one for one in given}, []
    for whole in found:
        parts = [given[place] for place in sorted(whole.all_places)]
        try:
            joined = _joined_upload(shop, given, whole, by, now)
        except IntakeRefused as refusal:
            refused.append(refusal)
            continue
        kept[joined.pk] = joined
        for part in parts:
            del kept[part.pk]
            uploads.forget(part)
    return list(kept.values()), refused


def _joined_upload(
    shop: Shop, given: Sequence[Upload], whole: Whole, by: User | None, now: datetime
) -> Upload:
    with uploads.private_folder("joined") as folder, ExitStack() as opened:
        paths = [
            opened.enter_context(uploads.opened(one)) if place in whole.all_places else folder
            for place, one in enumerate(given)
        ]
        out = folder / "joined.csv"
        join_files(whole.profile, whole.files(paths), out)
        with out.open("rb") as file:
            return uploads.store_upload(
                shop, UploadedFile(file, whole.name, size=out.stat().st_size), by=by, now=now
            )
