"""Rows put aside: sealed, with line, reason and money; downloadable as a file that can be mended and imported again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from laoke.customers.sealing import open_sealed, seal
from laoke.intake.models import ImportRun, QuarantinedRow
from laoke.shops import audit
from laoke.shops.bulk import write_in_batches
from laoke.shops.models import User

if TYPE_CHECKING:
    from laoke.intake.reading.batches import QuarantinedRow as PutAside

KEPT_DAYS = 30


def put_aside(run: ImportRun, rows: Sequence[PutAside], today: date) -> int:
    """Keep rows of an import; safe to repeat. How many are kept."""
    expires = today + timedelta(days=KEPT_DAYS)
    values = []
    for row in rows:
        sealed, key_id = seal({"raw": row.raw_text}, _bound_to(run.pk, row.line))
        params = json.dumps(row.params, ensure_ascii=False, default=str)
        values.append(
            (run.pk, row.line, row.reason_code, params, row.cents, sealed, key_id, expires.isoformat())
        )
    sql = (
        "INSERT INTO intake_quarantinedrow (run_id, line, reason, params, cents, sealed, key_id, expires_on) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (run_id, line) DO NOTHING"
    )

    def write(piece: Sequence[tuple[object, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, piece)

    return write_in_batches(values, write)


def raw_rows(run: ImportRun) -> Iterator[tuple[QuarantinedRow, str]]:
    """The kept rows with the text they had, by line."""
    for row in run.quarantined.order_by("line").iterator(chunk_size=2000):
        yield row, str(open_sealed(row.sealed, row.key_id, _bound_to(run.pk, row.line))["raw"])


def as_csv(run: ImportRun, *, actor: User | None, now: datetime) -> str:
    """The kept rows below the original header, as text of a CSV file that can be mended and imported again.

    Cells stay as they were exported, so nothing is lost on the way; the file is meant to be mended, and the import
    reads it with the layout of the original.
    """
    out = io.StringIO()
    header = run.detail.get("header") or []
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(header)
    count = 0
    for _, raw in raw_rows(run):
        out.write(raw.rstrip("\r\n") + "\r\n")
        count += 1
    audit.record("quarantine.export", shop=run.shop, actor=actor, at=now, subject=str(run.pk), count=count)
    return out.getvalue()


def forget_expired(today: date) -> int:
    """Delete rows kept for longer than 30 days; how many went."""
    gone, _ = QuarantinedRow.objects.filter(expires_on__lt=today).delete()
    return gone


def _bound_to(run_id: int, line: int) -> str:
    return f"quarantine|{run_id}|{line}"
