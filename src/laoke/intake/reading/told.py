"""Rows of which each is one product of an order, and which tell the state and the money of that order.

How they tell it is said by the roles and by `[rows]` of a layout: amounts of the order stand on every row alike (JD) or
on its first row only (Shopify, 1688), and are taken once; amounts of the line (`line_paid`) sum up; or every row is a
sub-order (Douyin) that the rules of an order hold for, and an order is what its sub-orders make together.

An order is taken in whole or put aside whole: of one that misses a line nobody could tell what was paid for it. The
money of such a file is what was paid for the goods, postage left out: each row has its share of it, so rows read add up
to rows taken, put aside and held back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from laoke.intake.reading.batches import QuarantinedRow, ReadingSummary, StagedBatch
from laoke.intake.reading.cells import EMPTY, IMPOSSIBLE, OK, micros_of
from laoke.intake.reading.lines import LONGEST_TITLE, PRODUCT_ROLES, line_cents, product_ids
from laoke.intake.reading.orders import ORDER_MONEY, ORDER_TIMES
from laoke.intake.reading.parts import Parts
from laoke.intake.reading.records import Chunk, Numbers, States, not_ahead
from laoke.intake.reading.roles import IDENTITY_ROLES, PRICE_PLACES
from laoke.intake.reading.settling import Aside, OrdersOfRows
from laoke.intake.reading.units import STATE
from laoke.intake.reading.verdicts import (
    ID_PATTERN,
    LARGEST_CENTS,
    LARGEST_COUNT,
    SHOWN,
    Verdict,
    lengths,
    refuse_damaged_ids,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.verdicts import Mask

LINE_MONEY = ("line_paid", "line_refunded")
_WORDS = ("status", "fulfilment", "close_reason", "channel", "coupon_used", "memo_flag")
_PLACES = ("province", "city", "district")
_DATE_IN_ID = re.compile(r"(\d{2})(\d{2})(\d{2})-\d+")
_ROWS_ASIDE = 65_536


def told_batches(
    chunks: Callable[[], Iterator[Chunk]],
    parts: int,
    seen_at: int,
    until: int | None,
    summary: ReadingSummary,
) -> Iterator[StagedBatch]:
    """Batches of whole orders. `chunks` is gone through once, and again where orders are put aside: what a row looked
    like is not kept before it is known to be needed."""
    aside: dict[int, Aside] = {}
    with Parts(parts) as dealt:
        first_row, carried, quarantined = 1, "", []
        for chunk in chunks():
            refuse_damaged_ids(chunk)
            table, found, carried = _checked_rows(chunk, first_row, carried, summary)
            first_row += chunk.rows
            quarantined.extend(found)
            dealt.deal(table)
        if first_row == 1:
            return
        layout, empty = chunk.layout, table.slice(0, 0)
        for rows in dealt.tables():
            orders = OrdersOfRows(layout, rows, until)
            orders.add_to(summary)
            aside.update(orders.aside())
            yield orders.batch(seen_at, quarantined)
            quarantined = []
    for some in _rows_aside(chunks, aside):
        yield OrdersOfRows(layout, empty, until).batch(seen_at, some)


def _checked_rows(
    chunk: Chunk, first_row: int, carried: str, summary: ReadingSummary
) -> tuple[pa.Table, list[QuarantinedRow], str]:
    """The rows of a chunk with a mark on those that cannot be used, those as rows put aside, and the last order number.

    A row that cannot be used keeps its order number, because its whole order goes with it.
    """
    import pyarrow as pa

    layout = chunk.layout
    times = {role: chunk.times(role) for role in ORDER_TIMES if layout.has(role)}
    money = {role: chunk.decimals(role, 2) for role in (*ORDER_MONEY, *LINE_MONEY) if layout.has(role)}
    quantity, quantity_states = chunk.decimals("quantity", 0)
    price, price_states = _price(chunk)
    verdict = Verdict(chunk)
    ids = chunk.texts("order_id")
    data = (lengths(ids) > 0) | (quantity_states != EMPTY) | (price_states != EMPTY)
    verdict.check_shape(times["created_at"][1], data)
    if layout.rows.get("order_id") == "carried":
        ids, carried = _carried(ids, verdict.ignored, carried)
    verdict.check_ids("order_id", ids)
    bare = _without_goods(chunk, quantity_states, price_states)
    products = product_ids(chunk, verdict, needed=~bare)
    verdict.reject(
        ~bare & ((quantity_states != OK) | (np.abs(quantity) > LARGEST_COUNT)), "count_unreadable", "quantity"
    )
    verdict.reject(quantity < 0, "negative_count", "quantity")
    if layout.has("unit_price"):
        verdict.check_money("unit_price", price // 100, price_states)
        too_large = np.abs(quantity.astype(float) * price) > LARGEST_CENTS * 100
        verdict.reject(too_large, "money_too_large", "unit_price")
    for role in LINE_MONEY:
        if role in money:
            verdict.check_money(role, *money[role])
    if "date_in_id" in layout.rows:
        dated = _dated_by_id(ids, *times["created_at"])
        times["created_at"] = not_ahead(layout, "created_at", *dated)
    # what a row that cannot be used adds is known to nobody, and its order's money goes with it
    verdict.count_money(np.zeros(chunk.rows, np.int64), verdict.clean)
    verdict.add_rejected_to(summary)
    columns: dict[str, Any] = {
        "order_id": ids,
        "row_no": np.arange(first_row, first_row + chunk.rows, dtype=np.int64),
        "file_line": chunk.lines,
        "bad": ~verdict.clean,
        "bare": bare,
        "product_id": products,
        "quantity": np.where(verdict.clean, quantity, 0),
        "unit_cents": (price + 50) // 100,
        "goods_cents": np.where(verdict.clean, line_cents(quantity, price), 0),
    }
    for role, (values, states) in (times | money).items():
        usable = verdict.clean if role in LINE_MONEY else True
        columns[role], columns[role + STATE] = np.where(usable, values, 0), states
    table = pa.table(columns | _texts(chunk))
    return table.filter(pa.array(_named(ids, verdict))), verdict.quarantined(), carried


def _without_goods(chunk: Chunk, quantity: States, price: States) -> Mask:
    """Rows that tell an order alone, in layouts where an order may have no goods."""
    bare = (quantity == EMPTY) & (price == EMPTY)
    if "without_goods" not in chunk.layout.rows:
        bare[:] = False
    for role in PRODUCT_ROLES:
        if chunk.layout.has(role) and bare.any():
            bare &= lengths(chunk.texts(role)) == 0
    return bare


def _price(chunk: Chunk) -> tuple[Numbers, States]:
    if chunk.layout.has("unit_price"):
        return chunk.decimals("unit_price", PRICE_PLACES)
    return np.zeros(chunk.rows, np.int64), np.full(chunk.rows, EMPTY, np.uint8)


def _carried(ids: pa.Array, ignored: Any, before: str) -> tuple[pa.Array, str]:
    """Order numbers where a blank cell means the order of the row above, and the last one of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told = pc.not_equal(ids, "").to_numpy(zero_copy_only=False) & ~ignored
    above = np.maximum.accumulate(np.where(told, np.arange(len(ids)), -1))
    taken = pc.fill_null(ids.take(pa.array(above, mask=above < 0)), before)
    return taken, taken[-1].as_py() if len(taken) else before


