"""What colleagues write down about a person: free text, sealed, for those who talk with buyers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.customers.models import Erasure, PersonNote
from laoke.customers.sealing import Sealer, VaultError, open_text
from laoke.customers.vault import SCHEMA
from laoke.shops import audit
from laoke.shops.models import Shop, User

LONGEST = 1_000


class NoteRefused(Exception):
    """A note that is not taken; `code` is `empty`, `too_long` or `erasing`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Note:
    """A note in clear, or '' when no key opens it."""

    pk: int
    text: str
    by: str
    at: datetime


def add(shop: Shop, person_id: int, text: str, *, by: User, now: datetime) -> PersonNote:
    """Seal a note about a person.

    Raises
    ------
    NoteRefused
    """
    text = text.strip()
    if not text:
        raise NoteRefused("empty")
    if len(text) > LONGEST:
        raise NoteRefused("too_long")
    if Erasure.objects.filter(owner_id=shop.owner_id, person_id=person_id).exists():
        raise NoteRefused("erasing")
    sealer = Sealer()
    with transaction.atomic():
        row = PersonNote.objects.create(
            shop=shop, person_id=person_id, sealed=sealer.seal(text, _bound(shop.pk, person_id)),
            key_id=sealer.key_id, created_by=by, at=now,
        )  # fmt: skip
        audit.record("note.add", shop=shop, actor=by, at=now, subject=str(person_id))
    return row


def remove(shop: Shop, note_id: int, *, by: User, now: datetime) -> bool:
    """Delete a note; False when it is gone already."""
    with transaction.atomic():
        row = PersonNote.objects.filter(shop=shop, pk=note_id).first()
        if row is None:
            return False
        row.delete()
        audit.record("note.remove", shop=shop, actor=by, at=now, subject=str(row.person_id))
    return True


def of_people(shop: Shop, people: Sequence[int]) -> list[Note]:
    """The notes of these numbers (a person and those merged into them), the newest first."""
    rows = PersonNote.objects.filter(shop=shop, person_id__in=list(people)).select_related("created_by")
    return [_opened(row) for row in rows.order_by("-at", "-pk")]


def _opened(row: PersonNote) -> Note:
    by = (row.created_by.get_full_name() or row.created_by.username) if row.created_by else ""
    return Note(row.pk, plain(row), by, row.at)


def plain(row: PersonNote) -> str:
    """The text of a note; '' when no key opens it."""
    try:
        return open_text(bytes(row.sealed), row.key_id, bound_to(row))
    except VaultError:
        return ""


def bound_to(row: Any) -> str:
    """What a note is sealed for."""
    return _bound(row.shop_id, row.person_id)


def _bound(shop_id: int, person_id: int) -> str:
    return f"note|{shop_id}|{person_id}|{SCHEMA}"
