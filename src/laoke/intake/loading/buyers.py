"""The `customers` facts of an import: when and where each buyer was seen, and which kinds of contact exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from laoke.warehouse.contracts import CUSTOMERS
from laoke.warehouse.engine import connected, stored_sql
from laoke.warehouse.plan import incoming_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader

# What is stored of people (`stored`) beside what a file says of them (`flags`). Contact kinds only ever grow: an export
# without phones does not take a phone away.
_KNOWN = """
       CASE WHEN coalesce(f.birthday, '') <> '' THEN f.birthday ELSE coalesce(s.birthday, '') END AS birthday,
       coalesce(f.has_nick, false) OR coalesce(s.has_nick, false) AS has_nick,
       coalesce(f.phone_state, 'none') <> 'none' OR coalesce(s.has_phone, false) AS has_phone,
       coalesce(f.has_email, false) OR coalesce(s.has_email, false) AS has_email,
       CASE WHEN 'valid' IN (f.phone_state, s.phone_state) THEN 'valid'
            WHEN 'invalid' IN (f.phone_state, s.phone_state) THEN 'invalid'
            WHEN 'masked' IN (f.phone_state, s.phone_state) THEN 'masked' ELSE 'none' END AS phone_state,
       coalesce(s.import_id, $import_id) AS import_id
FROM told AS t
LEFT JOIN flags AS f ON f.customer_id = t.customer_id
LEFT JOIN stored AS s ON s.shop_id = $shop_id AND s.customer_id = t.customer_id"""
# A later order says where a buyer lives now; the earliest says since when they are known. Ties end the same way
# whatever the order of files.
_SEEN = """
WITH told AS (
  SELECT o.customer_id, min(o.created_at) AS first_seen,
         max(CASE WHEN o.province <> '' THEN (o.created_at, o.province, o.city) END) AS place
  FROM {parts} AS o WHERE o.customer_id IS NOT NULL GROUP BY o.customer_id
)
SELECT $shop_id AS shop_id, t.customer_id,
       least(t.first_seen, s.first_seen) AS first_seen,
       coalesce(t.place[2], s.province, '') AS province, coalesce(t.place[3], s.city, '') AS city,
       coalesce(s.level, '') AS level,
{known}"""


def buyers(
    reader: Reader, order_parts: list[Path], flags: pa.Table, *, shop_id: int, import_id: int
) -> pa.Table:
    """Rows of `customers` for the buyers of staged orders, joined with what is stored of them."""
    return people_told(reader, _SEEN, order_parts, flags, shop_id=shop_id, import_id=import_id)


def people_told(reader: Reader, text: str, parts: list[Path], flags: pa.Table, **params: object) -> pa.Table:
    """Rows of `customers` by a statement over staged parts ({parts}) that ends in what is known of people ({known})."""
    with connected(reader.root) as connection:
        connection.register("flags", flags)
        stored = stored_sql(reader.root / "customers", CUSTOMERS, reader.versions.get("customers"))
        connection.execute(f"CREATE VIEW stored AS {stored}")
        found = connection.execute(text.format(parts=f"({incoming_sql(parts)})", known=_KNOWN), params)
        return CUSTOMERS.conform(found.to_arrow_table())
