"""Hand-over lists: the treated people of an occasion as numbered, hashed files for the platform's own tool.

    1 the gates are asked again and the rows move to 'handed over' with their list's number, in one transaction
    2 the file is written from these rows; a crash in between leaves a list without hash, which is written again
    3 hash and audit row
    4 the file is forgotten when its time is up (`list_files.py`); written again it holds those still without result

Results come back as a file and count as reports.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from laoke.customers.contacts import mask_phone, mobile_state
from laoke.customers.vault import Contact
from laoke.dispatch.channels.handover.lists import (
    HEADER,
    ListedPerson,
    ResultRow,
    result_rows,
)
from laoke.dispatch.failpoints import passing
from laoke.dispatch.gates import reasons_now
from laoke.dispatch.inbox import Verdict, report_deliveries
from laoke.dispatch.list_files import forget_due, paths_of, still_open
from laoke.dispatch.models import HandoverFile, Occasion, OccasionState
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.occasions import OccasionRefused, finish_if_done
from laoke.dispatch.recipients import contacts_of
from laoke.dispatch.sets import executed, stamp, transacted
from laoke.dispatch.states import mark_reach, move
from laoke.intake.reading.cells import tidy
from laoke.intake.reading.opening import open_source
from laoke.intake.reading.refusals import MIB
from laoke.shops import audit
from laoke.shops.bulk import pieces
from laoke.shops.models import User
from laoke.shops.sheets import write_csv, write_xlsx

MAX_ROWS = 50_000
RESULT_BYTES = 256 * MIB


def hand_over(
    occasion: Occasion,
    *,
    by: User,
    now: datetime,
    max_rows: int = MAX_ROWS,
    with_phone: bool = False,
) -> list[HandoverFile]:
    """Build the lists of a running hand-over occasion, at most `max_rows` people each; the files, oldest first.

    `with_phone` puts usable numbers in clear (named in the audit row); otherwise they are masked. Running it again
    builds lists for people who were not on one yet, and finishes what a crash cut short.

    Raises
    ------
    OccasionRefused
        `not_running`, `too_early`, or `not_handover`.
    """
    if occasion.channel != "handover":
        raise OccasionRefused("not_handover")
    if not Occasion.objects.filter(pk=occasion.pk, state=OccasionState.RUNNING).exists():
        raise OccasionRefused("not_running")
    if now < occasion.not_before:
        raise OccasionRefused("too_early", not_before=occasion.not_before)
    while _take_list(occasion, by, now, max_rows, with_phone):
        passing("handover.taken")
    for file in HandoverFile.objects.filter(occasion=occasion, sha256="").order_by("number"):
        _write_list(file, by, now)
    finish_if_done(occasion, now)
    return list(HandoverFile.objects.filter(occasion=occasion).order_by("number"))


def _take_list(occasion: Occasion, by: User, now: datetime, max_rows: int, with_phone: bool) -> bool:
    """Give the next people a list number; False when nobody waits."""
    waiting = list(
        occasion.messages.filter(state=S.PLANNED, due_at__lte=now)
        .order_by("pk")
        .values_list("pk", "person_id")[:max_rows]
    )
    if not waiting:
        return False

    def work() -> None:
        reasons = reasons_now(occasion, {person: None for _, person in waiting}, now)
        for reason in sorted(set(reasons.values())):
            refused = [pk for pk, person in waiting if reasons.get(person) == reason]
            move(refused, S.PLANNED, S.SUPPRESSED, at=now, by=by.username, reason=reason)
        going = [pk for pk, person in waiting if person not in reasons]
        if not going:
            return
        number = (occasion.handover_files.aggregate(last=Max("number"))["last"] or 0) + 1
        moved = move(
            going, S.PLANNED, S.HANDED_OVER, at=now, by=by.username,
            sets=", list_number = %s, sent_at = %s", set_params=[number, stamp(now)],
            guard=" AND EXISTS (SELECT 1 FROM dispatch_occasion o WHERE o.id = dispatch_message.occasion_id "
            "AND o.state = 'running' AND o.epoch = %s)",
            guard_params=[occasion.epoch],
        )  # fmt: skip
        if moved:
            HandoverFile.objects.create(
                occasion=occasion, number=number, people=len(moved), with_phone=with_phone, created_by=by,
                created_at=now,
            )  # fmt: skip
            if occasion.is_marketing:
                mark_reach(occasion.shop_id, moved)

    transacted(work)
    return True


def write_again(
    file: HandoverFile, *, by: User, now: datetime, with_phone: bool | None = None
) -> HandoverFile:
    """Write a forgotten list anew from the ledger, for those of its people who may still be reached.

    A list whose file is still there stays as it is. `with_phone` as in `hand_over`, None as the list had it.

    Raises
    ------
    OccasionRefused
        `list_over`, `list_settled`.
    """
    if file.forgotten_at is None:
        return file
    messages = still_open(file, now)
    if with_phone is not None:
        file.with_phone = with_phone
    _write_list(file, by, now, messages, act="handover.again")
    return file


def _write_list(
    file: HandoverFile,
    by: User,
    now: datetime,
    messages: Sequence[int] | None = None,
    act: str = "handover.list",
) -> None:
    occasion = file.occasion
    # An erasure from here on asks for the file that is being written: that request must outlive the writing.
    HandoverFile.objects.filter(pk=file.pk).update(forget_asked_at=None)
    folder = Path(settings.PLACE.exports) / f"handover-{occasion.pk}"
    name = f"list-{occasion.pk}-{file.number:03d}"
    write_csv(folder / f"{name}.csv", HEADER, (person.cells() for person in _people(file, messages)))
    written = write_xlsx(
        folder / f"{name}.xlsx", HEADER, (person.cells() for person in _people(file, messages))
    )
    passing("handover.written")
    with transaction.atomic():
        executed(
            "UPDATE dispatch_handoverfile SET path = %s, sha256 = %s, written_at = %s, forgotten_at = NULL, "
            "with_phone = %s WHERE id = %s",
            [
                written.path.relative_to(settings.PLACE.exports).as_posix(), written.sha256, stamp(now),
                file.with_phone, file.pk,
            ],
        )  # fmt: skip
        audit.record(
            act, shop=occasion.shop, actor=by, at=now, subject=f"{occasion.pk}-{file.number}",
            count=written.rows, sha256=written.sha256, with_phone=file.with_phone,
        )  # fmt: skip
    file.refresh_from_db()


def _people(file: HandoverFile, messages: Sequence[int] | None = None) -> Iterator[ListedPerson]:
    """The people of a list by number; with `messages` those of them alone."""
    listed = file.occasion.messages.filter(list_number=file.number).order_by("pk")
    wanted = None if messages is None else set(messages)
    rows = [row for row in listed.values_list("pk", "customer_id") if wanted is None or row[0] in wanted]
    for piece in pieces(rows, 2_000):
        contacts = contacts_of(file.occasion.shop_id, [customer for _, customer in piece if customer])
        for pk, customer in piece:
            contact = contacts.get(customer or 0, Contact(customer or 0))
            yield ListedPerson(str(pk), contact.nick, contact.ouid, _number_of(contact, file))


def _number_of(contact: Contact, file: HandoverFile) -> str:
    usable = mobile_state(contact.phone, demo=file.occasion.shop.is_demo) == "valid"
    return contact.phone if usable and file.with_phone else mask_phone(contact.phone)


def file_path(file: HandoverFile, *, as_csv: bool = False) -> Path:
    """Where a written list stands; the page that gives it out calls `downloaded`."""
    return paths_of(file)[as_csv]


def downloaded(file: HandoverFile, *, by: User, now: datetime) -> None:
    """Someone took the list along: one audit row each time, the first time on the list itself."""
    HandoverFile.objects.filter(pk=file.pk, downloaded_at=None).update(downloaded_at=now)
    audit.record(
        "handover.download", shop=file.occasion.shop, actor=by, at=now,
        subject=f"{file.occasion_id}-{file.number}", count=file.people, sha256=file.sha256,
    )  # fmt: skip


def import_results(occasion: Occasion, path: Path, *, by: User, now: datetime) -> dict[str, int]:
    """Read what the platform's tool says of handed-over people:
    {rows, delivered, undelivered, no_verdict, not_found, unchanged}. The same file twice changes nothing.

    Raises
    ------
    OccasionRefused
        `columns` when the file names no person or no status; `IntakeRefused` when it is no table.
    """
    found = _read_results(path)
    ids = _identify(occasion, found)
    groups: dict[str, list[int]] = {"delivered": [], "undelivered": []}
    counts = {"rows": len(found), "no_verdict": 0, "not_found": 0, "unchanged": 0}
    for row, message in zip(found, ids, strict=True):
        if message is None:
            counts["not_found"] += 1
        elif row.verdict:
            groups[row.verdict].append(message)
        else:
            counts["no_verdict"] += 1
    for verdict, messages in groups.items():
        moved = 0
        for piece in pieces(sorted(set(messages)), 500):
            moved += len(_report(occasion, piece, verdict, by, now))
        counts[verdict] = moved
        counts["unchanged"] += len(messages) - moved
    audit.record(
        "handover.results",
        shop=occasion.shop,
        actor=by,
        at=now,
        subject=str(occasion.pk),
        count=len(found),
        **counts,
    )
    HandoverFile.objects.filter(occasion=occasion).update(result_imported_at=now, result=counts)
    forget_due(now)
    return counts


def _report(occasion: Occasion, ids: Sequence[int], verdict: str, by: User, now: datetime) -> list[int]:
    return transacted(
        lambda: report_deliveries(
            occasion,
            list(ids),
            Verdict(verdict, "list_result"),
            by=by.username,
            now=now,
            usual=(S.HANDED_OVER,),
        )
    )


def _read_results(path: Path) -> list[ResultRow]:
    from laoke.dispatch.channels.handover.lists import COLUMN_NAMES

    names = {f"{column}-{n}": name for column, known in COLUMN_NAMES.items() for n, name in enumerate(known)}
    with open_source(path, mapping=names) as source:
        with source.data() as stream:
            text = stream.read_all(RESULT_BYTES)
        if text is None:
            raise OccasionRefused("too_large")
        rows = csv.reader(io.StringIO(text.decode(source.text_encoding, "replace"), newline=""))
        try:
            return list(result_rows(source.header, ([tidy(cell) for cell in row] for row in rows if row)))
        except KeyError as missing:
            raise OccasionRefused(
                "columns", missing=str(missing.args[0]), found=list(source.header)
            ) from missing


def _identify(occasion: Occasion, found: Sequence[ResultRow]) -> list[int | None]:
    """The message of each row: by its number, else by encrypted id, nick, or number of the phone, if unambiguous."""
    handed = list(
        occasion.messages.filter(list_number__isnull=False).order_by("pk").values_list("pk", "customer_id")
    )
    numbers = {str(pk): pk for pk, _ in handed}
    known: dict[str, int | None] = {}
    if any(row.number not in numbers for row in found):
        contacts = contacts_of(occasion.shop_id, [customer for _, customer in handed if customer])
        for pk, customer in handed:
            contact = contacts.get(customer or 0)
            for key in _keys_of(contact.ouid, contact.nick, contact.phone) if contact else ():
                # Two people of one nick or phone cannot be told apart by it.
                known[key] = None if key in known else pk
    result = []
    for row in found:
        message = numbers.get(row.number)
        if message is None:
            hits = (known.get(key) for key in _keys_of(row.ouid, row.nick, row.phone))
            message = next((hit for hit in hits if hit is not None), None)
        result.append(message)
    return result


def _keys_of(ouid: str, nick: str, phone: str) -> list[str]:
    given = (("ouid", ouid), ("nick", nick), ("phone", phone))
    return [f"{kind}:{value}" for kind, value in given if value and "*" not in value]
