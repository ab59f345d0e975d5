"""Facts of one import: compared with what is stored, written with one commit per table.

Called while the warehouse's write lock is held. Tables are first brought back to the catalog's versions, so that what a
killed writer left behind is never mixed into this import's entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.order_diff import OrderDiff, diff_orders, states_of
from laoke.warehouse.plan import StagedRows, incoming_sql
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.loading.stage import Stage
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
    """The versions after writing, and what became of the file's rows (orders, or lines and refunds of a line file)."""

    versions: dict[str, int] = field(default_factory=dict)
    decided: Decided = field(default_factory=Decided)
    orders: dict[str, int] = field(default_factory=dict)


class FactsWriter:
    """One import's writes. `app_id` names the import and the state it was compared with."""

    def __init__(
        self, warehouse: Warehouse, versions: dict[str, int], app_id: str, step: Callable[[str], None]
    ) -> None:
        self.warehouse, self.app_id, self.step = warehouse, app_id, step
        warehouse.align(versions)
        self.reader: Reader = warehouse.reader(versions)
        self.written = FactsWritten()

    def write(self, stage: Stage, *, grain: str, seen_at: datetime | None = None) -> FactsWritten:
        """Write every staged table; `grain` says which tables hold the rows of the file, `seen_at` its as-of time
        where the staged orders do not hold it."""
        self._orders(stage, seen_at, counts=grain == "order")
        for table in sorted(set(stage.parts) - {"orders"}):
            self._table(stage, table, counts=grain == "line" and table in ("order_lines", "refunds"))
        return self.written

    def _orders(self, stage: Stage, seen_at: datetime | None, *, counts: bool) -> None:
        files = stage.parts.get("orders")
        if not files:
            return
        parts = StagedRows(tuple(files), seen_at)
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
            options: dict[str, Any] = {} if diff.is_all_new else {"decided": True}
            self._note("orders", save("orders", diff.rows, app_id=self.app_id, **options).version)
        states = parts if diff.is_all_new else states_of(parts)
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


def _all_rows(parts: list[Any], table: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(CONTRACTS[table].names)
    return pa.concat_tables([pq.read_table(part, partitioning=None).select(names) for part in parts])


def _money_by_decision(parts: StagedRows, diff: OrderDiff) -> list[tuple[str, int, int]]:
    """Rows and Σ 总金额 of an order file, by what became of the row."""
    from laoke.warehouse.engine import connect

    connection = connect()
    try:
        connection.execute(f"CREATE VIEW incoming AS {incoming_sql(parts)}")
        connection.register("decisions", diff.decisions)
        found: list[tuple[str, int, int]] = connection.execute(
            _SUMS_ALL_NEW if diff.is_all_new else _SUMS_BY_DECISION
        ).fetchall()
        return found
    finally:
        connection.close()


_SUMS_ALL_NEW = "SELECT 'new', count(*), CAST(sum(total_cents) AS BIGINT) FROM incoming"
_SUMS_BY_DECISION = """
SELECT d.decision, count(*), CAST(sum(o.total_cents) AS BIGINT)
FROM decisions AS d JOIN incoming AS o ON o.row_no = d.row_no GROUP BY d.decision
"""


def _lines_by_decision(reader: Reader, table: str, rows: pa.Table) -> list[tuple[str, int, int]]:
    """Rows and money of a line file; goods sent back count negative, as in the file."""
    contract = CONTRACTS[table]
    money = "-i.amount_cents" if table == "refunds" else "i.paid_cents"
    keys = " AND ".join(f"s.{name} = i.{name}" for name in contract.key)
    same = " AND ".join(
        f"s.{name} IS NOT DISTINCT FROM i.{name}"
        for name in contract.names
        if name not in (*contract.key, "import_id")
    )
    text = f"""
        SELECT CASE WHEN s.{contract.key[0]} IS NULL THEN 'new' WHEN {same} THEN 'unchanged' ELSE 'changed' END AS d,
               count(*), CAST(sum({money}) AS BIGINT)
        FROM incoming_rows AS i LEFT JOIN {table} AS s ON {keys} GROUP BY d
    """
    cursor = reader.cursor(text)
    cursor.register("incoming_rows", rows)
    try:
        found: list[tuple[str, int, int]] = cursor.execute(text).fetchall()
        return found
    finally:
        cursor.unregister("incoming_rows")
