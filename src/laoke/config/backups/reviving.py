"""What a restored home needs before anybody works with it; a process of its own, with the new home as its place.

1 the ledger is filled (PostgreSQL) and brought to the newest form
2 erased people are erased again, refusals since the backup are refusals again
3 who may come in is who may now (`accounts`)
4 what ran then stands still: rounds wait for a person, because whom they reached since is not known here
5 every table that the newest entry names opens, and the audit says what happened
"""

from __future__ import annotations

import json
import os
import sys
import threading
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any


def revive(order: dict[str, Any]) -> dict[str, Any]:
    """Do the steps; numbers for people."""
    from django.core.management import call_command

    if order["schema"]:
        _fill(order["manifest"])
    call_command("migrate", verbosity=0, interactive=False)
    from django.conf import settings

    from laoke.config.backups import accounts
    from laoke.shops.clock import clock_from_env
    from laoke.shops.setup import check_keys

    check_keys(settings.PLACE.keys)
    now = clock_from_env().now().replace(microsecond=0)
    manifest, carried = order["manifest"], order["carried"]
    told: dict[str, Any] = {
        "erased_again": _erase_again(carried["tombstones"], now),
        "refused_again": _refuse_again(carried),
    }
    told |= {"paused": _stand_still(manifest["made_at"], now)}
    told |= accounts.carry_over(carried) if carried["read"] else accounts.close_all()
    _look()
    _record(manifest, told, now)
    _let_go()
    return told


def _fill(manifest: dict[str, Any]) -> None:
    """Make the tables as they were then, and copy the rows in."""
    from django.conf import settings
    from django.db import connection, transaction
    from django.db.migrations.executor import MigrationExecutor

    recorded = [(app, name) for app, name in manifest["migrations"]]
    executor = MigrationExecutor(connection)
    executor.migrate(_last_of_each(executor, recorded))
    tables: dict[str, list[str]] = manifest["ledger"]["tables"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in tables) + " CASCADE")
        for table, columns in tables.items():
            listed = ", ".join(f'"{name}"' for name in columns)
            with cursor.cursor.copy(f'COPY "{table}" ({listed}) FROM STDIN') as copy:  # type: ignore[attr-defined]
                for part in sorted((settings.PLACE.home / "ledger" / table).glob("*.z")):
                    copy.write(zlib.decompress(part.read_bytes()))
        for name, value in manifest["ledger"]["sequences"].items():
            cursor.execute("SELECT setval(%s::regclass, %s)", [f'"{name}"', value])


