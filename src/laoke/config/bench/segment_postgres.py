"""The same segment by PostgreSQL, in the same run: over the features table, and over the orders with covering indexes.

Laoke's side leaves both tables as it has them in the folder of the run. They are copied in, vacuumed and asked warm.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.config.bench.checkout import postgres
from laoke.config.bench.measures import Measured, Size

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

FIGURE = "segment_count_wanted"
# Bought on two days in a year, spent more than 500, last 90 to 365 days ago, never with a coupon.
WANTED = "bought(2+, within 365d) and spent(>= {yuan}) and last_order(90d..365d) and not used_coupon"
YUAN = 500
RUNS = {"features": {"small": 3, "full": 40}, "orders": {"small": 2, "full": 6}}
# All that its planner could wish for on such a machine; the rows lie in its memory.
SETTINGS = {
    "shared_buffers": "3GB", "work_mem": "512MB", "max_parallel_workers_per_gather": "2",
    "maintenance_work_mem": "1GB", "random_page_cost": "1.1", "effective_cache_size": "8GB",
}  # fmt: skip
BLOCK = 1 << 20
ORDERS = """
SELECT o.order_id, coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day, o.paid_cents, o.coupon_used
FROM orders_counted AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day IS NOT NULL
"""
FEATURES = "SELECT * FROM customer_features WHERE shop_id = $shop_id AND as_of_day = $as_of_day"
TABLES = {"features": FEATURES, "orders": ORDERS}
INDEXES = {
    "features": ("CREATE UNIQUE INDEX ON features (shop_id, as_of_day, person_id)",),
    "orders": (
        "CREATE INDEX ON orders (person_id, paid_day) INCLUDE (paid_cents, coupon_used)",
        "CREATE INDEX ON orders (paid_day)",
    ),
}
QUESTIONS = {
    "features": """
SELECT count(*) FROM features
WHERE shop_id = %(shop_id)s AND as_of_day = %(day)s AND orders_365 >= 2 AND paid_cents >= %(cents)s
  AND last_day BETWEEN %(day)s - 365 AND %(day)s - 90 AND coupon_orders = 0
""",
    # Two days at least: the first of the year lies before the last. Counting distinct days took longer.
    "orders": """
SELECT count(*) FROM (
  SELECT person_id FROM orders WHERE paid_day <= %(day)s GROUP BY person_id
  HAVING min(paid_day) FILTER (WHERE paid_day >= %(day)s - 365) < max(paid_day) AND sum(paid_cents) >= %(cents)s
    AND max(paid_day) BETWEEN %(day)s - 365 AND %(day)s - 90 AND NOT bool_or(coupon_used)
) AS found
""",
}


def leave_tables(reader: Reader, shop_id: int, as_of_day: int, folder: Path) -> None:
    """Write both tables as CSV into the folder of the run, with the statement that makes each."""
    for name, text in TABLES.items():
        params = {"shop_id": shop_id, "as_of_day": as_of_day} if name == "features" else {"shop_id": shop_id}
        cursor = reader.cursor(text)
        kinds = {"VARCHAR": "text", "TINYINT": "smallint", "DOUBLE": "double precision"}
        columns = cursor.execute(f"DESCRIBE {text}", params).fetchall()
        made = ", ".join(f"{row[0]} {kinds.get(row[1], row[1])}" for row in columns)
        (folder / f"{name}.sql").write_text(f"CREATE UNLOGGED TABLE {name} ({made})", encoding="utf-8")
        target = str(folder / f"{name}.csv").replace("'", "''")
        cursor.execute(f"COPY ({text}) TO '{target}' (FORMAT csv, HEADER false)", params)
    (folder / "wanted.txt").write_text(f"{shop_id} {as_of_day}", encoding="utf-8")


def postgres_features(size: Size, folder: Path) -> Iterator[Measured]:
    return _measured("features", size, folder)


def postgres_orders(size: Size, folder: Path) -> Iterator[Measured]:
    return _measured("orders", size, folder)


def _measured(name: str, size: Size, folder: Path) -> Iterator[Measured]:
    import numpy as np
    import psycopg

    shop_id, day = map(int, (folder / "wanted.txt").read_text(encoding="utf-8").split())
    with postgres(SETTINGS) as url, psycopg.connect(url, autocommit=True) as connection:
        begun = time.perf_counter()
        n = _load(connection, name, folder)
        loaded, wall, found = time.perf_counter() - begun, [], 0
        for run in range(-2, RUNS[name][size]):
            asked = {"shop_id": shop_id, "day": day, "cents": (YUAN + run) * 100}
            begun = time.perf_counter()
            [(counted,)] = connection.execute(QUESTIONS[name], asked).fetchall()
            if run >= 0:
                wall.append((time.perf_counter() - begun) * 1000)
            found = counted if run == 0 else found
        [(version,)] = connection.execute("SHOW server_version").fetchall()
    note = (
        f"PostgreSQL {version.split()[0]}: p95 of {len(wall)}, median {float(np.median(wall)):.1f} ms; "
        f"{found:,} people; loaded in {loaded:.0f} s"
    )
    yield Measured(FIGURE, float(np.percentile(wall, 95)), n, sum(wall) / 1000, 0.0, note=note)


def _load(connection: Any, name: str, folder: Path) -> int:
    """Copy a table in, index and vacuum it; its rows."""
    connection.execute((folder / f"{name}.sql").read_text(encoding="utf-8"))
    with (
        (folder / f"{name}.csv").open("rb") as rows,
        connection.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copied,
    ):
        while block := rows.read(BLOCK):
            copied.write(block)
    for index in INDEXES[name]:
        connection.execute(index)
    connection.execute(f"VACUUM (ANALYZE) {name}")
    return int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
