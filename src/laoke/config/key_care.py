"""Changing the vault key of an installation: every package's sealed records, the uploads and the key file together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from laoke.customers.resealing import SEALED_HERE as OF_CUSTOMERS
from laoke.customers.resealing import reseal, sealed_with
from laoke.customers.sealing import reread_keys
from laoke.dispatch.sealed import SEALED_HERE as OF_DISPATCH
from laoke.dispatch.sealed import tests_under_way
from laoke.intake.loading.quarantine import SEALED_HERE as OF_INTAKE
from laoke.shops import audit, uploads
from laoke.shops.key_rotation import add_vault_key, copy_key_file, drop_vault_key
from laoke.shops.models import User
from laoke.shops.setup import check_keys

SEALED = (*OF_CUSTOMERS, *OF_DISPATCH, *OF_INTAKE)


class StillInUse(Exception):
    """A key cannot go yet: `counts` says what is sealed with it."""

    def __init__(self, key_id: str, counts: dict[str, int]) -> None:
        super().__init__(key_id, counts)
        self.key_id, self.counts = key_id, counts


@dataclass(frozen=True)
class VaultKey:
    """One vault key, and how many records are sealed with it."""

    key_id: str
    is_current: bool
    records: int


def vault_keys() -> list[VaultKey]:
    """The vault keys of the key file, oldest first."""
    ring = reread_keys().vault
    return [
        VaultKey(key_id, key_id == ring.current.key_id, sum(_in_use(key_id).values()))
        for key_id in sorted(ring.keys, key=lambda name: int(name.rsplit("-", 1)[1]))
    ]


def rotate(*, by: User | None, now: datetime) -> tuple[str, int]:
    """A new current vault key, and everything sealed anew with it: the new key's id, and how many records.

    A run that was cut short leaves all readable; `seal_anew` goes on where it stopped.
    """
    _, new = add_vault_key(settings.PLACE.keys)
    reread_keys()
    check_keys(settings.PLACE.keys)
    audit.record("keys.rotate", shop=None, actor=by, at=now, subject=new)
    return new, seal_anew(by=by, now=now)


def seal_anew(*, by: User | None, now: datetime) -> int:
    """Seal whatever an older key sealed with the current one; how many records."""
    ring = reread_keys().vault
    done = sum(reseal(SEALED, old) for old in sorted(ring.keys) if old != ring.current.key_id)
    audit.record("keys.reseal", shop=None, actor=by, at=now, subject=ring.current.key_id, count=done)
    return done


def drop(key_id: str, *, by: User | None, now: datetime) -> None:
    """Take an old vault key out of the file for good.

    Raises
    ------
    StillInUse
        while anything is sealed with it.
    KeyFileError
        when there is no such key, or it is the current one.
    """
    ring = reread_keys().vault
    counts = _in_use(key_id) if key_id != ring.current.key_id else {}
    if counts:
        raise StillInUse(key_id, counts)
    drop_vault_key(settings.PLACE.keys, key_id)
    reread_keys()
    audit.record("keys.drop", shop=None, actor=by, at=now, subject=key_id)


def export(target: Path, *, by: User | None, now: datetime) -> None:
    """Copy the key file, with an audit row. Raises KeyFileError when the target exists or cannot be written."""
    copy_key_file(settings.PLACE.keys, target)
    audit.record("keys.export", shop=None, actor=by, at=now)


def _in_use(key_id: str) -> dict[str, int]:
    counts = sealed_with(SEALED, key_id)
    if files := uploads.sealed_with(key_id):
        counts["uploads"] = files
    if tests := tests_under_way():
        counts["tests"] = tests
    return counts
