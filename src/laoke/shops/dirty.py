"""The set of mirror keys that changed in the ledger and are not written to the warehouse yet.

A domain function marks a key in the same transaction as its change; the worker writes the key's state to the mirror
and then removes the mark, unless the revision has moved on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from laoke.shops.bulk import PARAMETERS_AT_ONCE, pieces
from laoke.shops.models import Dirty

_MARK = (
    "INSERT INTO shops_dirty (shop_id, mirror, key, revision) VALUES (%s, %s, %s, 1) "
    "ON CONFLICT (shop_id, mirror, key) DO UPDATE SET revision = shops_dirty.revision + 1"
)


def mark(shop_id: int, mirror: str, keys: Iterable[int | str]) -> None:
    """Mark keys of a mirror as changed. Call it inside the transaction of the change."""
    rows = [(shop_id, mirror, str(key)) for key in sorted({str(key) for key in keys})]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_MARK, rows)


def waiting(
    mirror: str, shop_id: int | None = None, limit: int | None = None
) -> list[tuple[int, int, str, int]]:
    """(row id, shop id, key, revision) of marked keys, oldest first."""
    rows = Dirty.objects.filter(mirror=mirror)
    if shop_id is not None:
        rows = rows.filter(shop_id=shop_id)
    return list(rows.order_by("pk").values_list("pk", "shop_id", "key", "revision")[:limit])


def clear(marks: Sequence[tuple[int, int, str, int]]) -> int:
    """Remove marks whose revision is still the one that was written; return how many went."""
    removed = 0
    with connection.cursor() as cursor:
        for piece in pieces(marks, PARAMETERS_AT_ONCE // 3):
            pairs = ", ".join(["(%s, %s)"] * len(piece))
            # By number, then by revision: SQLite takes the rows of a list of pairs one by one from the whole table.
            numbers = ", ".join(["%s"] * len(piece))
            cursor.execute(
                f"DELETE FROM shops_dirty WHERE id IN ({numbers}) AND (id, revision) IN (VALUES {pairs})",
                [*(mark[0] for mark in piece), *(value for mark in piece for value in (mark[0], mark[3]))],
            )
            removed += cursor.rowcount
    return removed
