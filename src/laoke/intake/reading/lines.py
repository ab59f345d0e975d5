"""Rows of which each is one product of an order that is over (UCI Online Retail and its like): orders, lines and goods
sent back. Files whose rows tell the state and the money of their orders are read by `told.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from laoke.intake.reading.batches import ReadingSummary, StagedBatch
from laoke.intake.reading.cells import EMPTY, OK
from laoke.intake.reading.columns import months, nothing, time_columns, timestamps, within
from laoke.intake.reading.parts import Parts, begins_of, by_order, groups_of, occurrences
from laoke.intake.reading.records import Chunk, Numbers
from laoke.intake.reading.roles import IDENTITY_ROLES, PRICE_PLACES
from laoke.intake.reading.statuses import FINISHED, RANKS, STATUSES
from laoke.intake.reading.verdicts import (
    LARGEST_CENTS,
    LARGEST_COUNT,
    Mask,
    Verdict,
    lengths,
    refuse_damaged_ids,
)

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = 86_400_000_000
# Bytes of a key; characters of what is only shown, as in a file of orders. Where a file tells no code of a product, the
# first characters of its title stand for it.
LONGEST_ID, LONGEST_TITLE, _LONGEST_PLACE, _TITLE_AS_ID = 200, 1_000, 40, 50
PRODUCT_ROLES = ("product_id", "outer_code", "title")


def line_batches(
    chunks: Iterable[Chunk], parts: int, seen_at: int, until: int | None, summary: ReadingSummary
) -> Iterator[StagedBatch]:
    """Batches of whole orders. Rows put aside come in batches without orders, as they are met."""
    with Parts(parts) as dealt:
        first_row, quarantined = 1, []
        for chunk in chunks:
            refuse_damaged_ids(chunk)
            table, found = _checked_rows(chunk, first_row, until, summary)
            first_row += chunk.rows
            quarantined.extend(found)
            dealt.deal(table)
        for rows in dealt.tables():
            yield _grouped(rows, seen_at, summary, quarantined)
            quarantined = []
        if quarantined:
            yield _grouped(_ROWS().empty_table(), seen_at, summary, quarantined)


def _ROWS() -> pa.Schema:
    import pyarrow as pa

    texts = ("order_id", "product_id", "title", "province", *IDENTITY_ROLES)
    numbers = ("row_no", "micros", "quantity", "unit_cents", "cents")
    return pa.schema([(name, pa.string()) for name in texts] + [(name, pa.int64()) for name in numbers])


def _checked_rows(
    chunk: Chunk, first_row: int, until: int | None, summary: ReadingSummary
) -> tuple[pa.Table, list[Any]]:
    """The accepted rows of a chunk, and those put aside."""
    import pyarrow as pa
    import pyarrow.compute as pc

    layout = chunk.layout
    micros, time_states = chunk.times("created_at")
    quantity, quantity_states = chunk.decimals("quantity", 0)
    price, price_states = chunk.decimals("unit_price", PRICE_PLACES)
    cents = line_cents(quantity, price)
    ids = chunk.texts("order_id")
    verdict = Verdict(chunk)
    verdict.check_shape(time_states)
    verdict.check_ids("order_id", ids)
    verdict.reject(_starts(ids, layout.marks.get("adjustment_prefix")), "bookkeeping_row", "order_id")
    verdict.check_time("created_at", time_states, required=True)
    products = product_ids(chunk, verdict)
    verdict.reject(
        (quantity_states != OK) | (np.abs(quantity) > LARGEST_COUNT), "count_unreadable", "quantity"
    )
    verdict.reject(price_states == EMPTY, "money_missing", "unit_price")
    verdict.check_money("unit_price", price // 100, price_states)
    sent_back = _starts(ids, layout.marks.get("cancellation_prefix"))
    verdict.reject(sent_back & (quantity > 0), "cancellation_positive", "quantity")
    verdict.reject(~sent_back & (quantity < 0), "negative_count", "quantity")
    # in floats, because a product beyond 2^63 would come round as a small number
    too_large = np.abs(quantity.astype(float) * price) > LARGEST_CENTS * 100
    verdict.reject(too_large, "money_too_large", "unit_price")
    verdict.count_money(cents, (quantity_states == OK) & (price_states == OK) & ~too_large)
    verdict.hold_back(micros, until)
    verdict.add_to(summary, micros)
    texts: dict[str, Any] = {"order_id": ids, "product_id": products}
    for role in ("title", "province", *IDENTITY_ROLES):
        texts[role] = (
            chunk.texts(role, nullable=True) if layout.has(role) else nothing(chunk.rows, pa.string())
        )
    for role, longest in (("title", LONGEST_TITLE), ("province", _LONGEST_PLACE)):
        texts[role] = pc.utf8_slice_codeunits(texts[role], 0, longest)
    table = pa.table(
        texts
        | {
            "row_no": np.arange(first_row, first_row + chunk.rows, dtype=np.int64),
            "micros": micros,
            "quantity": quantity,
            "unit_cents": (price + 50) // 100,
            "cents": cents,
        }
    ).append_column("sent_back", pa.array(sent_back))
    return table.filter(pa.array(verdict.accepted)), verdict.quarantined()


def product_ids(chunk: Chunk, verdict: Verdict, needed: Mask | None = None) -> pa.Array:
    """What names the product of each row: its code, else the shop's own code, else its title. Rows that need one and
    have none, and codes that are none, are put aside."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: pa.Array = nothing(chunk.rows, pa.string())
    told = [role for role in PRODUCT_ROLES if chunk.layout.has(role)]
    for role in told:
        texts = chunk.texts(role, nullable=True)
        if role == "title":
            texts = pc.utf8_slice_codeunits(texts, 0, _TITLE_AS_ID)
        else:
            verdict.reject(lengths(pc.fill_null(texts, "")) > LONGEST_ID, "id_too_long", role)
        found = pc.coalesce(found, texts)
    missing = pc.is_null(found).to_numpy(zero_copy_only=False)
    verdict.reject(missing if needed is None else missing & needed, "id_missing", told[0])
    return found


