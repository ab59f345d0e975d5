"""What the API says: refusals with a code and a sentence, the state of a batch, the errors of its rows."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from laoke.intake.models import SentBatch
from laoke.intake.sent.bodies import BodyRefused
from laoke.intake.sent.fields import SENT_KINDS, Field, SentKind, parts_of
from laoke.intake.sent.rows import RowError
from laoke.intake.sent.taking import KEPT, state_of
from laoke.intake.sent.wording import expected_of, reason_told, refusal_told

STATUSES = {
    "not_utf8": 400, "not_json": 400, "not_a_number": 400, "too_deep": 400, "body_shape": 400, "name_unknown": 400,
    "name_twice": 400, "key_missing": 400, "key_wrong": 400, "token_missing": 401, "token_wrong": 401,
    "scope_missing": 403, "not_found": 404, "method": 405, "too_large": 413, "media_type": 415, "encoding": 415,
    "too_many_requests": 429, "too_many_waiting": 429,
}  # fmt: skip
UNPROCESSABLE = 422
COUNTS = ("read", "new", "changed", "unchanged", "quarantined")
_PLACE = re.compile(r"\[\d+\]")


def said(content: dict[str, Any], status: int) -> HttpResponse:
    """JSON with Chinese as Chinese."""
    return JsonResponse(content, status=status, json_dumps_params={"ensure_ascii": False})


def refused(refusal: BodyRefused, kind: SentKind | None = None) -> HttpResponse:
    """A refusal of a whole request; nothing of it was done."""
    status = STATUSES.get(refusal.code, UNPROCESSABLE)
    content: dict[str, Any] = {"code": refusal.code, "message": refusal_told(refusal.code, refusal.params)}
    if refusal.errors:
        content["errors"] = _errors(refusal.errors, kind)
    answer = said(content, status)
    if "seconds" in refusal.params:
        answer["Retry-After"] = str(refusal.params["seconds"])
    if status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="laoke"'
    if "allowed" in refusal.params:
        answer["Allow"] = refusal.params["allowed"]
    return answer


def taken(batch: SentBatch) -> HttpResponse:
    """A batch that was taken, now or when the same request came before: how far it is, 202 while it is not over."""
    answer = status(batch, waiting=202)
    answer["Location"] = reverse("api_batch", args=[batch.pk])
    return answer


def status(batch: SentBatch, *, waiting: int = 200) -> HttpResponse:
    """How far a batch is, and what became of its rows."""
    state, run = state_of(batch)
    told: dict[str, Any] = _batch(batch) | {"state": state}
    if run is not None and run.counts:
        told["import"] = str(run.pk)
        told["counts"] = {name: run.counts[name] for name in COUNTS} | {
            "waiting": run.detail.get("waiting", 0)
        }
        told["finished_at"] = (
            run.finished_at.isoformat(sep=" ", timespec="seconds") if run.finished_at else None
        )
    if state in ("failed", "cancelled"):
        error: dict[str, Any] = batch.job.error if state == "failed" else {"code": "cancelled"}
        code, params = error.get("code", "broken"), error.get("params", {})
        told["error"] = {"code": code, "message": refusal_told(code, params)}
    over = state not in ("queued", "running")
    answer = said(told, 200 if over else waiting)
    if not over:
        answer["Retry-After"] = "2"
    return answer


def not_found() -> BodyRefused:
    return BodyRefused("not_found", days=KEPT.days)


def _batch(batch: SentBatch) -> dict[str, Any]:
    errors = [RowError(**error) for error in batch.errors]
    refused_rows = len({error.index for error in errors})
    return {
        "batch": str(batch.pk),
        "kind": batch.kind,
        "received_at": batch.created_at.isoformat(sep=" ", timespec="seconds"),
        "rows": batch.rows,
        "rows_taken": batch.rows - refused_rows,
        "rows_refused": refused_rows,
        "errors": _errors(errors, SENT_KINDS.get(batch.kind)),
        "status_url": reverse("api_batch", args=[batch.pk]),
    }


def _errors(errors: list[RowError], kind: SentKind | None) -> list[dict[str, Any]]:
    fields: dict[str, Field] = dict(parts_of(kind)) if kind else {}
    if kind:
        fields |= kind.by_name
    return [
        {
            "index": error.index,
            "field": error.field,
            "code": error.code,
            "found": error.params.get("found"),
            "expected": expected_of(fields.get(_PLACE.sub("[]", error.field))),
            "message": reason_told(error.code, error.params),
        }
        for error in errors
    ]
