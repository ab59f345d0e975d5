"""Lines of an older export do not go over those of a newer one.

An order keeps its furthest state, whatever the order of files (`warehouse/order_diff.py`). Its lines are told by the
same file, so they go with it: where the stored order wins, its stored lines stay, and the file's count as unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from laoke.intake.loading.fact_files import answered

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.loading.facts import FactsWriter
    from laoke.intake.loading.stage import Stage

_BEHIND = """
WITH behind AS (
  SELECT s.shop_id, s.order_id FROM incoming_rows AS i
  JOIN orders AS s ON s.shop_id = i.shop_id AND s.order_id = i.order_id
  WHERE (s.state_rank, s.seen_at, s.refunded_cents, s.paid_cents)
      > (i.state_rank, i.seen_at, i.refunded_cents, i.paid_cents)
)
SELECT DISTINCT l.order_id, l.line FROM order_lines AS l
JOIN behind AS b ON b.shop_id = l.shop_id AND b.order_id = l.order_id
"""
_ORDERS = ("shop_id", "order_id", "state_rank", "seen_at", "refunded_cents", "paid_cents")


def leave_newer_lines(writer: FactsWriter, stage: Stage) -> None:
    """Take out of the stage the lines whose order is stored in a newer state with the same lines."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    versions = writer.reader.versions
    if not stage.parts.get("order_lines") or "orders" not in versions or "order_lines" not in versions:
        return
    orders = pa.concat_tables(
        [pq.read_table(part, partitioning=None, columns=list(_ORDERS)) for part in stage.parts["orders"]]
    )
    kept = answered(writer.reader, _BEHIND, orders)
    if not kept.num_rows:
        return
    known = _keys(kept)
    left = stage.leave_out("order_lines", lambda lines: pc.is_in(_keys(lines), value_set=known))
    writer.written.decided.add("unchanged", *left)


def _keys(rows: pa.Table) -> pa.Array:
    import pyarrow.compute as pc

    joined = pc.binary_join_element_wise(rows["order_id"], rows["line"], "\x1f")
    return joined.combine_chunks()
