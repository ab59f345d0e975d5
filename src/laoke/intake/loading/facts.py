"""Facts of one import: compared with what is stored, written with one commit per table.

Called while the warehouse's write lock is held. Tables are first brought back to the catalog's versions, so that what a
killed writer left behind is never mixed into this import's entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.intake.loading import (
    best_lines,
    fact_files,
    item_files,
    list_prices,
    order_refunds,
    review_files,
)
from laoke.intake.loading.stage import CODED
from laoke.intake.reading.kinds import FactKind
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.order_diff import OrderDiff, diff_orders, states_of
from laoke.warehouse.plan import StagedRows, incoming_sql
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.loading.stage import Stage
    from laoke.intake.models import ImportRun
    from laoke.shops.models import Shop
    from laoke.warehouse.engine import Reader

DECISIONS = ("new", "changed", "unchanged")


@dataclass
class Decided:
    """Rows and their money in cents by what became of them."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DECISIONS, 0))
    cents: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DECISIONS, 0))

    def add(self, decision: str, rows: int, cents: int) -> None:
        self.rows[decision] += int(rows)
        self.cents[decision] += int(cents)

    @property
    def accepted_rows(self) -> int:
        return self.rows["new"] + self.rows["changed"]

    @property
    def accepted_cents(self) -> int:
        return self.cents["new"] + self.cents["changed"]


@dataclass
class FactsWritten:
    """The versions after writing, and what became of the file's rows (orders, or lines and refunds of a line file).
    `waiting` are rows of a refund or item file whose order is not known yet."""

    versions: dict[str, int] = field(default_factory=dict)
    decided: Decided = field(default_factory=Decided)
    orders: dict[str, int] = field(default_factory=dict)
    waiting: int = 0


