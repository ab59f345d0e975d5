"""The `customers` facts of an import: when and where each buyer was seen, and which kinds of contact exist."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.warehouse.contracts import CUSTOMERS
from laoke.warehouse.engine import connected, stored_sql
from laoke.warehouse.plan import incoming_sql

if TYPE_CHECKING:
    import duckdb
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
_BUYERS = """
SELECT $shop_id AS shop_id, t.customer_id,
       least(t.first_seen, s.first_seen) AS first_seen,
       coalesce(t.province, s.province, '') AS province, coalesce(t.city, s.city, '') AS city,
       coalesce(s.level, '') AS level,
{known}"""


def buyers(reader: Reader, seen: pa.Table, flags: pa.Table, *, shop_id: int, import_id: int) -> pa.Table:
    """Rows of `customers` for buyers as `seen_buyers` gives them, joined with what is stored of them."""
    with connected(reader.root) as connection:
        connection.register("told", seen)
        return _with_known(connection, reader, _BUYERS, flags, {"shop_id": shop_id, "import_id": import_id})


def people_told(reader: Reader, text: str, parts: list[Path], flags: pa.Table, **params: object) -> pa.Table:
    """Rows of `customers` by a statement over staged parts ({parts}) that ends in what is known of people ({known})."""
    with connected(reader.root) as connection:
        text = text.replace("{parts}", f"({incoming_sql(parts)})")
        return _with_known(connection, reader, text, flags, params)


def _with_known(
    connection: duckdb.DuckDBPyConnection,
    reader: Reader,
    text: str,
    flags: pa.Table,
    params: Mapping[str, object],
) -> pa.Table:
    connection.register("flags", flags)
    stored = stored_sql(reader.root / "customers", CUSTOMERS, reader.versions.get("customers"))
    connection.execute(f"CREATE VIEW stored AS {stored}")
    found = connection.execute(text.replace("{known}", _KNOWN), dict(params))
    return CUSTOMERS.conform(found.to_arrow_table())
