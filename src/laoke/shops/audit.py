"""The audit trail: append-only, each row's hash covers the row before it, so that a missing row shows."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from laoke.shops.models import AuditEvent, Shop, User

AUDIT_LOCK = 7_120_012


def record(
    act: str,
    *,
    shop: Shop | None,
    actor: User | None,
    at: datetime,
    subject: str = "",
    count: int = 0,
    **detail: Any,
) -> AuditEvent:
    """Write one audit row. `detail` must hold no personal data: counts, hashes and ids only."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # Two writers must not take the same predecessor; SQLite's immediate transaction sees to that by itself.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [AUDIT_LOCK])
        last = AuditEvent.objects.order_by("-pk").first()
        event = AuditEvent(
            shop=shop,
            at=at,
            actor=actor,
            actor_name=actor.username if actor else "laoke",
            act=act,
            subject=subject,
            count=count,
            detail=detail,
            previous_hash=last.hash if last else "",
        )
        event.hash = _hash_of(event)
        event.save(force_insert=True)
    return event


def first_break() -> AuditEvent | None:
    """The first row whose hash or predecessor is wrong, or None when the trail is whole."""
    previous = ""
    for event in AuditEvent.objects.order_by("pk").iterator():
        if event.previous_hash != previous or event.hash != _hash_of(event):
            return event
        previous = event.hash
    return None


def _hash_of(event: AuditEvent) -> str:
    content = json.dumps(
        [
            event.previous_hash,
            event.shop_id,
            event.at.isoformat(timespec="microseconds"),
            event.actor_name,
            event.act,
            event.subject,
            event.count,
            event.detail,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(content.encode()).hexdigest()
