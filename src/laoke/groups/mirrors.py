"""The present rows of the mirror `group_members`: who is in which group that is in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from laoke.customers.mirrors import among, fetched, listed_keys, mirror_table
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa


def member_rows(shop: Shop, people: Sequence[int] | None = None) -> pa.Table:
    """Rows of `group_members` for these persons (all when None)."""
    rows: list[tuple[Any, ...]] = []
    for listed, given in listed_keys(people):
        rows += fetched(
            f"{listed} SELECT m.person_id, g.name FROM groups_groupmember m "
            "JOIN groups_membergroup g ON g.id = m.group_id "
            f"WHERE g.shop_id = %s AND g.state = 'open' AND m.left_on IS NULL {among('m.person_id', people)}",
            [*given, shop.pk],
        )
    return mirror_table("group_members", shop, ("person_id", "group_name"), rows)
