"""What a forked child does in the backup tests: fill a shop, back it up, restore it, tell what both stores hold."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from laoke.config.backups import restoring, sealed, taking
from laoke.shops import catalog
from laoke.shops.models import CatalogEntry, Role, Shop, User
from laoke.shops.setup import add_shop, add_user, check_keys
from laoke.warehouse.store import Warehouse
from tests.crash import imports_tasks

NOW = imports_tasks.NOW
KILLED = 137
REFUSED = 3
PASSPHRASE = "correct horse battery staple"
QUICK = 4  # scrypt's cost is no concern here
# What a restore itself writes, and what it ends.
RESTORES_OWN = ("shops_auditevent", "django_session", "shops_workerseen")

warm_up = imports_tasks.warm_up
take = imports_tasks.take


def make_shop() -> None:
    check_keys(settings.PLACE.keys)
    shop = add_shop("书店", now=NOW)
    add_user("boss", shops=[shop], role=Role.OWNER, now=NOW)


def freeze(text: str) -> None:
    """Freeze a segment: a file of its own, and an entry that is pinned."""
    from laoke.audiences.snapshots import freeze as freeze_segment

    freeze_segment(Shop.objects.get(), text, now=NOW, by=User.objects.get())


class _Stepper:
    """Dies at the n-th pass of a step, and keeps what was passed."""

    def __init__(self, die_at: str, nth: int) -> None:
        self._die_at, self._nth, self.passed = die_at, nth, Counter[str]()

    def __call__(self, name: str) -> None:
        self.passed[name] += 1
        if name == self._die_at and self.passed[name] == self._nth:
            os._exit(KILLED)


def back_up(target: str, die_at: str = "", nth: int = 1, told: str = "", slow: float = 0.0) -> None:
    """Make a backup, or be refused: then the code stands in `told` and the status is REFUSED."""
    step = _Stepper(die_at, nth)

    def slowly(name: str) -> None:
        time.sleep(slow)
        step(name)

    try:
        found = taking.take(settings.PLACE, Path(target), PASSPHRASE, now=NOW, step=slowly, log_n=QUICK)
    except taking.BackupRefused as refusal:
        _tell(told, {"code": refusal.code, "text": refusal.text})
        os._exit(REFUSED)
    _tell(told, {**found, "passed": dict(step.passed)})


def back_up_to_a_full_disk(target: str, room: int, told: str) -> None:
    """As if the disk had room for so many bytes."""

    class Full:
        def __init__(self, out: Any) -> None:
            self._out, self._written = out, 0

        def write(self, data: bytes) -> int:
            self._written += len(data)
            if self._written > room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self._out.write(data))

    class FullMembers(sealed.Members):
        def __init__(self, out: Any, *given: Any) -> None:
            super().__init__(Full(out), *given)  # type: ignore[arg-type]

    taking.Members = FullMembers  # type: ignore[misc]
    back_up(target, told=told)


def restore(
    source: str,
    die_at: str = "",
    nth: int = 1,
    told: str = "",
    passphrase: str = PASSPHRASE,
    **options: Any,
) -> None:
    step = _Stepper(die_at, nth)
    for name in ("keys", "erased_in"):
        if name in options:
            options[name] = Path(options[name])
    try:
        found = restoring.restore(settings.PLACE, Path(source), passphrase, step=step, **options)
    except restoring.RestoreRefused as refusal:
        _tell(told, {"code": refusal.code, "text": refusal.text})
        os._exit(REFUSED)
    _tell(told, {**found, "passed": dict(step.passed)})


def finish(told: str = "") -> None:
    found = restoring.finish(settings.PLACE)
    _tell(told, found or {})


def _tell(path: str, content: dict[str, Any]) -> None:
    if path:
        Path(path).write_text(json.dumps(content, ensure_ascii=False, default=str), encoding="utf-8")


def look(told: str) -> None:
    """Rows and hash of every table of both stores, and of the frozen lists."""
    _tell(told, {"ledger": _ledger(), "warehouse": _warehouse(), "lists": _lists()})


def _ledger() -> dict[str, list[Any]]:
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        return {table: _hashed(_rows(cursor, table)) for table in tables if table not in RESTORES_OWN}


def _rows(cursor: Any, table: str) -> list[str]:
    cursor.execute(f'SELECT * FROM "{table}"')
    return sorted(
        repr([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in cursor.fetchall()
    )


def _hashed(rows: Sequence[str]) -> list[Any]:
    return [len(rows), hashlib.sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()]


def _warehouse() -> dict[str, list[Any]]:
    """Every table as the newest entry names it, and as the pinned ones do."""
    entry, found = catalog.current(), {}
    named = [*([entry] if entry else []), *CatalogEntry.objects.filter(pinned=True).order_by("pk")]
    for one in named:
        reader = Warehouse(settings.PLACE.warehouse).reader(one.versions)
        for table in sorted(one.versions):
            rows = reader.sql(f"SELECT * FROM {table}").to_pylist()
            found[f"{one.pk} {table}"] = _hashed(sorted(repr(list(row.values())) for row in rows))
    return found


def _lists() -> dict[str, str]:
    folder = settings.PLACE.snapshots
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*"))}


def audit_is_whole() -> None:
    from laoke.shops import audit

    assert audit.verify().whole


def erase(nick: str) -> None:
    """Erase whoever has this nick, up to the facts."""
    from laoke.customers import erasure

    shop, boss = Shop.objects.get(), User.objects.get()
    erasure.request_erasure(shop, person_of(nick), by=boss, now=NOW)
    assert erasure.delete_records(now=NOW) == 1
    assert erasure.rewrite_facts(settings.PLACE, now=NOW) is not None


def person_of(nick: str) -> int:
    from laoke.customers.identities import key_digests, usable_keys
    from laoke.customers.models import Identity

    digests = key_digests(Shop.objects.get(), [usable_keys({"nick": nick})])[0]
    return int(
        Identity.objects.filter(digest__in=list(digests)).values_list("customer__person_id", flat=True)[0]
    )


def opt_out(nick: str) -> None:
    from laoke.customers import consent

    consent.opt_out(Shop.objects.get(), "sms", now=NOW, source="service", person_id=person_of(nick))


def people(told: str, nicks: Sequence[str]) -> None:
    """What is known of these people: whether they are there at all, and how many refusals there are."""
    from laoke.customers.models import Erasure, OptOut, Tombstone

    known = {}
    for nick in nicks:
        with suppress(IndexError):
            known[nick] = person_of(nick)
    entry = catalog.current()
    rows = Warehouse(settings.PLACE.warehouse).reader(entry.versions).rows(
        "SELECT order_id, customer_id FROM orders"
    ) if entry else []  # fmt: skip
    _tell(
        told,
        {
            "known": known, "tombstones": Tombstone.objects.count(), "opt_outs": OptOut.objects.count(),
            "erasures": list(Erasure.objects.values_list("vault_deleted_at", "facts_rewritten_at")),
            "buyers": {row["order_id"]: row["customer_id"] for row in rows},
        },
    )  # fmt: skip


def run_a_round() -> None:
    from laoke.dispatch.models import Occasion, OccasionState

    Occasion.objects.create(
        shop=Shop.objects.get(), kind="round", name="第一轮", channel="handover", state=OccasionState.RUNNING,
        not_before=NOW, not_after=datetime(2019, 1, 31), created_at=NOW,
    )  # fmt: skip


def rounds(told: str) -> None:
    from laoke.dispatch.models import Occasion

    _tell(told, {"rounds": list(Occasion.objects.values_list("name", "state", "pause_reason"))})


def have_staff() -> None:
    """Four who work here, by their names what becomes of them after the backup."""
    shop = Shop.objects.get()
    for name, role in (("stays", Role.OPERATOR), ("leaves", Role.OWNER), ("falls", Role.OWNER)):
        add_user(name, shops=[shop], role=role, now=NOW, password="the first one")


def change_staff() -> None:
    """A password, a dismissal, a lower role and a newcomer."""
    from laoke.shops import staff

    shop, boss = Shop.objects.get(), User.objects.get(username="boss")
    stays = User.objects.get(username="stays")
    stays.set_password("the second one")
    stays.save()
    staff.dismiss(shop.staff.get(user__username="leaves"), by=boss, now=NOW)
    staff.give_role(shop.staff.get(user__username="falls"), Role.DESIGNER, by=boss, now=NOW)
    staff.hire(shop, "comes", name="新来的", role=Role.SERVICE, by=boss, now=NOW)


def forget_account(username: str) -> None:
    """As if the ledger were one from before the account."""
    User.objects.filter(username=username).delete()


def open_account(username: str) -> None:
    from laoke.shops import staff

    staff.give_password(User.objects.get(username=username))


def accounts(told: str) -> None:
    """Of everybody: who may sign in with which of the two passwords, and the role; and what the audit counts closed."""
    from laoke.shops.models import AuditEvent

    found = {
        user.username: [
            user.is_active,
            next((text for text in ("the first one", "the second one") if user.check_password(text)), None),
            [one.role for one in user.staff.all()],
        ]
        for user in User.objects.all()
    }
    row = AuditEvent.objects.filter(act="restore").last()
    _tell(told, {"accounts": found, "closed": row.detail["closed"] if row else None})


def open_doors() -> None:
    """Give a system of the shop a token, and connect the shop to its platform."""
    from datetime import timedelta

    from laoke.intake.models import Connection
    from laoke.intake.top import connections
    from laoke.shops.tokens import make_token

    shop, boss = Shop.objects.get(), User.objects.get()
    make_token(shop, name="ERP", scopes=[], days=30, by=boss, now=NOW)
    made = {"app_key": "12345", "secret": "no secret", "session": "no session", "by": boss, "now": NOW}
    connections.connect(shop, **made)  # type: ignore[arg-type]
    Connection.objects.update(lease_until=NOW + timedelta(minutes=10))


def doors(told: str) -> None:
    """Which tokens are revoked, and how the connections stand."""
    from laoke.intake.models import Connection
    from laoke.shops.models import ApiToken

    revoked = [at is not None for at in ApiToken.objects.values_list("revoked_at", flat=True)]
    _tell(
        told,
        {"revoked": revoked, "connections": list(Connection.objects.values_list("state", "lease_until"))},
    )


def be_at_work(seconds: float) -> None:
    """Be the worker, as far as anybody else can see."""
    from laoke.shops.presence import at_work

    Shop.objects.count()
    with at_work(settings.PLACE.home, "worker"):
        time.sleep(seconds)