class FactsWriter:
    """One import's writes. `app_id` names the import and the state it was compared with."""

    def __init__(
        self, warehouse: Warehouse, versions: dict[str, int], app_id: str, step: Callable[[str], None]
    ) -> None:
        self.warehouse, self.app_id, self.step = warehouse, app_id, step
        warehouse.align(versions)
        self.reader: Reader = warehouse.reader(versions)
        self.written = FactsWritten()

    def write(
        self,
        stage: Stage,
        *,
        grain: str,
        seen_at: datetime | None = None,
        shop_id: int | None = None,
        whole_lines: bool = False,
    ) -> FactsWritten:
        """Write every staged table of a file of orders; `grain` says which tables hold the rows of the file, `seen_at`
        its as-of time where the staged orders do not hold it. `shop_id` is whose orders are held against the refunds
        and lines that are stored; None for a source whose tables agree already. With `whole_lines` every order comes
        with all its lines: they take the place of those that an item file told of it."""
        as_told = tuple(stage.parts.get("orders", ()))
        if as_told and shop_id is not None:
            self._settle_by_refunds(stage, shop_id, grain)
            if grain == "line" and not whole_lines:
                self._keep_best_lines(stage, shop_id)
            self._place_waiting(stage, shop_id, placed=grain == "order" and not whole_lines)
        self._orders(
            stage, as_told, seen_at, counts=grain == "order", shop_id=shop_id if not whole_lines else None
        )
        if whole_lines and shop_id is not None and "order_lines" in stage.parts:
            self._whole_lines(_all_rows(stage.parts.pop("order_lines"), "order_lines"), shop_id)
        for table in sorted(set(stage.parts) - {"orders"}):
            self._table(stage, table, counts=grain == "line" and table in ("order_lines", "refunds"))
        return self.written

    def write_facts(
        self,
        stage: Stage,
        kind: FactKind,
        *,
        told: frozenset[str],
        seen_at: datetime | None,
        shop_id: int,
        listed_on: date | None = None,
    ) -> FactsWritten:
        """Write the table of a file of other facts, of which `told` are the columns that it tells. `listed_on` is the
        day of which a list of goods tells the prices."""
        if kind.grain == "item":
            self._item_file(stage, shop_id)
        else:
            self._fact_file(stage, kind, told, seen_at, shop_id, listed_on)
        return self.written

    def write_buyers(self, rows: pa.Table) -> FactsWritten:
        """Write the people whose orders were written; they are no rows of the file."""
        self._note("customers", self.warehouse.upsert("customers", rows, app_id=self.app_id).version)
        return self.written

    def write_customers(self, rows: pa.Table, *, given: int) -> FactsWritten:
        """Write the people of a list, of which `given` rows were taken: several rows may be of one."""
        contract = CONTRACTS["customers"]
        for decision, found, cents in fact_files.decisions(self.reader, contract, rows):
            self.written.decided.add(decision, found, cents)
        self.written.decided.add("unchanged", given - rows.num_rows, 0)
        self.step("compared")
        self._note("customers", self.warehouse.upsert("customers", rows, app_id=self.app_id).version)
        return self.written

    def _fact_file(
        self,
        stage: Stage,
        kind: FactKind,
        told: frozenset[str],
        seen_at: datetime | None,
        shop_id: int,
        listed_on: date | None,
    ) -> None:
        """The one table of a file of other facts; refunds also change the orders they are of."""
        contract = CONTRACTS[kind.table]
        given = _all_rows(stage.parts.get(kind.table, []), kind.table)
        if not given.num_rows:
            return
        if kind.table == "reviews":
            rows, self.written.waiting = review_files.newest(self.reader, given, shop_id=shop_id)
        else:
            rows = fact_files.last_of_each(given, contract)
        rows = fact_files.merged(self.reader, contract, rows, told)
        if kind.table == "refunds":
            rows, self.written.waiting = order_refunds.with_customers(self.reader, rows, shop_id=shop_id)
        beaten = given.num_rows - rows.num_rows
        cents = fact_files.money_of(contract, given)
        for decision, found, part in fact_files.decisions(self.reader, contract, rows):
            self.written.decided.add(decision, found, part)
            cents -= part
        # a row that a later one of the same file replaces changes nothing
        self.written.decided.add("unchanged", beaten, cents)
        self.step("compared")
        if kind.table == "refunds":
            self._refunded_orders(rows, seen_at, shop_id)
        if listed_on is not None and list_prices.COLUMN in told:
            self._note_list_prices(rows, listed_on)
        self._note(kind.table, self.warehouse.upsert(kind.table, rows, app_id=self.app_id).version)

    def _note_list_prices(self, products: pa.Table, on: date) -> None:
        rows = list_prices.told_prices(self.reader, products, on)
        if rows.num_rows:
            table = list_prices.TABLE
            self._note(table, self.warehouse.upsert(table, rows, app_id=self.app_id).version)

    def _refunded_orders(self, refunds: pa.Table, seen_at: datetime | None, shop_id: int) -> None:
        import pyarrow as pa

        orders = order_refunds.orders_refunded(self.reader, refunds, shop_id=shop_id)
        self.written.orders = {"new": 0, "changed": orders.num_rows, "unchanged": 0}
        if not orders.num_rows:
            return
        self._note(
            "orders", self.warehouse.upsert("orders", orders, app_id=self.app_id, decided=True).version
        )
        if seen_at is not None:
            # the history says since when it is known; the order's own row keeps the time of its own export
            seen = pa.repeat(pa.scalar(seen_at, pa.timestamp("us")), orders.num_rows)
            orders = orders.set_column(orders.schema.get_field_index("seen_at"), "seen_at", seen)
        teller = pa.repeat(refunds["import_id"][0], orders.num_rows)
        orders = orders.set_column(orders.schema.get_field_index("import_id"), "import_id", teller)
        states = CONTRACTS["order_states"].conform(orders.select(list(CONTRACTS["order_states"].names)))
        self._note("order_states", self.warehouse.upsert("order_states", states, app_id=self.app_id).version)

    def _settle_by_refunds(self, stage: Stage, shop_id: int, grain: str) -> None:
        """Staged orders by the refunds that were told before them; those refunds then know their buyer."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        if not self._refunds_name_orders(shop_id):
            return
        ids = pa.concat_tables(
            pq.read_table(part, columns=["order_id", "customer_id"], partitioning=None)
            for part in stage.parts["orders"]
        )
        refunds = order_refunds.refunds_of(self.reader, ids["order_id"], shop_id=shop_id)
        if not refunds.num_rows:
            return
        for place, part in enumerate(stage.parts["orders"]):
            before = pq.read_table(part, partitioning=None)
            after = order_refunds.settled(before, refunds)
            if after is not before:
                stage.parts["orders"][place] = stage.beside(part, after)
        nameless = refunds.filter(pc.is_null(refunds["customer_id"]))
        if told := stage.parts.get("refunds"):
            # told beside their order, they name their buyer themselves
            again = pa.concat_tables(pq.read_table(p, columns=["refund_id"], partitioning=None) for p in told)
            given = again["refund_id"].combine_chunks()
            nameless = nameless.filter(pc.invert(pc.is_in(nameless["refund_id"], value_set=given)))
        if nameless.num_rows and grain == "order":
            place = pc.index_in(nameless["order_id"], value_set=ids["order_id"].combine_chunks())
            buyers = ids["customer_id"].combine_chunks().take(place)
            at = nameless.schema.get_field_index("customer_id")
            stage.add("refunds", nameless.set_column(at, "customer_id", buyers).filter(pc.is_valid(buyers)))

    def _refunds_name_orders(self, shop_id: int) -> bool:
        if "refunds" not in self.reader.versions:
            return False
        text = f"SELECT 1 FROM refunds WHERE shop_id = {int(shop_id)} AND order_id <> '' LIMIT 1"
        return self.reader.cursor(text).execute(text).fetchone() is not None

    def _item_file(self, stage: Stage, shop_id: int) -> None:
        """Lines of known orders replace theirs; the others wait for their order."""
        import pyarrow.compute as pc

        given = _all_rows(stage.parts.get("waiting_lines", []), "waiting_lines")
        if not given.num_rows:
            return
        rows = item_files.numbered(given)
        orders = fact_files.stored_with_keys(self.reader, "orders", rows["order_id"], shop_id)
        known = pc.is_in(rows["order_id"], value_set=orders["order_id"].combine_chunks())
        waiting = rows.filter(pc.invert(known))
        self.written.waiting = waiting.num_rows
        total = fact_files.money_of(CONTRACTS["waiting_lines"], given)
        total -= self._replace_lines(
            "order_lines", item_files.placed(rows, orders), rows.filter(known), shop_id
        )
        total -= self._replace_lines("waiting_lines", waiting, waiting, shop_id)
        # a row that a later one of the same file replaces changes nothing
        self.written.decided.add("unchanged", given.num_rows - rows.num_rows, total)

    def _replace_lines(self, table: str, lines: pa.Table, rows: pa.Table, shop_id: int) -> int:
        """Lines take the place of those that their orders have in a table; `rows` are the same as the file told them.
        The cents of the rows."""
        stored = fact_files.stored_with_keys(self.reader, table, lines["order_id"], shop_id)
        taken, gone = item_files.replaced(CONTRACTS[table], stored, lines)
        found = item_files.decided(CONTRACTS[table], stored, taken, rows)
        for decision, n, cents in found:
            self.written.decided.add(decision, n, cents)
        self.step("compared")
        if taken.num_rows:
            self._note(
                table, self.warehouse.change(table, taken, _orders_of(gone), app_id=self.app_id).version
            )
        return sum(cents for _decision, _n, cents in found)

    def _whole_lines(self, lines: pa.Table, shop_id: int) -> None:
        """Lines as their orders have them now; what else is stored of these orders goes."""
        stored = fact_files.stored_with_keys(self.reader, "order_lines", lines["order_id"], shop_id)
        taken, gone = item_files.replaced(CONTRACTS["order_lines"], stored, lines)
        if taken.num_rows:
            written = self.warehouse.change("order_lines", taken, _orders_of(gone), app_id=self.app_id)
            self._note("order_lines", written.version)

    def _keep_best_lines(self, stage: Stage, shop_id: int) -> None:
        """Staged lines beside those that other files told of the same orders: the ones that say most stay."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        found = best_lines.rivals(self.reader, stage, shop_id)
        if not found.num_rows:
            return
        beaten = best_lines.orders_where(found, "stored", "waiting")
        left = stage.leave_out("order_lines", lambda lines: pc.is_in(lines["order_id"], value_set=beaten))
        self.written.decided.add("unchanged", *left)
        over = best_lines.orders_where(found, "given", "waiting")
        if not len(over):
            return
        waiting = fact_files.stored_with_keys(
            self.reader, "waiting_lines", best_lines.orders_where(found, "waiting"), shop_id
        )
        columns = ["order_id", "month", "created_day", "paid_cents", "postage_cents"]
        orders = pa.concat_tables(
            pq.read_table(part, columns=columns, partitioning=None) for part in stage.parts["orders"]
        )
        gone = fact_files.stored_with_keys(self.reader, "order_lines", over, shop_id)
        written = self.warehouse.change(
            "order_lines",
            item_files.placed(waiting, orders),
            gone.select(["shop_id", "order_id", "line"]),
            app_id=f"{self.app_id}-best",
        )
        self._note("order_lines", written.version)

    def _place_waiting(self, stage: Stage, shop_id: int, *, placed: bool) -> None:
        """Lines that came before their orders go to them and wait no longer. Where the lines of the orders are told
        with them (`placed` is false), those count and the waiting ones go."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if "waiting_lines" not in self.reader.versions:
            return
        columns = ["order_id", "month", "created_day", "paid_cents", "postage_cents"]
        orders = pa.concat_tables(
            pq.read_table(part, columns=columns, partitioning=None) for part in stage.parts["orders"]
        )
        waiting = fact_files.stored_with_keys(self.reader, "waiting_lines", orders["order_id"], shop_id)
        if not waiting.num_rows:
            return
        if placed:
            stage.add("order_lines", item_files.placed(waiting, orders))
        empty = CONTRACTS["waiting_lines"].empty()
        written = self.warehouse.change("waiting_lines", empty, _orders_of(waiting), app_id=self.app_id)
        self._note("waiting_lines", written.version)

    def _split_anew(self, stage: Stage, orders: pa.Table, shop_id: int) -> None:
        """Lines whose amounts are worked out from their order, when the order changes."""
        if "order_lines" not in self.reader.versions:
            return
        text = f"SELECT 1 FROM order_lines WHERE shop_id = {int(shop_id)} AND line LIKE '#%' LIMIT 1"
        if self.reader.cursor(text).execute(text).fetchone() is None:
            return
        lines = fact_files.stored_with_keys(self.reader, "order_lines", orders["order_id"], shop_id)
        stage.add("order_lines", item_files.split_anew(lines, orders))

    def _orders(
        self,
        stage: Stage,
        as_told: tuple[Path, ...],
        seen_at: datetime | None,
        *,
        counts: bool,
        shop_id: int | None,
    ) -> None:
        """The orders; their history gets them as the file told them."""
        files = stage.parts.get("orders")
        if not files:
            return
        parts = StagedRows(tuple(files), seen_at, CODED)
        diff = diff_orders(self.reader, parts)
        self.step("compared")
        if counts:
            for decision, rows, cents in _money_by_decision(parts, diff):
                self.written.decided.add(decision, rows, cents)
        self.written.orders = {
            "new": diff.rows_new,
            "changed": diff.rows_changed,
            "unchanged": diff.rows_unchanged,
        }
        if not diff.is_empty:
            save = self.warehouse.append if diff.is_all_new else self.warehouse.upsert
            options: dict[str, Any] = {} if diff.is_all_new else {"decided": True, "held_in": diff.held_in}
            self._note("orders", save("orders", diff.rows, app_id=self.app_id, **options).version)
        if counts and shop_id is not None and not diff.is_empty and not diff.is_all_new:
            self._split_anew(stage, diff.rows, shop_id)
        told = StagedRows(as_told, seen_at, CODED)
        states = told if diff.is_all_new else states_of(told)
        self._note("order_states", self.warehouse.upsert("order_states", states, app_id=self.app_id).version)

    def _table(self, stage: Stage, table: str, *, counts: bool) -> None:
        rows = _all_rows(stage.parts[table], table)
        if counts:
            for decision, found, cents in _lines_by_decision(self.reader, table, rows):
                self.written.decided.add(decision, found, cents)
        self._note(table, self.warehouse.upsert(table, rows, app_id=self.app_id).version)

    def _note(self, table: str, version: int) -> None:
        self.written.versions[table] = version
        self.step(f"wrote_{table}")


def _orders_of(lines: pa.Table) -> pa.Table:
    """The keys of the orders that lines belong to."""
    return lines.select(["shop_id", "order_id"]).group_by(["shop_id", "order_id"]).aggregate([])


def contract_rows(
    table: str,
    rows: pa.Table,
    shop: Shop,
    run: ImportRun,
    customers: pa.Array | None,
    row_no: pa.Array | None = None,
) -> pa.Table:
    """Rows with shop, import and customer, in the contract's columns; orders with their row numbers beside them."""
    import pyarrow as pa

    count = rows.num_rows
    kept = rows.append_column("shop_id", pa.repeat(pa.scalar(shop.pk, pa.int64()), count))
    kept = kept.append_column("import_id", pa.repeat(pa.scalar(run.pk, pa.int64()), count))
    if customers is not None:
        kept = kept.append_column("customer_id", customers)
    filled = CONTRACTS[table].conform(kept)
    return filled if row_no is None else filled.append_column("row_no", row_no)


