"""The end of a test whose rows are seen by other connections: its rows are deleted, from the tables that have any.

Django would truncate all hundred tables and make the rights of all models anew, which takes a hundred times as long as
most such tests write. Here the rights stay, for they are the same after every test, and so do sequences, as with
Django.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.test import TransactionTestCase

# What Django makes again after every flush, the same every time.
STAYS = frozenset({"auth_permission", "django_content_type"})


@cache
def _question(alias: str) -> str:
    """One question for the names of all tables that have rows."""
    connection = connections[alias]
    names = sorted(set(connection.introspection.django_table_names()) - STAYS)
    quoted = {name: connection.ops.quote_name(name) for name in names}
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {table})" for name, table in quoted.items()
    )


def empty_ledger(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Delete every row of Django's models but their rights. Keys between tables are looked at in the end only, so the
    order does not matter."""
    connection = connections[alias]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(_question(alias))
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")


def _fixture_teardown(self: Any) -> None:
    for alias in self._databases_names(include_mirrors=False):
        empty_ledger(alias)


def empty_quickly() -> None:
    """Have every test with `transaction=True` end so."""
    case: Any = TransactionTestCase
    case._fixture_teardown = _fixture_teardown
