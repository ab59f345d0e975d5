"""Which of several states of an order is the newest, in whatever order the files came.

The winner of an order is the largest of (state_rank, seen_at, refunded_cents, paid_cents, digest of the content),
over the stored row and all incoming ones. The content is every business column: not the ids, not seen_at, not
import_id. The customer is the smallest known one over all rows, so a newer export without buyers loses nobody.
All three are maxima or minima, hence independent of order and grouping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from laoke.warehouse import delta
from laoke.warehouse.contracts import ORDERS
from laoke.warehouse.engine import POSITION, Reader, connected, room, stored_sql
from laoke.warehouse.plan import HeldIn, StagedRows, incoming_sql, positions_of_keys

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.warehouse.plan import Rows

CONTENT = tuple(
    name
    for name in ORDERS.names
    if name not in ("month", "shop_id", "order_id", "customer_id", "seen_at", "import_id")
)
_COMPARATOR = ("state_rank", "seen_at", "refunded_cents", "paid_cents")
# Up to so many incoming orders that are stored, the stored rows are read once and held: about 1 kB each.
HELD_AT_MOST = 250_000


@dataclass(frozen=True)
class OrderDiff:
    """The outcome: what to write, and what became of each incoming row.

    `rows` goes to `Warehouse.upsert("orders", rows, decided=True)`: an Arrow table, or the Parquet files it came
    in when every row is new. `decisions` has one row per incoming row: row_no, decision ('new', 'changed',
    'unchanged'). A row that only confirms the stored state, or loses to it or to a row beside it, is unchanged.
    `held_in` says where the stored rows of the incoming orders lie.
    """

    rows: Rows
    decisions: pa.Table
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    held_in: HeldIn | None = None

    @property
    def is_empty(self) -> bool:
        return not isinstance(self.rows, (list, tuple, StagedRows)) and self.rows.num_rows == 0

    @property
    def is_all_new(self) -> bool:
        """Whether every incoming row is a new order, each a different one."""
        return self.rows_changed == 0 and self.rows_unchanged == 0


def diff_orders(existing: Reader, incoming: Rows) -> OrderDiff:
    """Compare incoming orders (contract columns plus `row_no` int64) with the stored ones and with each other."""
    with connected(existing.root) as connection:
        return _diff(connection, existing, incoming)


def _diff(connection: duckdb.DuckDBPyConnection, existing: Reader, incoming: Rows) -> OrderDiff:
    _register(connection, "incoming", incoming)
    version = existing.versions.get("orders")
    snapshot = None if version is None else delta.snapshot(existing.root / "orders", version)
    places = {} if snapshot is None else positions_of_keys(connection, ORDERS, snapshot.files, ORDERS.key)
    if not places and connection.execute(_EACH_ONCE).fetchone() == (True,):
        return _all_new(connection, incoming)
    held = _register_stored(connection, existing, snapshot, places)
    connection.execute(_dominated_sql())
    connection.execute(_RIVALRY)
    connection.execute(_CONTESTED_KEYS)
    if connection.execute(_IS_ALL_NEW).fetchone() == (True,):
        return _all_new(connection, incoming)
    connection.execute(_contest_sql())
    decisions = _arrow(connection, _DECISIONS)
    counts = dict(_pairs(connection, f"SELECT decision, count(*) FROM ({_DECISIONS}) GROUP BY decision"))
    return OrderDiff(
        _arrow(connection, _written_sql()),
        decisions,
        counts.get("new", 0),
        counts.get("changed", 0),
        counts.get("unchanged", 0),
        held,
    )


def _register_stored(
    connection: duckdb.DuckDBPyConnection,
    existing: Reader,
    snapshot: delta.Snapshot | None,
    places: dict[str, NDArray[np.int64]],
) -> HeldIn | None:
    """`stored`, the stored rows of incoming orders: a table when they are few, for each look at them reads every column
    of every order that lies in the same files. Where they lie is told then to whoever writes."""
    files = None if snapshot is None else replace(snapshot, files=tuple(places))
    text = stored_sql(existing.root / "orders", ORDERS, files, positions=True)
    if sum(len(rows) for rows in places.values()) > HELD_AT_MOST:
        connection.execute(f"CREATE VIEW stored AS {text}")
        return None if files is None else HeldIn(files.version, files.files)
    connection.execute(
        f"CREATE TABLE stored AS SELECT s.* FROM ({text}) AS s"
        " SEMI JOIN incoming AS i ON s.shop_id = i.shop_id AND s.order_id = i.order_id"
    )
    rows = _arrow(connection, f"SELECT {', '.join((*ORDERS.key, *POSITION))} FROM stored")
    return None if files is None else HeldIn(files.version, files.files, rows)


def _all_new(connection: duckdb.DuckDBPyConnection, incoming: Rows) -> OrderDiff:
    decisions = _arrow(connection, "SELECT row_no, 'new' AS decision FROM incoming")
    if not isinstance(incoming, (list, tuple, StagedRows)):
        incoming = incoming.select(list(ORDERS.names))
    return OrderDiff(incoming, decisions, decisions.num_rows, 0, 0)


def _register(connection: duckdb.DuckDBPyConnection, name: str, rows: Rows) -> None:
    if isinstance(rows, (list, tuple, StagedRows)):
        connection.execute(f"CREATE VIEW {name} AS {incoming_sql(rows)}")
    else:
        connection.register(name, rows)


def _arrow(connection: duckdb.DuckDBPyConnection, text: str) -> pa.Table:
    return connection.execute(text).to_arrow_table()


def _pairs(connection: duckdb.DuckDBPyConnection, text: str) -> Sequence[tuple[str, int]]:
    return connection.execute(text).fetchall()


# Equal counts of hashes and rows prove that no order comes twice, for a fraction of what grouping by the keys costs.
_EACH_ONCE = "SELECT count(DISTINCT hash(shop_id, order_id)) = count(*) FROM incoming"
_IS_ALL_NEW = "SELECT NOT EXISTS (FROM contested) AND NOT EXISTS (FROM dominated)"
_RIVALRY = """
CREATE VIEW rivalling AS SELECT * FROM incoming AS i
WHERE NOT EXISTS (SELECT 1 FROM dominated AS d WHERE d.row_no = i.row_no)
"""


def _dominated_sql() -> str:
    """Incoming rows that say what is stored, seen no later, about no other buyer: they cannot win or change anything.

    Comparing columns is far cheaper than digests and windows, and a file that comes again is all such rows."""
    same = " AND ".join(f"s.{name} IS NOT DISTINCT FROM i.{name}" for name in CONTENT)
    return f"""
