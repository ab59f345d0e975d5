"""Changing the vault key of an installation: every package's sealed records, the uploads and the key file together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from laoke.customers.resealing import SEALED_HERE as OF_CUSTOMERS
from laoke.customers.resealing import reseal, sealed_with
from laoke.customers.sealing import keys
from laoke.dispatch.sealed import SEALED_HERE as OF_DISPATCH
from laoke.dispatch.sealed import tests_under_way
from laoke.intake.loading.quarantine import SEALED_HERE as OF_INTAKE
from laoke.intake.top.connections import SEALED_HERE as OF_CONNECTIONS
from laoke.promotions.rewards.lotteries import SEALED as OF_REWARDS
from laoke.service.cases import SEALED as OF_SERVICE
from laoke.shops import audit, uploads
from laoke.shops.key_rotation import add_vault_key, changing_keys, copy_key_file, drop_vault_key, put_back
from laoke.shops.models import Job, JobState, User
from laoke.shops.open_files import read_text
from laoke.shops.setup import check_keys

SEALED = (*OF_CUSTOMERS, *OF_DISPATCH, *OF_INTAKE, *OF_CONNECTIONS, *OF_REWARDS, *OF_SERVICE)


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
    ring = keys().vault
    return [
        VaultKey(key_id, key_id == ring.current.key_id, sum(_in_use(key_id).values()))
        for key_id in sorted(ring.keys, key=lambda name: int(name.rsplit("-", 1)[1]))
    ]


def rotate(*, by: User | None, now: datetime) -> tuple[str, int]:
    """A new current vault key, and everything sealed anew with it: the new key's id, and how many records.

    A run that was cut short leaves all readable; `seal_anew` goes on where it stopped.

    Raises
    ------
    KeyFileError
        while another process changes the keys.
    """
    with changing_keys(settings.PLACE.keys):
        _, new = add_vault_key(settings.PLACE.keys)
        check_keys(settings.PLACE.keys)
        audit.record("keys.rotate", shop=None, actor=by, at=now, subject=new)
        return new, _seal_anew(by=by, now=now)


def seal_anew(*, by: User | None, now: datetime) -> int:
    """Seal whatever an older key sealed with the current one; how many records.

    Raises
    ------
    KeyFileError
        while another process changes the keys.
    """
    with changing_keys(settings.PLACE.keys):
        return _seal_anew(by=by, now=now)


def _seal_anew(*, by: User | None, now: datetime) -> int:
    ring = keys().vault
    done = sum(reseal(SEALED, old) for old in sorted(ring.keys) if old != ring.current.key_id)
    audit.record("keys.reseal", shop=None, actor=by, at=now, subject=ring.current.key_id, count=done)
    return done


def drop(key_id: str, *, by: User | None, now: datetime) -> None:
    """Take an old vault key out of the file for good.

    Raises
    ------
    StillInUse
        while anything is sealed with it, or a job runs that may have begun to seal with it.
    KeyFileError
        when there is no such key, it is the current one, or another process changes the keys.
    """
    path = settings.PLACE.keys
    with changing_keys(path):
        ring = keys().vault
        if key_id in ring.keys and key_id != ring.current.key_id:
            _refuse_in_use(key_id)
        before = read_text(path)
        drop_vault_key(path, key_id)
        try:
            # Whoever took the key before it went may have written meanwhile; whoever comes now finds the new one.
            _refuse_in_use(key_id)
        except StillInUse:
            put_back(path, before)
            raise
        audit.record("keys.drop", shop=None, actor=by, at=now, subject=key_id)


def _refuse_in_use(key_id: str) -> None:
    counts = _in_use(key_id)
    if running := Job.objects.filter(state=JobState.RUNNING).count():
        counts["jobs"] = running
    if counts:
        raise StillInUse(key_id, counts)


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