def line_cents(quantity: Numbers, price: Numbers) -> Numbers:
    """Quantity × price (in 1/10,000) in cents, half a cent rounded away from zero."""
    product = quantity * price
    cents: Numbers = np.sign(product) * ((np.abs(product) * 2 + 100) // 200)
    return cents


def _starts(ids: pa.Array, prefix: str | None) -> Any:
    import pyarrow.compute as pc

    if not prefix:
        return np.zeros(len(ids), np.bool_)
    return pc.starts_with(ids, prefix).to_numpy(zero_copy_only=False)


def _grouped(rows: pa.Table, seen_at: int, summary: ReadingSummary, quarantined: list[Any]) -> StagedBatch:
    """Orders, lines and refunds of the rows of whole orders."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "sent_back" not in rows.column_names:
        rows = rows.append_column("sent_back", nothing(0, pa.bool_()))
    bought = _numbered(rows.filter(pc.invert(rows.column("sent_back"))))
    returned = _numbered(rows.filter(rows.column("sent_back")))
    orders, firsts = _orders(bought, seen_at)
    finished = pa.array([STATUSES[FINISHED]] * bought.num_rows, pa.string())
    own = {"paid_cents": bought.column("cents"), "refunded_cents": _zeros(bought), "line_status": finished}
    lines, refunds = line_table(bought, orders, firsts, own), _refunds(returned)
    summary.orders += orders.num_rows
    summary.lines += lines.num_rows
    summary.refunds += refunds.num_rows
    summary.paid_cents += pc.sum(orders.column("paid_cents")).as_py() or 0
    summary.refunded_cents += pc.sum(refunds.column("amount_cents")).as_py() or 0
    names = ["row_no", *IDENTITY_ROLES]
    who = pa.concat_tables([bought.take(pa.array(firsts)).select(names), returned.select(names)])
    return StagedBatch(orders, lines, refunds, _whole_member_ids(who), quarantined)


def _whole_member_ids(identities: pa.Table) -> pa.Table:
    """17850.0 is how a spreadsheet writes customer 17850."""
    import pyarrow.compute as pc

    place = identities.schema.get_field_index("member_id")
    whole = pc.replace_substring_regex(identities.column("member_id"), r"^([0-9]+)\.0$", r"\1")
    return identities.set_column(place, "member_id", whole)


def _numbered(rows: pa.Table) -> pa.Table:
    """Sorted by order and row; `line` is the product with how often it stood before in the same order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = rows.combine_chunks()
    count = pa.array(occurrences(rows, "product_id") + 1).cast(pa.string())
    return by_order(
        rows.append_column("line", pc.binary_join_element_wise(rows.column("product_id"), count, "#"))
    )


def _orders(bought: pa.Table, seen_at: int) -> tuple[pa.Table, Numbers]:
    """One finished and paid order per order number, and the place of its first row."""
    import pyarrow as pa

    firsts = begins_of(bought)
    rows = len(firsts)

    def per_order(name: str, combine: Any = np.add) -> Numbers:
        values = bought.column(name).to_numpy()
        return combine.reduceat(values, firsts) if rows else np.zeros(0, np.int64)

    created, cents = per_order("micros", np.minimum), per_order("cents")
    zero, blank = pa.array(np.zeros(rows, np.int64)), pa.array([""] * rows, pa.string())
    first = bought.take(pa.array(firsts))
    paid = np.ones(rows, np.bool_)
    columns: dict[str, Any] = {
        "order_id": first.column("order_id"),
        "status": pa.array([STATUSES[FINISHED]] * rows, pa.string()),
        **time_columns("created", created, None),
        **time_columns("paid", created, paid),
        **{name: nothing(rows, pa.timestamp("us")) for name in ("shipped_at", "finished_at", "modified_at")},
        **{f"{name}_cents": pa.array(cents) for name in ("goods", "total", "paid")},
        "refunded_cents": zero,
        **{
            f"{name}_cents": zero
            for name in ("postage", "seller_discount", "platform_discount", "deposit", "balance")
        },
        "item_count": pa.array(within(per_order("quantity"), LARGEST_COUNT).astype(np.int32)),
        "channel": blank,
        "province": first.column("province").fill_null(""),
        "city": blank,
        "district": blank,
        "coupon_used": pa.array(np.zeros(rows, np.bool_)),
        "close_reason": blank,
        "memo_flag": pa.array(np.zeros(rows, np.int8)),
        "titles": blank,
        "seen_at": timestamps(np.full(rows, seen_at, np.int64), None),
        "state_rank": pa.array(np.full(rows, RANKS[FINISHED], np.int8)),
        "row_no": first.column("row_no"),
    }
    return pa.table(columns), firsts


def line_table(bought: pa.Table, orders: pa.Table, firsts: Numbers, own: dict[str, Any]) -> pa.Table:
    """The lines in the time of their order; `row_no` is that of the order, to find its customer by. `own` are the
    columns of a line's money and state."""
    import pyarrow as pa

    of_order = orders.select(["month", "created_day", "row_no"]).take(
        pa.array(groups_of(firsts, bought.num_rows))
    )
    blank = pa.array([""] * bought.num_rows, pa.string())
    shown = {
        name: bought.column(name).fill_null("") if name in bought.column_names else blank
        for name in ("sku", "outer_code", "title")
    }
    return pa.table(
        {
            "month": of_order.column("month"),
            "order_id": bought.column("order_id"),
            "line": bought.column("line"),
            "product_id": bought.column("product_id"),
            **shown,
            "quantity": bought.column("quantity").cast(pa.int32()),
            "unit_price_cents": bought.column("unit_cents"),
            **own,
            "created_day": of_order.column("created_day"),
            "row_no": of_order.column("row_no"),
        }
    )


def _zeros(rows: pa.Table) -> pa.Array:
    import pyarrow as pa

    return pa.array(np.zeros(rows.num_rows, np.int64))


def _refunds(returned: pa.Table) -> pa.Table:
    """Goods sent back. The file does not tell which order they came from, so `order_id` is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = returned.num_rows
    micros = returned.column("micros").to_numpy()
    blank = pa.array([""] * rows, pa.string())
    return pa.table(
        {
            "month": months(micros),
            "refund_id": pc.binary_join_element_wise(
                returned.column("order_id"), returned.column("line"), "/"
            ),
            "order_id": blank,
            "line": returned.column("line"),
            "amount_cents": pc.negate(returned.column("cents")),
            "kind": pa.array(["goods"] * rows, pa.string()),
            "phase": pa.array(["after"] * rows, pa.string()),
            "reason": blank,
            "state": pa.array(["success"] * rows, pa.string()),
            "created_at": timestamps(micros, None),
            "finished_at": timestamps(micros, None),
            "created_day": pa.array((micros // _DAY).astype(np.int32)),
            "row_no": returned.column("row_no"),
        }
    )