def _named(ids: pa.Array, verdict: Verdict) -> Any:
    """Rows whose order can be told, whether they can be used or not."""
    import pyarrow.compute as pc

    plain = pc.match_substring_regex(ids, ID_PATTERN).to_numpy(zero_copy_only=False)
    return plain & ~verdict.ignored


def _dated_by_id(ids: pa.Array, micros: Numbers, states: States) -> tuple[Numbers, States]:
    """The day that an order number begins with (260517-…) where the time is blank."""
    blank = np.flatnonzero(states == EMPTY)
    for row in blank:
        found = _DATE_IN_ID.fullmatch(ids[int(row)].as_py())
        if found is None:
            continue
        try:
            day = datetime(2000 + int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            states[row] = IMPOSSIBLE
            continue
        micros[row], states[row] = micros_of(day), OK
    return micros, states


def _texts(chunk: Chunk) -> dict[str, Any]:
    """What the rows tell in words, null where a cell is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, Any] = {}
    for role in _WORDS:
        if chunk.layout.has(role):
            codes, words = chunk.distinct(role)
            found[role] = pa.array([word or None for word in words], pa.string()).take(pa.array(codes))
    for role in (*_PLACES, *IDENTITY_ROLES, "title", "sku", "outer_code", "line_id"):
        if chunk.layout.has(role):
            found[role] = chunk.texts(role, nullable=True)
    for role in ("title", "sku", "outer_code"):
        if role in found:
            found[role] = pc.utf8_slice_codeunits(found[role], 0, LONGEST_TITLE)
    return found


def _rows_aside(
    chunks: Callable[[], Iterator[Chunk]], aside: dict[int, Aside]
) -> Iterator[list[QuarantinedRow]]:
    """The rows of orders put aside as they were written, some tens of thousands at a time."""
    found: list[QuarantinedRow] = []
    first_row = 1
    for chunk in chunks() if aside else ():
        for row in range(chunk.rows):
            why = aside.get(first_row + row)
            if why is not None:
                found.append(_row_aside(chunk, row, why))
        first_row += chunk.rows
        if len(found) >= _ROWS_ASIDE:
            yield found
            found = []
    if found:
        yield found


def _row_aside(chunk: Chunk, row: int, why: Aside) -> QuarantinedRow:
    layout = chunk.layout
    params = dict(why.params)
    if why.role:
        params = {
            "column": layout.header[layout.columns[why.role]], "found": chunk.cell(why.role, row)[:SHOWN], **params,
        }  # fmt: skip
    return QuarantinedRow(int(chunk.lines[row]), why.code, params, why.cents, chunk.raw(row), why.readable)
