"""What stands in a home before a restore: whether anything does, who is connected, and what must not be forgotten.

Refusals are never taken back by a restore: people who were erased, opted out or withdrew their consent after the backup
was made stay erased, refused and withdrawn. And who may come in is a matter of now: accounts, passwords and roles.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader

from laoke.shops.keys import Keys
from laoke.shops.place import Place

CARRIED = {
    "tombstones": "SELECT digest, owner_id FROM customers_tombstone ORDER BY digest",
    "opt_outs": "SELECT shop_id, channel, purpose, person_id, contact_digest, source, words, at FROM customers_optout "
    "WHERE ended_at IS NULL ORDER BY id",
    "withdrawn": "SELECT shop_id, person_id, channel, purpose, withdrawn_at FROM customers_consent "
    "WHERE withdrawn_at IS NOT NULL ORDER BY id",
    "accounts": "SELECT username, password, is_active, must_change_password, first_name, date_joined FROM shops_user "
    "ORDER BY id",
    "staff": "SELECT username, shop_id, role FROM shops_staff JOIN shops_user ON shops_user.id = user_id "
    "ORDER BY shops_staff.id",
    "shops": "SELECT id FROM shops_shop ORDER BY id",
}


def is_occupied(place: Place) -> bool:
    """Whether somebody's data is here: a shop in the ledger, or tables of facts."""
    if place.local_tables.is_dir() and any(place.local_tables.iterdir()):
        return True
    try:
        return bool(_rows("SELECT id FROM shops_shop LIMIT 1"))
    except DatabaseError:
        # No tables yet, or a database that cannot be read: then there may be something to lose.
        return _has_ledger() and connection.vendor == "sqlite"


def _has_ledger() -> bool:
    return connection.vendor != "sqlite" or _size(Path(connection.settings_dict["NAME"])) > 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _rows(sql: str) -> list[tuple[Any, ...]]:
    if not _has_ledger():  # opening would make the file
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def other_sessions() -> int:
    """How many others are connected to a PostgreSQL ledger; a SQLite one has lock files (`presence`)."""
    if connection.vendor != "postgresql":
        return 0
    found = _rows(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return int(found[0][0])


def sessions_that_stay(patience: float) -> int:
    """`other_sessions`, once they had so many seconds to end: those of a process that was killed end by themselves."""
    until = time.monotonic() + patience
    while (others := other_sessions()) and time.monotonic() < until:
        time.sleep(0.1)
    return others


def unknown_migrations(recorded: list[list[str]]) -> list[list[str]]:
    """Migrations that this version does not have: then the backup is of a newer one."""
    known = MigrationLoader(None).disk_migrations
    return [one for one in recorded if known is not None and tuple(one) not in known]


def keys_fit(keys: Keys, recorded: list[list[str]]) -> bool:
    """Whether a key file belongs to the ledger whose check values these are."""
    fits = []
    for kind, key_id, check_value in recorded:
        key = getattr(keys, kind).keys.get(key_id)
        if key is not None:
            fits.append((kind, key.check_value() == check_value))
    return all(fit for _, fit in fits) and any(kind == "identity" for kind, _ in fits)


def newer_than_backup(place: Place, manifest: dict[str, Any]) -> dict[str, Any]:
    """The refusals and accounts that the present ledger knows; `read` is False when there is none that can be read.

    Another house's ledger has nothing to say: its digests are made with other keys.
    """
    nothing: dict[str, Any] = {"read": False, **{name: [] for name in CARRIED}}
    try:
        checks = [list(row) for row in _rows("SELECT kind, key_id, check_value FROM shops_keycheck")]
        same_house = any(check in manifest["keys"] for check in checks if check[0] == "identity")
        if not same_house:
            return nothing
        found = {
            name: [[_plain(value) for value in row] for row in _rows(_as_it_stands(name))] for name in CARRIED
        }
    except (DatabaseError, ImproperlyConfigured):
        connection.close()
        return nothing
    return {"read": True, **found}


# A ledger from before purposes were kept apart has no such column: its refusals are of all, its consents of marketing.
_WITHOUT_PURPOSE = {
    "opt_outs": ("customers_optout", "'all'"),
    "withdrawn": ("customers_consent", "'marketing'"),
}


def _as_it_stands(name: str) -> str:
    """The query of what is carried, for the ledger as it stands, which may be older than this version."""
    if name not in _WITHOUT_PURPOSE or not _has_ledger():
        return CARRIED[name]
    table, meant = _WITHOUT_PURPOSE[name]
    with connection.cursor() as cursor:
        columns = {column.name for column in connection.introspection.get_table_description(cursor, table)}
    return CARRIED[name] if "purpose" in columns else CARRIED[name].replace("purpose", meant)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else str(value)


# The new ledger on PostgreSQL: tables in a schema of their own, which then take the place of the others.


def make_schema(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{name}"')


def drop_schemas(beginning: str) -> None:
    """Drop the schemas of restores that came to nothing."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [beginning])
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP SCHEMA "{name}" CASCADE')


def take_over(schema: str) -> None:
    """In one transaction: the ledger's tables go, those of the schema take their place. Done already: nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema])
        if not cursor.fetchall():
            return
        cursor.execute("SELECT current_schema()")
        ours = cursor.fetchone()[0]
        fresh = _tables(cursor, schema)
        known = set(connection.introspection.django_table_names()) | set(fresh)
        old = [name for name in _tables(cursor, ours) if name in known]
        if old:
            cursor.execute("DROP TABLE " + ", ".join(f'"{ours}"."{name}"' for name in old) + " CASCADE")
        for name in fresh:
            cursor.execute(f'ALTER TABLE "{schema}"."{name}" SET SCHEMA "{ours}"')
        cursor.execute(f'DROP SCHEMA "{schema}" CASCADE')


def _tables(cursor: Any, schema: str) -> list[str]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", [schema])
    return [row[0] for row in cursor.fetchall()]
