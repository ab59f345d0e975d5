"""Rows put aside: sealed, with line, reason and money; downloadable as a file that can be mended and imported again."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import Count, Min, Sum

from laoke.customers.contacts import mask_within
from laoke.customers.erasure import Traces
from laoke.customers.resealing import SealedKind
from laoke.customers.sealing import VaultError, open_sealed, seal
from laoke.intake.models import ImportRun, QuarantinedRow
from laoke.intake.reading.records import CUT, UNCLOSED, split_records
from laoke.intake.reading.refusals import storable
from laoke.shops import audit
from laoke.shops.bulk import pieces, write_in_batches
from laoke.shops.models import Shop, User
from laoke.shops.sheets import safe_cell

if TYPE_CHECKING:
    from laoke.intake.reading.batches import QuarantinedRow as PutAside

KEPT_DAYS = 30
_GUARDED_ID = re.compile(r'="[\w.:/ -]*"')


def put_aside(run: ImportRun, rows: Sequence[PutAside], today: date) -> int:
    """Keep rows of an import; safe to repeat. How many are kept."""
    expires = today + timedelta(days=KEPT_DAYS)
    values = []
    for row in rows:
        sealed, key_id = seal({"raw": row.raw_text}, _bound_to(run.pk, row.line))
        # The reason quotes the cell it stumbled over; in a shifted row that may be a buyer's number.
        quoted = storable(row.params)
        shown = {name: mask_within(v) if isinstance(v, str) else v for name, v in quoted.items()}
        params = json.dumps(shown, ensure_ascii=False, default=str)
        values.append(
            (run.pk, row.line, row.reason_code, params, row.cents, sealed, key_id, expires.isoformat())
        )
    sql = (
        "INSERT INTO intake_quarantinedrow (run_id, line, reason, params, cents, sealed, key_id, expires_on) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (run_id, line) DO NOTHING"
    )

    def write(piece: Sequence[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, piece)

    return write_in_batches(values, write)


def raw_rows(run: ImportRun) -> Iterator[tuple[QuarantinedRow, str]]:
    """The kept rows with the text they had, by line."""
    for row in run.quarantined.order_by("line").iterator(chunk_size=2000):
        yield row, str(open_sealed(row.sealed, row.key_id, _bound_to(run.pk, row.line))["raw"])


class Reason(NamedTuple):
    """Why rows were put aside: the first of them, how many there are, and their money."""

    first: QuarantinedRow
    rows: int
    cents: int


def reasons_of(run: ImportRun) -> list[Reason]:
    """The reasons of the kept rows, the most frequent first."""
    grouped = run.quarantined.values("reason").annotate(
        rows=Count("pk"), cents=Sum("cents"), line=Min("line")
    )
    sums = {group["line"]: (group["rows"], group["cents"]) for group in grouped}
    found = run.quarantined.filter(line__in=list(sums)).defer("sealed")
    reasons = [Reason(row, *sums[row.line]) for row in found]
    return sorted(reasons, key=lambda one: (-one.rows, one.first.line))


def as_csv(run: ImportRun, *, actor: User | None, now: datetime) -> str:
    """The kept rows below the original header, as text of a CSV file that can be mended and imported again.

    A cell that a spreadsheet would run gets an apostrophe, which the import takes off again; the platform's own
    `="…"` around ids becomes one too. Nothing else changes: the file is meant to be mended, and the import reads it
    with the layout of the original.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in run.detail.get("header") or []])
    count = 0
    for _, raw in raw_rows(run):
        writer.writerow([_harmless(cell) for cell in _cells(raw)])
        count += 1
    audit.record("quarantine.export", shop=run.shop, actor=actor, at=now, subject=str(run.pk), count=count)
    return out.getvalue()


def _cells(raw: str) -> list[str]:
    """The cells of a row as it stood in the file; one that no quote closes stays one text, so nothing is lost."""
    data = raw.rstrip("\r\n").encode("utf-8", "surrogatepass")
    records = list(split_records(data, 1, 0, len(data)))
    if any(record.faults & (UNCLOSED | CUT) for record in records):
        return [raw.rstrip("\r\n")]
    return [cell.decode("utf-8", "surrogatepass") for record in records for cell in record.cells]


def _harmless(cell: str) -> object:
    guarded = cell.strip(" \t")
    if _GUARDED_ID.fullmatch(guarded):
        return f"'{guarded[2:-1]}"
    return safe_cell(cell)


def forget_expired(today: date) -> int:
    """Delete rows kept for longer than 30 days; how many went."""
    gone, _ = QuarantinedRow.objects.filter(expires_on__lt=today).delete()
    return gone


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """Delete the kept rows of an owner's shops in which an erased person's nick, number or id stands; how many.

    The rows are sealed and of any shape, so each is opened and looked through. One that does not open names nobody.
    """
    del now  # as every forgetter is called
    named: list[int] = []
    rows = QuarantinedRow.objects.filter(run__shop__owner_id=shop.owner_id)
    for row in rows.iterator(chunk_size=2000) if traces.texts else ():
        with suppress(VaultError):
            raw = str(open_sealed(row.sealed, row.key_id, _bound_to(row.run_id, row.line))["raw"])
            if any(text in raw for text in traces.texts):
                named.append(row.pk)
    for piece in pieces(named, 500):
        QuarantinedRow.objects.filter(pk__in=list(piece)).delete()
    return len(named)


SEALED_HERE = (SealedKind(QuarantinedRow, "sealed", lambda row: _bound_to(row.run_id, row.line)),)


def _bound_to(run_id: int, line: int) -> str:
    return f"quarantine|{run_id}|{line}"
