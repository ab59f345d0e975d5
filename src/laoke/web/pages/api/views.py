"""The API's views: a batch of facts in, how far it is, and the description of it all."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from laoke.audiences.schema import filter_schema
from laoke.intake.models import SentBatch
from laoke.intake.sent.bodies import BodyRefused
from laoke.intake.sent.fields import SENT_KINDS
from laoke.intake.sent.taking import take_batch
from laoke.shops.clock import live_now
from laoke.web.pages.api.access import READ, answers, body_of, token_for
from laoke.web.pages.api.answers import not_found, refused, said, status, taken
from laoke.web.pages.api.openapi import document


@answers("POST")
def facts(request: HttpRequest, kind: str) -> HttpResponse:
    """One batch: answered with 202 and its errors by row once it is safely kept; a worker writes it."""
    found = SENT_KINDS.get(kind)
    if found is None:
        raise not_found()
    token = token_for(request, f"facts:{kind}")
    data = body_of(request)
    try:
        batch = take_batch(
            token, found, request.headers.get("Idempotency-Key", ""), data,
            staging=settings.PLACE.staging, now=live_now(token.shop.timezone),
        )  # fmt: skip
    except BodyRefused as refusal:
        return refused(refusal, found)
    return taken(batch)


@answers("GET")
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a batch of the token's shop is."""
    token = token_for(request, READ)
    found = (
        SentBatch.objects.select_related("job").filter(shop=token.shop, pk=pk).first() if pk < 2**63 else None
    )
    if found is None:
        raise not_found()
    return status(found)


@answers("GET")
def description(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document: what this page says is what the checks read."""
    return said(document(), 200)


@answers("GET")
def filter_tree(request: HttpRequest) -> HttpResponse:
    """The JSON schema of a filter's tree."""
    return said(filter_schema(), 200)


@answers("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
def nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    raise not_found()
