"""The clear files of hand-over lists have an end: after results came back, some days after writing, or an erasure.

Number, count, hash and audit rows stay. A list may be written again for those of its people who may still be reached.
A file that cannot be deleted (Windows keeps what is open in Excel) is tried again at the next tidying.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from laoke.dispatch.gates import fact_gates_of, ledger_reasons
from laoke.dispatch.models import HandoverFile, Message, Occasion, OccasionState
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.occasions import OccasionRefused
from laoke.shops import audit
from laoke.shops.models import Shop
from laoke.shops.open_files import let_go

KEPT_DAYS = 7
STRAY_SECONDS = 24 * 3600
FOLDERS = "handover-*"


def kept_days(shop: Shop) -> int:
    """For how many days a list's clear file stays after it was written (setting `handover_days`)."""
    return int(shop.settings.get("handover_days", KEPT_DAYS))


def paths_of(file: HandoverFile) -> tuple[Path, Path]:
    """The workbook and the CSV of a written list."""
    path = Path(settings.PLACE.exports) / file.path
    return path, path.with_suffix(".csv")


def due(now: datetime) -> list[HandoverFile]:
    """Lists whose clear files should be gone by now, oldest first."""
    written = HandoverFile.objects.exclude(path="").filter(forgotten_at=None).select_related("occasion__shop")
    asked = written.filter(Q(forget_asked_at__lte=now) | Q(result_imported_at__gte=F("written_at")))
    found = {file.pk: file for file in asked}
    for shop in Shop.objects.all():
        before = now - timedelta(days=kept_days(shop))
        found |= {file.pk: file for file in written.filter(occasion__shop=shop, written_at__lte=before)}
    return [found[pk] for pk in sorted(found)]


def forget_due(now: datetime) -> int:
    """Delete the files of lists that are due; how many lists have none any more."""
    return sum(_forget(file, now) for file in due(now))


def _forget(file: HandoverFile, now: datetime) -> bool:
    # Both are tried, so that the one that is open does not keep the other.
    went = [let_go(path) for path in paths_of(file)]
    if not all(went):
        return False
    with transaction.atomic():
        gone = HandoverFile.objects.filter(pk=file.pk, path=file.path, forgotten_at=None).update(
            path="", forgotten_at=now, forget_asked_at=None
        )
        if gone:
            audit.record(
                "handover.forget", shop=file.occasion.shop, actor=None, at=now,
                subject=f"{file.occasion_id}-{file.number}", count=file.people, sha256=file.sha256,
            )  # fmt: skip
    return bool(gone)


def strays(wall: float) -> Iterator[Path]:
    """Files of lists that no list names, over a day old: a process died between the file and its row.

    `wall` is seconds since 1970: files have the machine's times, whatever the shop's clock says.
    """
    exports = Path(settings.PLACE.exports)
    known = {path for file in HandoverFile.objects.exclude(path="") for path in paths_of(file)}
    for path in sorted(exports.glob(f"{FOLDERS}/*")):
        if path not in known and _older(path, wall - STRAY_SECONDS):
            yield path


def forget_strays(wall: float) -> int:
    """Delete what `strays` finds; how many went."""
    return sum(let_go(path) for path in strays(wall))


def _older(path: Path, than: float) -> bool:
    try:
        return path.stat().st_mtime < than
    except OSError:
        return False


def may_be_written_again(file: HandoverFile, now: datetime) -> bool:
    """Whether a forgotten list has people left who were handed over, without a result, while the round still runs."""
    return file.forgotten_at is not None and not _over(file.occasion, now) and _open(file).exists()


def still_open(file: HandoverFile, now: datetime) -> list[int]:
    """The messages of a list that may be handed over once more: no result yet, and nothing speaks against it now.

    The caps are not asked again: it was the first handing over that counted.

    Raises
    ------
    OccasionRefused
        `list_over` when the round's time is up or it was cancelled, `list_settled` when nobody is left.
    """
    if _over(file.occasion, now):
        raise OccasionRefused("list_over")
    rows = list(_open(file).order_by("pk").values_list("pk", "person_id"))
    refused = _refused(file.occasion, [person for _, person in rows], now)
    left = [pk for pk, person in rows if person not in refused]
    if not left:
        raise OccasionRefused("list_settled")
    return left


def _open(file: HandoverFile) -> QuerySet[Message]:
    return file.occasion.messages.filter(list_number=file.number, state=S.HANDED_OVER)


def _over(occasion: Occasion, now: datetime) -> bool:
    return occasion.state == OccasionState.CANCELLED or now > occasion.not_after


def _refused(occasion: Occasion, people: Sequence[int], now: datetime) -> set[int]:
    reasons = ledger_reasons(
        occasion.shop,
        occasion.channel,
        marketing=occasion.is_marketing,
        people=dict.fromkeys(people),
        now=now,
    )
    refused = set(reasons)
    for gate in fact_gates_of(occasion):
        refused |= gate.hits(people)
    return refused
