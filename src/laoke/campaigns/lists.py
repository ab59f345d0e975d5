"""Hand-over lists of a round: built, copied out for the person who carries them, and their results read back."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from laoke.campaigns.arms import ROUND_KIND
from laoke.campaigns.models import Round
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.rounds import refused
from laoke.customers.models import Channel
from laoke.dispatch import handover
from laoke.dispatch.models import HandoverFile, Occasion
from laoke.dispatch.occasions import OccasionRefused
from laoke.shops.models import Shop, User
from laoke.shops.open_files import let_go

_LIST_NAME = re.compile(r"list-(\d+)-\d+")


@dataclass(frozen=True)
class ExportedList:
    """A list as it was given out."""

    number: int
    people: int
    sha256: str
    files: tuple[Path, ...]


def export_lists(
    row: Round,
    folder: Path,
    *,
    by: User,
    now: datetime,
    with_phone: bool = False,
    max_rows: int = handover.MAX_ROWS,
) -> list[ExportedList]:
    """Build what is not on a list yet and copy all lists of the round into `folder`; each copy is an audit row.

    A list that was forgotten is written again for those who may still be reached; when nobody is, it is left out.

    Raises
    ------
    CampaignRefused
        `not_handover`, `not_running`, `too_early`, `list_over`, `list_settled`, `not_written`.
    """
    if row.channel != Channel.HANDOVER:
        raise CampaignRefused("not_handover")
    if row.occasion is None:
        raise CampaignRefused("not_running")
    files = list(row.occasion.handover_files.exclude(sha256="").order_by("number"))
    if not files or row.occasion.state == "running":
        try:
            files = handover.hand_over(row.occasion, by=by, now=now, with_phone=with_phone, max_rows=max_rows)
        except OccasionRefused as refusal:
            raise refused(refusal) from None
    there = _written(files, by, now, with_phone)
    folder.mkdir(parents=True, exist_ok=True)
    return [_copied(file, folder, by, now) for file in there]


def _written(files: list[HandoverFile], by: User, now: datetime, with_phone: bool) -> list[HandoverFile]:
    """The lists that have a file, forgotten ones written again; refused when that leaves none."""
    there, refusal = [], None
    for file in files:
        try:
            there.append(handover.write_again(file, by=by, now=now, with_phone=with_phone))
        except OccasionRefused as one:
            refusal = one
    if refusal is not None and not there:
        raise refused(refusal) from None
    return there


def _copied(file: HandoverFile, folder: Path, by: User, now: datetime) -> ExportedList:
    copies: list[Path] = []
    for path in (handover.file_path(file), handover.file_path(file, as_csv=True)):
        target = folder / path.name
        try:
            shutil.copyfile(path, target)
        except OSError as error:
            for copy in copies:  # no copy without its audit row
                let_go(copy)
            raise CampaignRefused("not_written", path=str(target), problem=error.strerror or "") from error
        copies.append(target)
    handover.downloaded(file, by=by, now=now)
    return ExportedList(file.number, file.people, file.sha256, tuple(copies))


def import_list_results(
    shop: Shop, file: Path, *, by: User, now: datetime, row: Round | None = None
) -> dict[str, int]:
    """Read a result file. Without a round it is found by the list's own file name, or taken when there is only one.

    Raises
    ------
    CampaignRefused
        `which_list`, `columns`, `too_large`, `not_handover`.
    IntakeRefused
        when the file is no table.
    """
    occasion = row.occasion if row is not None else _occasion_of(shop, file)
    if occasion is None:
        raise CampaignRefused("which_list")
    try:
        return handover.import_results(occasion, file, by=by, now=now)
    except OccasionRefused as refusal:
        raise refused(refusal) from None


def _occasion_of(shop: Shop, file: Path) -> Occasion | None:
    known = Occasion.objects.filter(
        shop=shop, kind=ROUND_KIND, channel=Channel.HANDOVER, handover_files__isnull=False
    ).distinct()
    named = _LIST_NAME.search(file.name)
    if named:
        return known.filter(pk=int(named[1])).first()
    found = list(known[:2])
    return found[0] if len(found) == 1 else None