def _last_of_each(executor: Any, recorded: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of every app the migrations that no other recorded one of it follows."""
    graph, known = executor.loader.graph, set(recorded)
    return [
        node
        for node in recorded
        if not any(child.key in known and child.key[0] == node[0] for child in graph.node_map[node].children)
    ]


def _erase_again(tombstones: list[list[Any]], now: datetime) -> int:
    """Bury what was buried since, and erase whoever the backup has brought back; how many people."""
    from django.conf import settings
    from django.db import connection

    from laoke.customers import erasure
    from laoke.customers.models import Identity, Tombstone
    from laoke.shops.bulk import is_sqlite, pieces
    from laoke.shops.models import Owner, Shop, User

    owners = set(Owner.objects.values_list("pk", flat=True))
    stamp = now.isoformat(sep=" ") if is_sqlite() else now
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO customers_tombstone (digest, owner_id, created_at) VALUES (%s, %s, %s) "
            "ON CONFLICT (digest) DO NOTHING",
            [(digest, owner, stamp) for digest, owner in tombstones if owner in owners],
        )
    people: set[tuple[int, int]] = set()
    for piece in pieces(list(Tombstone.objects.values_list("digest", flat=True))):
        found = Identity.objects.filter(digest__in=list(piece))
        people |= set(found.values_list("customer__owner_id", "customer__person_id"))
    people = {(owner, person) for owner, person in people if owner is not None}
    by = (
        User.objects.filter(staff__role="owner").order_by("pk").first() or User.objects.order_by("pk").first()
    )
    if not people:
        return 0
    if by is None:
        raise LookupError("nobody is there who could answer for erasing people again")
    for owner, person in sorted(people):
        shop = Shop.objects.filter(owner_id=owner).order_by("pk")[0]
        erasure.request_erasure(shop, person, by=by, now=now)
    erasure.delete_records(now=now)
    erasure.rewrite_facts(settings.PLACE, now=now)
    return len(people)


def _refuse_again(carried: dict[str, Any]) -> int:
    """Opt-outs and withdrawn consents that came after the backup; how many."""
    from laoke.customers.models import Consent, OptOut
    from laoke.shops import dirty
    from laoke.shops.models import Shop

    shops, changed = set(Shop.objects.values_list("pk", flat=True)), 0
    for shop, channel, purpose, person, contact, source, words, at in carried["opt_outs"]:
        same = {
            "shop_id": shop, "channel": channel, "purpose": purpose, "person_id": person, "contact_digest": contact,
        }  # fmt: skip
        if shop not in shops or OptOut.objects.filter(**same, ended_at=None).exists():
            continue
        OptOut.objects.create(**same, source=source, words=words, at=datetime.fromisoformat(at))
        if person is not None:
            dirty.mark(shop, "customer_reach", [person])
        changed += 1
    for shop, person, channel, purpose, at in carried["withdrawn"]:
        given = Consent.objects.filter(
            shop_id=shop, person_id=person, channel=channel, purpose=purpose, withdrawn_at=None
        )
        if given.update(withdrawn_at=datetime.fromisoformat(at)):
            dirty.mark(shop, "customer_reach", [person])
            changed += 1
    return changed


def _stand_still(made_at: str, now: datetime) -> list[str]:
    """Pause what runs and sign everybody out; the names of what was paused.

    Tokens end: one that leaked and was revoked after the backup would open the shop again. Connections wait, because a
    copy that stands beside the house must not hear the platform's messages in its place.
    """
    from django.contrib.sessions.models import Session

    from laoke.dispatch import occasions
    from laoke.dispatch.models import Occasion, OccasionState
    from laoke.intake.models import Connection, ConnectionState
    from laoke.intake.top import connections
    from laoke.shops import tokens
    from laoke.shops.models import ApiToken, WorkerSeen

    reason = f"恢复自 {made_at} 的备份：那以后发过谁，这里不知道，接着发可能会再发一次"
    running = list(Occasion.objects.filter(state=OccasionState.RUNNING).select_related("shop").order_by("pk"))
    for occasion in running:
        occasions.pause(occasion, by=None, now=now, reason=reason)
    pulling = Connection.objects.filter(state=ConnectionState.ACTIVE).select_related("shop").order_by("pk")
    for connection in pulling:
        connections.pause(connection, by=None, now=now)
    for token in ApiToken.objects.filter(revoked_at=None).select_related("shop").order_by("pk"):
        tokens.revoke(token, by=None, now=now)
    Session.objects.all().delete()
    WorkerSeen.objects.all().delete()
    return [occasion.name for occasion in running]


def _look() -> None:
    from django.conf import settings

    from laoke.shops import catalog
    from laoke.warehouse.store import Warehouse

    entry = catalog.current()
    damage = Warehouse(settings.PLACE.warehouse).damage(entry.versions) if entry else []
    if damage:
        raise LookupError("; ".join(damage))


def _record(manifest: dict[str, Any], told: dict[str, Any], now: datetime) -> None:
    from laoke.shops import audit

    audit.record(
        "restore", shop=None, actor=None, at=now, subject=manifest["made_at"], count=told["erased_again"],
        catalog=manifest["catalog"], backup=manifest["id"], paused=len(told["paused"]),
        refused_again=told["refused_again"], closed=told["closed"],
    )  # fmt: skip


def _let_go() -> None:
    """SQLite's log back into the file: the file alone is what will be moved."""
    from django.db import connection

    from laoke.shops.bulk import is_sqlite

    if is_sqlite():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _end_with_the_parent() -> None:
    """Nobody is left to swap this home in, once standard input has ended."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def main(asked: Path, answered: Path) -> int:
    """Read the order, do it, write the answer; trouble goes to standard error."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "laoke.config.settings")
    import django

    django.setup()
    told = revive(json.loads(asked.read_text(encoding="utf-8")))
    answered.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    sys.stderr.flush()
    # deltalake may abort while the interpreter ends: the answer is there already.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
