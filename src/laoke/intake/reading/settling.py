"""Rows of whole orders become orders and lines: each unit is settled by the rules of `orders.py`, sub-orders are put
together, and what was paid is split over the lines to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from laoke.customers.contacts import mask_nick
from laoke.intake.reading import statuses
from laoke.intake.reading.batches import QuarantinedRow, ReadingSummary, StagedBatch
from laoke.intake.reading.cells import EMPTY, OK
from laoke.intake.reading.lines import line_table
from laoke.intake.reading.orders import ORDER_MONEY, ORDER_TIMES, OrderRows, identity_table
from laoke.intake.reading.parts import begins_of, by_order, groups_of, occurrences
from laoke.intake.reading.records import Numbers, States
from laoke.intake.reading.roles import IDENTITY_ROLES, ROLES
from laoke.intake.reading.shares import split, sums
from laoke.intake.reading.suborders import put_together
from laoke.intake.reading.units import STATE, UnitChunk, Units
from laoke.intake.reading.verdicts import SHOWN, moment

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.profiles import Layout
    from laoke.intake.reading.verdicts import Mask

# What all rows of an order must agree on. Waybills, remarks and times of delivery may differ from line to line.
_AGREED = frozenset({*ORDER_MONEY, "created_at", "paid_at", "status", "nick", "member_id", "ouid", "omid"})
_WORDS = (
    "status",
    "fulfilment",
    "close_reason",
    "channel",
    "coupon_used",
    "memo_flag",
    "province",
    "city",
    "district",
)
# A figure of an order that no column tells, and the columns it was made of.
_MADE_OF = {
    "total": ("line_paid", "unit_price"),
    "refunded": ("line_refunded",),
    "goods": ("unit_price",),
    "item_count": ("quantity",),
}
_TITLES = 1_000


@dataclass(frozen=True, slots=True)
class Aside:
    """Why a row is put aside that could be used as it stands, and what it adds to the money of the file."""

    code: str
    role: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    cents: int = 0
    readable: bool = True


class OrdersOfRows:
    """The rows of one part on their way to a batch."""

    def __init__(self, layout: Layout, rows: pa.Table, until: int | None) -> None:
        self.layout = layout
        self.rows = by_order(rows)
        self._columns: dict[str, Any] = {}
        self.firsts = begins_of(self.rows)
        self.each_row = layout.rows.get("money") == "line"
        begins = np.arange(self.rows.num_rows) if self.each_row else self.firsts
        self.units = Units(self.rows, begins)
        self.order = groups_of(self.firsts, self.rows.num_rows)
        self._settle()
        self.bad: dict[int, dict[int, Aside]] = {}
        self._judge()
        rejected = np.isin(np.arange(len(self.firsts)), list(self.bad))
        held = np.zeros(len(self.firsts), np.bool_) if until is None else self.created > until
        self.accepted, self.held, self.rejected = ~rejected & ~held, ~rejected & held, rejected

    def _column(self, name: str) -> Any:
        if name not in self._columns:
            self._columns[name] = self.rows.column(name).to_numpy()
        return self._columns[name]

    def _has(self, name: str) -> bool:
        return name in self.rows.column_names

    def _settle(self) -> None:
        """The units by the rules of orders, and the share of each line."""
        units, begins = self.units, self.units.begins
        numbers = {role: units.numbers(role) for role in (*ORDER_TIMES, *ORDER_MONEY) if self._has(role)}
        self._make(numbers)
        texts = {role: units.texts(role) for role in (*_WORDS, *IDENTITY_ROLES) if self._has(role)}
        self.chunk = UnitChunk(self.layout, self._of_units("order_id"), numbers, texts)
        self.settled = OrderRows(self.chunk, None)
        postage = numbers["postage"][0] if "postage" in numbers else np.zeros(units.count, np.int64)
        goods = np.maximum(self.settled.paid - np.maximum(postage, 0), 0)
        self.line_paid = split(goods, self._weights(), begins)
        refunded = (
            self._column("line_refunded")
            if self._has("line_refunded")
            else np.zeros(self.rows.num_rows, np.int64)
        )
        by_line = (sums(refunded, begins) > 0) if len(begins) else np.zeros(0, np.bool_)
        back = np.where(by_line, self.settled.refunded, np.minimum(self.settled.refunded, goods))
        unit_of = groups_of(begins, self.rows.num_rows)
        self.line_refunded = split(back, np.where(by_line[unit_of], refunded, self.line_paid), begins)
        self.created = (
            np.minimum.reduceat(self.settled.created[unit_of], self.firsts)
            if len(self.firsts)
            else self.settled.created
        )

    def _weights(self) -> Numbers:
        """What a line is of its order: what was paid for it, else quantity × price."""
        if self._has("line_paid"):
            told = self._column("line_paid" + STATE) == OK
            whole = np.minimum.reduceat(told, self.units.begins) if len(told) else told
            unit_of = groups_of(self.units.begins, len(told))
            return np.where(whole[unit_of], self._column("line_paid"), self._column("goods_cents"))
        weights: Numbers = self._column("goods_cents")
        return weights

    def _make(self, numbers: dict[str, tuple[Numbers, States]]) -> None:
        """Figures that no column tells, out of the lines."""
        begins = self.units.begins
        fine = np.full(self.units.count, OK, np.uint8)
        numbers["item_count"] = (sums(self._column("quantity"), begins), fine)
        goods = sums(self._column("goods_cents"), begins)
        priced = self.layout.has("unit_price")
        if "total" not in numbers and "paid" not in numbers:
            paid = sums(self._column("line_paid"), begins) if self._has("line_paid") else goods
            states = fine
            if self._has("line_paid"):
                told = (
                    np.maximum.reduceat(self._column("line_paid" + STATE) == OK, begins)
                    if len(begins)
                    else fine
                )
                states = np.where(told, OK, EMPTY).astype(np.uint8)
            postage = numbers["postage"][0] if "postage" in numbers else 0
            numbers["total"] = (paid + postage, states)
        if "refunded" not in numbers and self._has("line_refunded"):
            numbers["refunded"] = (sums(self._column("line_refunded"), begins), fine)
        if "goods" not in numbers and priced:
            numbers["goods"] = (goods, fine)

    def _of_units(self, name: str) -> pa.Array:
        import pyarrow as pa

        return self.rows.column(name).combine_chunks().take(pa.array(self.units.begins))

    def _judge(self) -> None:
        """Orders put aside, by the first reason found: a row that cannot be used, rows that contradict each other, what
        the rules of orders reject."""
        for order, place in self._places("bad", self._column("bad")):
            line = int(self._column("file_line")[place])
            self._put_aside(
                order, lambda row, line=line: Aside("order_row_bad", params={"line": line}), readable=False
            )
        for role, told in self.units.told.items():
            if role in _AGREED and not self.each_row:
                for order in map(int, np.flatnonzero(told.other >= 0)):
                    why = self._contradiction(role, int(told.row[order]), int(told.other[order]))
                    self._put_aside(order, lambda row, why=why: why, readable=role not in ORDER_MONEY)
        for unit, code, role in self.settled.verdict.reasons():
            self._put_aside_for(unit, code, role)

    def _places(self, name: str, mask: Mask) -> Iterator[tuple[int, int]]:
        return ((int(self.order[place]), int(place)) for place in np.flatnonzero(mask))

    def _span(self, begins: Numbers, group: int) -> range:
        end = int(begins[group + 1]) if group + 1 < len(begins) else self.rows.num_rows
        return range(int(begins[group]), end)

    def _put_aside(self, order: int, why: Any, *, readable: bool) -> None:
        """Every row of an order that could be used as it stands, the first of them with the order's money."""
        if order in self.bad:
            return
        bad = self._column("bad")
        rows = [row for row in self._span(self.firsts, order) if not bad[row]]
        cents = int(self.line_paid[self._span(self.firsts, order)].sum()) if readable else 0
        self.bad[order] = {
            row: replace(why(row), cents=cents if row == rows[0] else 0, readable=readable) for row in rows
        }

    def _put_aside_for(self, unit: int, code: str, role: str) -> None:
        """An order whose unit the rules of orders reject: the rows that tell what is wrong say so."""
        span = self._span(self.units.begins, unit)
        order = int(self.order[span[0]])
        column = next((r for r in (role, *_MADE_OF.get(role, ())) if self.layout.has(r)), "")
        telling = [row for row in span if self._tells(role, row)] or [span[0]]
        line = int(self._column("file_line")[telling[0]])

        def why(row: int) -> Aside:
            if row in telling:
                return Aside(code, role=column)
            return Aside("order_row_bad", params={"line": line})

        readable = bool(self.settled.verdict.money_readable[self._units_of(order)].all())
        self._put_aside(order, why, readable=readable)

    def _units_of(self, order: int) -> slice:
        if not self.each_row:
            return slice(order, order + 1)
        span = self._span(self.firsts, order)
        return slice(span.start, span.stop)

    def _tells(self, role: str, row: int) -> bool:
        if self._has(role + STATE):
            return bool(self._column(role + STATE)[row] != EMPTY)
        return not self._has(role) or self.rows.column(role)[row].as_py() is not None

    def _contradiction(self, role: str, first: int, second: int) -> Aside:
        column = self.layout.header[self.layout.columns[role]]
        told = {"first": self._shown(role, first), "second": self._shown(role, second)}
        return Aside("order_contradicts", params={"column": column, **told})

    def _shown(self, role: str, row: int) -> str:
        """What a cell told, as a reason may quote it."""
        value = self.rows.column(role)[row].as_py()
        if ROLES[role].kind == "money":
            return f"{value / 100:.2f}"
        if ROLES[role].kind == "time":
            return str(moment(value))
        return (mask_nick(value) if ROLES[role].kind == "identity" else str(value))[:SHOWN]

    def aside(self) -> dict[int, Aside]:
        """Why rows are put aside that could be used as they stand, by row number."""
        row_no = self._column("row_no")
        return {int(row_no[row]): why for rows in self.bad.values() for row, why in rows.items()}

    def add_to(self, summary: ReadingSummary) -> None:
        """Add the rows, money and orders of this part to the sums of the file; rows that cannot be used are in them."""
        cents = sums(self.line_paid, self.firsts)
        rows = sums((~self._column("bad")).astype(np.int64), self.firsts)
        for tally, mask in ((summary.accepted, self.accepted), (summary.held_back, self.held)):
            tally.add(rows[mask].sum(), cents[mask].sum())
            summary.read.add(rows[mask].sum(), cents[mask].sum())
        for why in (why for found in self.bad.values() for why in found.values()):
            summary.read.add(1, why.cents)
            summary.quarantined.add(1, why.cents)
            summary.money_unreadable += not why.readable
            summary.reasons[why.code] += 1
        taken = self.accepted[self.order[self.units.begins]] if self.units.count else np.zeros(0, np.bool_)
        summary.paid_cents += int(self.settled.paid[taken].sum())
        summary.refunded_cents += int(self.settled.refunded[taken].sum())
        summary.orders += int(self.accepted.sum())
        goods = (~self._column("bad") & ~self._column("bare")).astype(np.int64)
        summary.lines += int(sums(goods, self.firsts)[self.accepted].sum())
        if self.accepted.any():
            created = self.created[self.accepted]
            summary.note_created(moment(created.min()), moment(created.max()))

    def batch(self, seen_at: int, quarantined: list[QuarantinedRow]) -> StagedBatch:
        """The orders taken in, their lines, and who bought."""
        import pyarrow as pa

        orders = self.settled.table(seen_at, 1)
        if self.each_row:
            orders = put_together(orders, self.settled.status, self.firsts)
        row_no = self.rows.column("row_no").take(pa.array(self.firsts))
        orders = _with(orders, row_no=row_no, titles=self._titles())
        lines = line_table(self._named_lines(), orders, self.firsts, self._of_lines())
        who = Units(self.rows, self.firsts)
        texts = {role: who.texts(role) for role in IDENTITY_ROLES if self._has(role)}
        people = identity_table(
            UnitChunk(self.layout, orders.column("order_id").combine_chunks(), {}, texts), 1
        )
        taken = pa.array(self.accepted)
        return StagedBatch(
            orders.filter(taken),
            lines.filter(pa.array(self.accepted[self.order] & ~self._column("bare"))),
            None,
            _with(people, row_no=row_no).filter(taken),
            quarantined,
        )

    def _named_lines(self) -> pa.Table:
        """The rows with the number of each line: the platform's, else the product with how often it stood before."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = self.rows
        product = rows.column("product_id")
        own = rows.column("line_id") if self._has("line_id") else pa.nulls(rows.num_rows, pa.string())
        named = rows.append_column("name", pc.fill_null(pc.coalesce(own, product), ""))
        times = occurrences(named, "name")
        name = pc.binary_join_element_wise(named.column("name"), pa.array(times + 1).cast(pa.string()), "#")
        alone = pc.and_(pc.is_valid(own), pa.array(times == 0))
        line = pc.if_else(alone, named.column("name"), name)
        if not self.layout.has("unit_price"):
            pieces = np.maximum(self._column("quantity"), 1)
            rows = _with(rows, unit_cents=pa.array(self.line_paid // pieces))
        return rows.append_column("line", line)

    def _of_lines(self) -> dict[str, Any]:
        import pyarrow as pa

        status = self.settled.status[groups_of(self.units.begins, self.rows.num_rows)]
        words = pa.array(list(statuses.STATUSES), pa.string()).take(pa.array(status))
        return {
            "paid_cents": pa.array(self.line_paid),
            "refunded_cents": pa.array(self.line_refunded),
            "line_status": words,
        }

    def _titles(self) -> pa.Array:
        """What each order is of, in the words of its lines."""
        import pyarrow as pa
        import pyarrow.compute as pc

        every = pa.array(np.arange(len(self.firsts)))
        if not self._has("title"):
            return pa.array([""] * len(every), pa.string())
        told = pa.table({"order": self.order, "title": self.rows.column("title")}).filter(
            pc.field("title").is_valid()
        )
        found = told.group_by("order", use_threads=False).aggregate([("title", "list")])
        lists = found.column("title_list").combine_chunks()
        joined = pc.utf8_slice_codeunits(pc.binary_join(lists, ","), 0, _TITLES)
        return pc.fill_null(
            joined.take(pc.index_in(every, value_set=found.column("order").combine_chunks())), ""
        )


def _with(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with some columns replaced."""
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table