def _all_rows(parts: list[Any], table: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(CONTRACTS[table].names)
    if not parts:
        return CONTRACTS[table].empty()
    return pa.concat_tables([pq.read_table(part, partitioning=None).select(names) for part in parts])


def _money_by_decision(parts: StagedRows, diff: OrderDiff) -> list[tuple[str, int, int]]:
    """Rows and Σ 总金额 of an order file, by what became of the row."""
    from laoke.warehouse.engine import room

    with room() as connection:
        connection.execute(f"CREATE VIEW incoming AS {incoming_sql(parts)}")
        connection.register("decisions", diff.decisions)
        found: list[tuple[str, int, int]] = connection.execute(
            _SUMS_ALL_NEW if diff.is_all_new else _SUMS_BY_DECISION
        ).fetchall()
        return found


_SUMS_ALL_NEW = "SELECT 'new', count(*), CAST(sum(total_cents) AS BIGINT) FROM incoming"
_SUMS_BY_DECISION = """
SELECT d.decision, count(*), CAST(sum(o.total_cents) AS BIGINT)
FROM decisions AS d JOIN incoming AS o ON o.row_no = d.row_no GROUP BY d.decision
"""


def _lines_by_decision(reader: Reader, table: str, rows: pa.Table) -> list[tuple[str, int, int]]:
    """Rows and money of a line file; goods sent back count negative, as in the file."""
    found = fact_files.decisions(reader, CONTRACTS[table], rows)
    return [(decision, n, -cents if table == "refunds" else cents) for decision, n, cents in found]