CREATE TABLE dominated AS
SELECT i.row_no FROM incoming AS i JOIN stored AS s ON s.shop_id = i.shop_id AND s.order_id = i.order_id
WHERE {same} AND i.seen_at <= s.seen_at AND (i.customer_id IS NULL OR i.customer_id >= s.customer_id)
"""


# Orders that are stored already, or come more than once: only these need comparing. Everything else is new.
_CONTESTED_KEYS = """
CREATE TABLE contested AS
SELECT s.shop_id, s.order_id FROM stored AS s
WHERE EXISTS (SELECT 1 FROM rivalling AS i WHERE i.shop_id = s.shop_id AND i.order_id = s.order_id)
UNION
SELECT shop_id, order_id FROM rivalling GROUP BY shop_id, order_id HAVING count(*) > 1
"""


def _contest_sql() -> str:
    """One row per contested row, stored ones with row_no −1: its place, its order's customer, the stored digest."""
    digest = f"md5(CAST(({', '.join(CONTENT)}) AS VARCHAR))"
    columns = f"shop_id, order_id, customer_id, {', '.join(_COMPARATOR)}, {digest} AS digest"
    ranked = ", ".join(f"{name} DESC" for name in (*_COMPARATOR, "digest"))
    met = "EXISTS (SELECT 1 FROM contested AS c WHERE c.shop_id = r.shop_id AND c.order_id = r.order_id)"
    return f"""
CREATE TABLE contest AS
WITH rivals AS (
  SELECT {columns}, CAST(-1 AS BIGINT) AS row_no FROM stored AS r WHERE {met}
  UNION ALL
  SELECT {columns}, row_no FROM rivalling AS r WHERE {met}
)
SELECT shop_id, order_id, row_no, digest, seen_at, customer_id,
  row_number() OVER (PARTITION BY shop_id, order_id ORDER BY {ranked}, row_no) AS place,
  min(customer_id) OVER (PARTITION BY shop_id, order_id) AS known_customer_id,
  max(CASE WHEN row_no = -1 THEN digest END) OVER (PARTITION BY shop_id, order_id) AS stored_digest,
  max(CASE WHEN row_no = -1 THEN seen_at END) OVER (PARTITION BY shop_id, order_id) AS stored_seen_at,
  max(CASE WHEN row_no = -1 THEN customer_id END) OVER (PARTITION BY shop_id, order_id) AS stored_customer_id
FROM rivals
"""


_DECISIONS = """
SELECT i.row_no, CASE
    WHEN d.row_no IS NOT NULL THEN 'unchanged'
    WHEN c.row_no IS NULL THEN 'new'
    WHEN c.place > 1 THEN 'unchanged'
    WHEN c.stored_digest IS NULL THEN 'new'
    WHEN c.stored_digest = c.digest THEN 'unchanged'
    ELSE 'changed' END AS decision
FROM incoming AS i
LEFT JOIN dominated AS d ON d.row_no = i.row_no
LEFT JOIN contest AS c ON c.row_no = i.row_no
"""


def _written_sql() -> str:
    """Rows to write: uncontested ones, winners that differ from the stored row, and stored winners whose buyer
    became known. A winner equal in content but seen later is written too: it must beat what was seen between."""
    names = ", ".join(f"r.{name}" for name in ORDERS.names)
    linked = names.replace("r.customer_id", "c.known_customer_id AS customer_id")
    return f"""
SELECT {names} FROM rivalling AS r
WHERE NOT EXISTS (SELECT 1 FROM contest AS c WHERE c.row_no = r.row_no)
UNION ALL
SELECT {linked} FROM rivalling AS r JOIN contest AS c ON c.row_no = r.row_no
WHERE c.place = 1
UNION ALL
SELECT {linked} FROM stored AS r JOIN contest AS c ON c.shop_id = r.shop_id AND c.order_id = r.order_id
WHERE c.row_no = -1 AND c.place = 1 AND c.known_customer_id IS DISTINCT FROM c.customer_id
ORDER BY month, created_at, order_id
"""


def states_of(incoming: Rows) -> pa.Table:
    """The rows of `order_states` that these incoming orders tell: one per order, time seen and status.

    Where each order comes once, its own row is that already."""
    with room() as connection:
        _register(connection, "incoming", incoming)
        return _arrow(connection, _STATES)


_STATES = """
SELECT shop_id, order_id, seen_at, status,
  max(paid_cents) AS paid_cents, max(refunded_cents) AS refunded_cents, min(import_id) AS import_id
FROM incoming GROUP BY shop_id, order_id, seen_at, status
"""
