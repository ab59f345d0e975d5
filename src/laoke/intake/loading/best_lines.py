"""The goods of an order stand once, however many kinds of files tell them.

A line with a number of the platform's own says most; one that is named after its product (`床单#1`) less; one that is
numbered as it stood (`#1`) least. Where a file of lines meets lines that say more, stored or waiting for the order,
those stay and the file's count as unchanged; where it meets lines that say less, they go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from laoke.intake.loading.item_files import NUMBERED
from laoke.warehouse.plan import incoming_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.loading.stage import Stage
    from laoke.warehouse.engine import Reader

_TABLES = ("order_lines", "waiting_lines")
_SAYS = f"""CASE
  WHEN starts_with(line, '{NUMBERED}') THEN 0
  WHEN starts_with(line, product_id || '#')
    AND regexp_full_match(substr(line, length(product_id) + 2), '[0-9]+') THEN 1
  ELSE 2
END"""


def rivals(reader: Reader, stage: Stage, shop_id: int) -> pa.Table:
    """Orders of the staged lines for which other lines say more or less: order_id and what `stays` (stored, waiting or
    given).

    Of lines that say as much the given ones go over the stored ones, number by number.
    """
    import pyarrow as pa

    known = [name for name in _TABLES if name in reader.versions]
    parts = stage.parts.get("order_lines")
    if not known or not parts:
        return pa.table({"order_id": pa.array([], pa.string()), "stays": pa.array([], pa.string())})
    told = {name: f"max(coalesce({name}.says, -1))" if name in known else "-1" for name in _TABLES}
    joins = "".join(
        f" LEFT JOIN (SELECT order_id, max({_SAYS}) AS says FROM {name} SEMI JOIN given USING (order_id)"
        f" WHERE shop_id = {int(shop_id)} GROUP BY order_id) AS {name} ON {name}.order_id = given.order_id"
        for name in known
    )
    text = (
        f"WITH given AS (SELECT order_id, max({_SAYS}) AS says"
        f" FROM ({incoming_sql(parts)}) GROUP BY order_id),"
        " compared AS (SELECT given.order_id, max(given.says) AS given,"
        f" {told['order_lines']} AS stored, {told['waiting_lines']} AS waiting"
        f" FROM given{joins} GROUP BY given.order_id)"
        " SELECT order_id, CASE WHEN waiting > greatest(stored, given) THEN 'waiting'"
        " WHEN stored > given THEN 'stored' ELSE 'given' END AS stays"
        " FROM compared WHERE waiting > given OR (stored >= 0 AND stored <> given)"
    )
    return reader.sql(text)


def orders_where(found: pa.Table, *stays: str) -> pa.Array:
    """The order numbers for which one of these stays."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = found.filter(pc.is_in(found["stays"], value_set=pa.array(stays, pa.string())))
    return chosen["order_id"].combine_chunks()
