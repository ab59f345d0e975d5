"""Taking a batch: checked as a whole, kept sealed, queued as an import; the same key and body never twice.

Until the row of the batch stands nothing was done, and a request that is sent again begins anew. The row and the job of
its import are written in one transaction; from then on the same request gets the same answer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from laoke.customers.contacts import mask_within
from laoke.intake.loading.run import Options
from laoke.intake.models import ImportRun, ImportState, SentBatch
from laoke.intake.reading.cells import CLOCKS_DIFFER
from laoke.intake.reading.refusals import IntakeRefused
from laoke.intake.sent.bodies import BodyRefused, read_body
from laoke.intake.sent.fields import MOST_BYTES, MOST_ROWS, SENT_KINDS, SentKind
from laoke.intake.sent.rows import RowError, time_trouble
from laoke.intake.sent.sheets import ROW_RULES, Sheet, all_errors, sheet_of
from laoke.shops import jobs, uploads
from laoke.shops.models import ApiToken, JobState, Shop

KEPT = timedelta(days=30)
MOST_WAITING = 100
WAITING_SECONDS = 10
_KEY = re.compile(r"[\x21-\x7e]{1,100}", re.ASCII)


def take_batch(
    token: ApiToken,
    kind: SentKind,
    key: str,
    data: bytes,
    *,
    staging: Path,
    now: datetime,
    step: Callable[[str], None] = lambda name: None,
) -> SentBatch:
    """The batch of a request, new or known. `step` is called after each step (tests kill there).

    Raises
    ------
    BodyRefused
        when it cannot be taken; nothing of it was done.
    """
    if not _KEY.fullmatch(key):
        raise BodyRefused("key_wrong" if key else "key_missing")
    if len(data) > MOST_BYTES:
        raise BodyRefused("too_large", most=MOST_BYTES)
    sha = hashlib.sha256(kind.name.encode() + b"\0" + data).hexdigest()
    shop = token.shop
    if known := _known(shop, key, sha):
        return known
    waiting = SentBatch.objects.filter(shop=shop, job__state__in=(JobState.QUEUED, JobState.RUNNING)).count()
    if waiting >= MOST_WAITING:
        raise BodyRefused("too_many_waiting", found=waiting, most=MOST_WAITING, seconds=WAITING_SECONDS)
    body = read_body(data, MOST_ROWS)
    seen_at = _as_of(body.as_of, shop, now)
    sheet = sheet_of(kind, body)
    errors = _errors(sheet, staging, shop, now)
    refused = len({error.index for error in errors})
    if refused and (body.all_or_nothing or refused == len(body.rows)):
        raise BodyRefused("rows_refused", errors=errors, n=refused)
    step("checked")
    upload = uploads.store_upload(shop, ContentFile(data, f"{kind.name}.json"), by=None, now=now)
    step("stored")
    try:
        with transaction.atomic():
            # A system may take a phone for its key; the name stands in lists and in the audit.
            options = {"file_name": f"{kind.name} {mask_within(key)}", "seen_at": seen_at.isoformat()}
            job = jobs.queue("import", shop=shop, now=now, upload=upload.pk, sent=kind.name, options=options)
            step("queued")
            batch = SentBatch.objects.create(
                shop=shop, token=token, key=key, kind=kind.name, body_sha256=sha, job=job, rows=len(body.rows),
                errors=[asdict(error) for error in errors], created_at=now,
            )  # fmt: skip
            step("noted")
    except IntegrityError:
        # Another request with the key was faster: its answer is this one's too.
        uploads.forget(upload)
        known = _known(shop, key, sha)
        if known is None:
            raise
        return known
    step("taken")
    return batch


def _known(shop: Shop, key: str, sha: str) -> SentBatch | None:
    found = SentBatch.objects.select_related("job").filter(shop=shop, key=key).first()
    if found is not None and found.body_sha256 != sha:
        raise BodyRefused("key_used", when=found.created_at.isoformat(sep=" ", timespec="seconds"))
    return found


def _as_of(told: str, shop: Shop, now: datetime) -> datetime:
    """The time a batch speaks of, on the shop's clock: as told, else now."""
    if not told:
        return now
    if time_trouble(told):
        raise BodyRefused("as_of_wrong", found=told[:40].encode("utf-8", "replace").decode("utf-8"))
    at = datetime.fromisoformat(told)
    if at.tzinfo is not None:
        at = at.astimezone(ZoneInfo(shop.timezone)).replace(tzinfo=None)
    if at > now:
        raise BodyRefused("as_of_wrong", found=told)
    return at


def _errors(sheet: Sheet, staging: Path, shop: Shop, now: datetime) -> list[RowError]:
    try:
        return all_errors(sheet, staging, shop.timezone, now + CLOCKS_DIFFER)
    except IntakeRefused as refusal:
        raise BodyRefused(refusal.code, **refusal.params) from refusal


def sheet_and_options(kind_name: str, data: bytes, options: Options) -> tuple[Sheet, Options]:
    """The file of a batch that was taken, and how to read it."""
    sheet = sheet_of(SENT_KINDS[kind_name], read_body(data, MOST_ROWS))
    return sheet, Options(
        file_name=options.file_name,
        mapping=sheet.mapping,
        grain=sheet.grain,
        seen_at=options.seen_at,
        rows=ROW_RULES,
        refused=tuple(sheet.refused),
    )


def state_of(batch: SentBatch) -> tuple[str, ImportRun | None]:
    """How far a batch is: queued, running, done, undone, failed or cancelled. What is visible is done, whatever became
    of the worker that did it."""
    run = ImportRun.objects.filter(job=batch.job_id).first()
    if run is not None and run.state in (ImportState.DONE, ImportState.UNDONE):
        return str(run.state), run
    return str(batch.job.state), run


def forget_batches(now: datetime) -> int:
    """Delete batches, and with them their keys, after 30 days; how many went. Their imports stay."""
    old = SentBatch.objects.filter(created_at__lt=now - KEPT)
    return old.exclude(job__state__in=(JobState.QUEUED, JobState.RUNNING)).delete()[0]
