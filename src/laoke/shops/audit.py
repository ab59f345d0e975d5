"""The audit trail: append-only, each row's hash covers the row before it and is made with a key outside the database.

Whoever owns the database alone can neither change a row nor recompute the trail behind it. Rows from before there was a
key carry a plain hash; the row `audit.keyed` closes them off, and none may follow it. What no chain can show by itself,
rows cut off at its end, an anchor shows: the head's number, hash and count, kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from laoke.shops.keys import Key, load_keys
from laoke.shops.models import AuditEvent, Shop, User

AUDIT_LOCK = 7_120_012
KEYED = "audit.keyed"  # the row that closes off those without key
PURPOSE = b"laoke audit chain"
SUBJECT_LENGTH = AuditEvent._meta.get_field("subject").max_length or 0


class AnchorUnreadable(Exception):
    """A file that is no anchor of an audit trail."""


@dataclass(frozen=True)
class Anchor:
    """The head of the trail at one moment: its row's number and hash, and how many rows there were up to it."""

    row: int
    hash: str
    count: int
    at: str

    def as_text(self) -> str:
        return json.dumps({"laoke": "audit anchor", **asdict(self)}, ensure_ascii=False, indent=1)


@dataclass(frozen=True)
class Verdict:
    """What a check of the trail found: how many rows, and the first that is wrong with why.

    `reason` is '' when all is whole, else `changed` (the row's hash), `gap` (its predecessor), `unkeyed` (a row without
    key where none may be), `no_key` (made with a key that the key file lacks), or against an anchor `cut_off` (its row
    is gone), `rewritten` (its row has another hash) or `count`.
    """

    rows: int
    broken: AuditEvent | None = None
    reason: str = ""

    @property
    def whole(self) -> bool:
        return not self.reason


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
    """Write one audit row. `detail` must hold no personal data: counts, hashes and ids only. A subject that is longer
    than its column, the name of a file say, is cut there and stands whole in `detail`."""
    if len(subject) > SUBJECT_LENGTH:
        subject, detail = f"{subject[: SUBJECT_LENGTH - 1]}…", {**detail, "subject": subject}
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
        sign(event)
        event.save(force_insert=True)
    return event


def sign(event: Any) -> None:
    """Give a row its key and hash. The migration that brought the key signs with it too."""
    key = _current_key()
    event.key_id = key.key_id
    event.hash = _keyed_hash(event, key)


def verify(anchor: Anchor | None = None) -> Verdict:
    """Walk the whole trail; with an anchor also see that its row stands where it stood."""
    previous, count, unkeyed, closed = "", 0, 0, False
    last: AuditEvent | None = None
    at_anchor: tuple[str, int] | None = None
    for event in AuditEvent.objects.order_by("pk").iterator():
        if event.previous_hash != previous:
            return Verdict(count, event, "gap")
        if reason := _wrong(event, closed=closed, unkeyed=unkeyed):
            return Verdict(count, event, reason)
        previous, count, last = event.hash, count + 1, event
        unkeyed += not event.key_id
        closed = bool(event.key_id)
        if anchor is not None and event.pk == anchor.row:
            at_anchor = (event.hash, count)
    if last is not None and not closed:
        return Verdict(count, last, "unkeyed")
    if anchor is not None and at_anchor != (anchor.hash, anchor.count):
        return Verdict(count, AuditEvent.objects.filter(pk=anchor.row).first(), _against(anchor, at_anchor))
    return Verdict(count)


def _wrong(event: AuditEvent, *, closed: bool, unkeyed: int) -> str:
    """Why a row cannot stand behind those before it; '' when it can."""
    if not event.key_id:
        return "unkeyed" if closed else "" if event.hash == _plain_hash(event) else "changed"
    key = load_keys(settings.PLACE.keys).identity.keys.get(event.key_id)
    if key is None:
        return "no_key"
    if not hmac.compare_digest(event.hash, _keyed_hash(event, key)):
        return "changed"
    # The first row with a key counts the rows without: they can be neither fewer nor made up later.
    opens = not closed and unkeyed
    return "changed" if opens and (event.act, event.count) != (KEYED, unkeyed) else ""


def _against(anchor: Anchor, found: tuple[str, int] | None) -> str:
    if found is None:
        return "cut_off"
    return "rewritten" if found[0] != anchor.hash else "count"


def first_break() -> AuditEvent | None:
    """The first row whose hash or predecessor is wrong, or None when the trail is whole."""
    return verify().broken


def take_anchor(*, shop: Shop | None, actor: User | None, at: datetime) -> Anchor:
    """The trail's head now, to be kept elsewhere; that it was taken is the head's own row."""
    with transaction.atomic():
        head = record("audit.anchor", shop=shop, actor=actor, at=at)
        count = AuditEvent.objects.filter(pk__lte=head.pk).count()
    return Anchor(head.pk, head.hash, count, at.isoformat(sep=" ", timespec="seconds"))


def read_anchor(text: str) -> Anchor:
    """An anchor from its file.

    Raises
    ------
    AnchorUnreadable
    """
    try:
        content = json.loads(text)
        if content.pop("laoke") != "audit anchor":
            raise AnchorUnreadable("not an anchor")
        found = Anchor(**content)
        return Anchor(int(found.row), str(found.hash), int(found.count), str(found.at))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnchorUnreadable(str(error)) from error


def _current_key() -> Key:
    # The identity keys, because they never change: an old copy of the key file verifies the whole trail.
    return load_keys(settings.PLACE.keys).identity.current


def _keyed_hash(event: Any, key: Key) -> str:
    content = _content(event, key.key_id).encode()
    return hmac.new(key.derived(PURPOSE), content, hashlib.sha256).hexdigest()


def _plain_hash(event: Any) -> str:
    return hashlib.sha256(_content(event).encode()).hexdigest()


def _content(event: Any, *more: str) -> str:
    return json.dumps(
        [
            event.previous_hash,
            event.shop_id,
            event.at.isoformat(timespec="microseconds"),
            event.actor_name,
            event.act,
            event.subject,
            event.count,
            event.detail,
            *more,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
