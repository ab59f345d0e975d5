"""One truth of an order that is told by order files and by refund files, whichever comes first.

What went back for an order is what its own row tells, or what its settled refunds sum up to, whichever is more: both
speak of the same money, so it is never added. An order that is refunded in full is closed. Both files settle orders by
this rule, so the outcome does not depend on which comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from laoke.intake.loading.fact_files import stored_with_keys
from laoke.intake.reading.fact_words import REFUNDED
from laoke.intake.reading.statuses import CLOSED_REFUNDED, RANKS, STATUSES

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader

_CLOSED = ("closed_unpaid", "closed_refunded")


def settled(orders: pa.Table, refunds: pa.Table) -> pa.Table:
    """Orders with what their refunds say went back; the same table when they say nothing new."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = refunds.filter(pc.is_in(refunds["state"], value_set=pa.array(["success", REFUNDED])))
    if not known.num_rows or not orders.num_rows:
        return orders
    sums = known.group_by("order_id").aggregate([("amount_cents", "sum")])
    place = pc.index_in(orders["order_id"], value_set=sums["order_id"].combine_chunks())
    told = pc.fill_null(sums["amount_cents_sum"].combine_chunks().take(place), 0)
    paid, before = orders["paid_cents"], orders["refunded_cents"]
    after = pc.max_element_wise(before, pc.min_element_wise(told, paid))
    whole = pc.and_(pc.greater(told, 0), pc.and_(pc.greater(paid, 0), pc.greater_equal(after, paid)))
    closes = pc.and_(whole, pc.invert(pc.is_in(orders["status"], value_set=pa.array(_CLOSED))))
    if not pc.any(pc.or_(closes, pc.not_equal(after, before))).as_py():
        return orders
    changed = {
        "refunded_cents": after,
        "status": pc.if_else(closes, STATUSES[CLOSED_REFUNDED], orders["status"]),
        "state_rank": pc.if_else(closes, pa.scalar(RANKS[CLOSED_REFUNDED], pa.int8()), orders["state_rank"]),
    }
    for name, values in changed.items():
        orders = orders.set_column(orders.schema.get_field_index(name), name, values)
    return orders


def orders_refunded(reader: Reader, refunds: pa.Table, *, shop_id: int) -> pa.Table:
    """The stored orders that the refunds change. `refunds` are those of an import, not yet stored."""
    import pyarrow as pa
    import pyarrow.compute as pc

    orders = stored_with_keys(reader, "orders", refunds["order_id"], shop_id)
    if not orders.num_rows:
        return orders
    before = stored_with_keys(reader, "refunds", refunds["order_id"], shop_id)
    older = before.filter(
        pc.invert(pc.is_in(before["refund_id"], value_set=refunds["refund_id"].combine_chunks()))
    )
    after = settled(orders, pa.concat_tables([older.select(_USED), refunds.select(_USED)]))
    differs = pc.or_(
        pc.not_equal(after["refunded_cents"], orders["refunded_cents"]),
        pc.not_equal(after["status"], orders["status"]),
    )
    return after.filter(differs)


def refunds_of(reader: Reader, order_ids: pa.ChunkedArray, *, shop_id: int) -> pa.Table:
    """The stored refunds of orders that an import brings."""
    return stored_with_keys(reader, "refunds", order_ids, shop_id)


def with_customers(reader: Reader, refunds: pa.Table, *, shop_id: int) -> tuple[pa.Table, int]:
    """Refunds with the buyer of their order, where it is stored; and for how many it is not."""
    import pyarrow.compute as pc

    orders = stored_with_keys(reader, "orders", refunds["order_id"], shop_id)
    place = pc.index_in(refunds["order_id"], value_set=orders["order_id"].combine_chunks())
    customers = pc.coalesce(refunds["customer_id"], orders["customer_id"].combine_chunks().take(place))
    told = refunds.set_column(refunds.schema.get_field_index("customer_id"), "customer_id", customers)
    return told, place.null_count


_USED = ["order_id", "state", "amount_cents"]
