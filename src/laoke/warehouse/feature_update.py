"""Bringing customer_features up to date after an import without asking the old orders of everybody again.

What is known of a person by himself depends on the rows of his own customers. So: (1) the rows that differ between
the facts of before and those of now say who is touched; only files that are not in both versions are compared, both
ways, so that an import taken back is noticed like one that came. (2) `customer_features.sql` runs over the rows of
touched persons alone, of most only over the days on which something differs (`feature_parts.py`). (3)
Everybody else keeps what was known, where it lies. (4) `feature_lines.sql` draws the lines of the scores anew for all.

What is read afterwards equals a full build row by row; where that cannot be had (see `update_features`), it is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from laoke.warehouse import delta, feature_parts
from laoke.warehouse.contracts import CONTRACTS, CUSTOMER_FEATURES, FEATURE_LINES
from laoke.warehouse.engine import FAKE_FLAGS, connected, literals, scan_sql, stored_sql
from laoke.warehouse.features import (
    UNSCORED,
    CutPoints,
    Features,
    build_features,
    without_scores,
)
from laoke.warehouse.named import parameters_in, query_text

if TYPE_CHECKING:
    import duckdb

    from laoke.warehouse.store import Warehouse

FEATURES = "customer_features"
# The facts that customer_features.sql reads.
SOURCES = ("orders", "order_flags", "refunds", "customers", "person_map")
# From this part of the persons on a full build is as quick: it reads the same orders once.
MOST_TOUCHED = 1 / 3
# From this part of all rows on, reading some days of before and now costs more than reading all days of now once.
MOST_READ = 1 / 2
_FOR_EVER = 10**6  # days since 1970-01-01


@dataclass(frozen=True)
class _Compared:
    """How two versions of a table are compared: the columns that features read of it, the rows that can matter, and
    the column with the day from which on a row does, '' = it has none. `into` is who is touched by what differs."""

    table: str
    key: str
    columns: tuple[str, ...]
    matters: str = "true"
    day: str = ""
    into: str = "touched_otherwise"


_COMPARED = (
    _Compared(
        "orders",
        "order_id",
        (
            "customer_id", "paid_day", "paid_hour", "paid_cents", "refunded_cents", "item_count", "coupon_used",
            "province", "city",
        ),
        "paid_day <= $as_of_day",
        "paid_day",
        "touched_days",
    ),
    _Compared(
        "refunds",
        "refund_id",
        ("customer_id", "amount_cents", "created_day"),
        "order_id = '' AND finished_at IS NOT NULL AND created_day <= $as_of_day",
        "created_day",
    ),
    _Compared(
        "customers", "customer_id", ("customer_id", "first_seen", "province", "city"), into="touched"
    ),
    _Compared("person_map", "customer_id", ("customer_id", "person_id")),
)  # fmt: skip


def update_features(
    warehouse: Warehouse,
    now: Mapping[str, int],
    before: Mapping[str, int],
    as_of_day: int,
    shop_id: int,
    cut_points: CutPoints,
) -> Features:
    """What is to be stored so that features tell of the versions `now` what `build_features` would, from those that the
    versions `before` hold.

    Those must be of the facts that `before` names, and of the same windows. A full build instead when they are not
    there, lack a column, their files are gone, or more than a third of the persons are touched.
    """
    if _can_update(warehouse, now, before):
        params = {"shop_id": shop_id, "as_of_day": as_of_day} | cut_points.params()
        with connected(warehouse.root, warehouse.memory_limit, warehouse.threads) as connection:
            updated = _Update(connection, warehouse, now, before, params).run()
        if updated is not None:
            return updated
    return build_features(warehouse.reader(now), as_of_day, shop_id, cut_points)


def first_changed_day(
    warehouse: Warehouse, now: Mapping[str, int], before: Mapping[str, int], shop_id: int
) -> int | None:
    """The first day whose features may be others by the facts `now` than by those `before`; None when no day's are.

    0 where that cannot be told because files of before are gone. Who is one person is not looked at: that changes with
    nearly every import, and moves past counts by one or two.
    """
    if warehouse.damage(_changed(now, before, SOURCES)):
        return 0
    with connected(warehouse.root, warehouse.memory_limit, warehouse.threads) as connection:
        update = _Update(connection, warehouse, now, before, {"shop_id": shop_id, "as_of_day": _FOR_EVER})
        return update.first_day()


def _changed(now: Mapping[str, int], before: Mapping[str, int], tables: tuple[str, ...]) -> dict[str, int]:
    """The versions of before that now has no longer: a table in the same version is read as part of now."""
    return {table: before[table] for table in tables if table in before and now.get(table) != before[table]}


def _can_update(warehouse: Warehouse, now: Mapping[str, int], before: Mapping[str, int]) -> bool:
    """Whether all of before can be read: features with today's columns, and the files that facts no longer have."""
    if FEATURES not in before:
        return False
    if warehouse.damage(_changed(now, before, SOURCES) | {FEATURES: before[FEATURES]}):
        return False
    columns = delta.snapshot(warehouse.folder(FEATURES), before[FEATURES]).columns
    return set(CUSTOMER_FEATURES.names) <= set(columns)


def _persons_sql(name: str, touched: str) -> str:
    """`name`: to whom the customers in a table belonged before and belong now."""
    return f"""
CREATE TABLE {name} AS
WITH customers AS (SELECT DISTINCT customer_id FROM {touched} WHERE customer_id IS NOT NULL)
SELECT coalesce(m.person_id, c.customer_id) AS person_id FROM customers AS c
LEFT JOIN person_map_now AS m ON m.shop_id = $shop_id AND m.customer_id = c.customer_id
UNION
SELECT coalesce(m.person_id, c.customer_id) FROM customers AS c
LEFT JOIN person_map_before AS m ON m.shop_id = $shop_id AND m.customer_id = c.customer_id
"""


def _customers_sql(persons: str) -> str:
    """`mine`: the customers of the persons in a table, and whose they are."""
    return f"""
CREATE OR REPLACE TABLE mine AS
WITH linked AS (SELECT customer_id, person_id FROM person_map_now WHERE shop_id = $shop_id)
SELECT l.customer_id, l.person_id FROM linked AS l JOIN {persons} AS p ON p.person_id = l.person_id
UNION
SELECT p.person_id, p.person_id FROM {persons} AS p ANTI JOIN linked AS l ON l.customer_id = p.person_id
"""


class _Update:
    """One update in a DuckDB of its own: views of both versions, then the tables that the queries name."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        warehouse: Warehouse,
        now: Mapping[str, int],
        before: Mapping[str, int],
        params: dict[str, Any],
    ) -> None:
        self.connection, self.warehouse = connection, warehouse
        self.now, self.before, self.params = now, before, params

    def run(self) -> Features | None:
        """The rows of touched persons; None when a full build is due."""
        self._open()
        self._open_features()
        persons = self._count("features_before")
        if not persons or self._count(f"features_before WHERE last_day IS NOT NULL AND ({_FROM_BEFORE})"):
            return None
        self._find_touched()
        if self._count("persons") > persons * MOST_TOUCHED:
            return None
        self._take_rows()
        # Where the rows of before do not lie in the files of now, everybody's are written.
        moved = self.now.get(FEATURES) != self.before.get(FEATURES)
        stay = not moved or self._holding(self.now) == self._holding(self.before)
        rows = self._run(
            f"SELECT * FROM {'computed' if stay else 'everybody'} ORDER BY {CUSTOMER_FEATURES.file_order}"
        ).to_arrow_table()
        lines = FEATURE_LINES.conform(self._run(query_text("feature_lines")).to_arrow_table())
        return Features(without_scores(rows), lines, self._run(_KEYS).to_arrow_table() if stay else None)

    def _holding(self, versions: Mapping[str, int]) -> set[str]:
        """The files that hold the features of the shop and day in these versions."""
        snapshot = self._snapshot(FEATURES, versions)
        if snapshot is None or not snapshot.files:
            return set()
        scan = scan_sql(snapshot.files, CUSTOMER_FEATURES, ", filename=true")
        found = self._run(
            f"SELECT DISTINCT filename FROM {scan} WHERE shop_id = $shop_id AND as_of_day = $as_of_day"
        ).fetchall()
        return {name for (name,) in found}

    def first_day(self) -> int | None:
        """The first day of a row that differs, or of an order whose flag turned."""
        self._open()
        self._run(_FLAGS_TURNED)
        days = [_first_day_sql(compared) for compared in _COMPARED if compared.day]
        row = self._run(f"SELECT min(day) FROM ({' UNION ALL '.join([*days, _DAYS_OF_TURNED])})").fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def _open(self) -> None:
        """`<table>_now`, and `<table>_gained` and `_lost`: the rows of the files that one version alone has."""
        for table in SOURCES:
            now, before = self._snapshot(table, self.now), self._snapshot(table, self.before)
            self._view(f"{table}_now", table, now)
            self._view(f"{table}_gained", table, _without(now, before))
            self._view(f"{table}_lost", table, _without(before, now))
        self._view("person_map_before", "person_map", self._snapshot("person_map", self.before))

    def _open_features(self) -> None:
        self._view("features_stored", FEATURES, self._snapshot(FEATURES, self.before))
        shop, day = self.params["shop_id"], self.params["as_of_day"]
        self._run(
            "CREATE VIEW features_before AS SELECT * FROM features_stored"
            f" WHERE shop_id = {shop:d} AND as_of_day = {day:d}"
        )

    def _snapshot(self, table: str, versions: Mapping[str, int]) -> delta.Snapshot | None:
        version = versions.get(table)
        return None if version is None else delta.snapshot(self.warehouse.folder(table), version)

    def _view(self, name: str, table: str, snapshot: delta.Snapshot | None) -> None:
        text = stored_sql(self.warehouse.folder(table), CONTRACTS[table], snapshot)
        self._run(f"CREATE VIEW {name} AS {text}")

    def _find_touched(self) -> None:
        """`persons`: whom the touched customers belonged to before and belong to now; `persons_otherwise`: those of
        them who are touched by more than their orders and records."""
        self._run("CREATE TABLE touched_days (customer_id BIGINT, paid_day INTEGER)")
        for name in ("touched", "touched_otherwise"):
            self._run(f"CREATE TABLE {name} (customer_id BIGINT)")
        for compared in _COMPARED:
            self._run(_differing_sql(compared))
        self._run(_FLAGS_TURNED)
        if self._count("turned"):
            self._run(_BUYERS_OF_TURNED)
        self._run("INSERT INTO touched SELECT customer_id FROM touched_days UNION ALL FROM touched_otherwise")
        self._run(_persons_sql("persons", "touched"))
        self._run(_persons_sql("persons_otherwise", "touched_otherwise"))

    def _take_rows(self) -> None:
        """`computed`: the features of touched persons; `customer_features`: everybody's."""
        flagged = self._count(f"order_flags_now WHERE shop_id = $shop_id AND flag IN ({_FAKE})")
        self._not_flagged = _NOT_FLAGGED if flagged else ""
        self._take_people("persons")
        parts = []
        if self._tell_by_days():
            parts.append("quick")
            self._take_people("anew")
        if not parts or self._count("anew"):
            parts.append("in_full")
            self._take_orders("orders_now", "mine AS c ON c.customer_id = o.customer_id")
            self._run(f"CREATE TABLE in_full AS {query_text(FEATURES)}")
        self._run(f"CREATE VIEW computed AS {' UNION ALL '.join(f'SELECT * FROM {part}' for part in parts)}")
        names = ", ".join(name for name in CUSTOMER_FEATURES.names if name not in UNSCORED)
        self._run(
            f"CREATE VIEW everybody AS SELECT {names} FROM computed UNION ALL SELECT {names} FROM features_before"
            " AS b ANTI JOIN persons AS p ON p.person_id = b.person_id"
        )
        self._run(f"CREATE VIEW {FEATURES} AS SELECT * FROM everybody")

    def _tell_by_days(self) -> bool:
        """`quick`: of whom the days that differ are enough; `anew`: the others. False when that is no gain."""
        self._run(feature_parts.PAIRS)
        views = self._views_of_days()
        if not views:
            return False
        self._run(feature_parts.CUSTOMERS_OF_PAIRS)
        for name, view in zip(("days_before", "days_now"), views, strict=True):
            self._take_orders(
                view, "mine_on_days AS c ON c.customer_id = o.customer_id AND c.paid_day = o.paid_day"
            )
            self._run(feature_parts.days_sql(name))
        self._take_known()
        for statement in (feature_parts.moved(), feature_parts.anew(), feature_parts.quick()):
            self._run(statement)
        return True

    def _take_known(self) -> None:
        """`known_before`: what was known of touched persons. Only their files are read, for features are wide."""
        snapshot = self._snapshot(FEATURES, self.before)
        assert snapshot is not None  # an update begins with features of before
        scan = scan_sql(snapshot.files, CUSTOMER_FEATURES, ", filename=true")
        found = self._run(
            f"SELECT DISTINCT filename FROM {scan} AS f SEMI JOIN persons USING (person_id)"
        ).fetchall()
        files = tuple(name for (name,) in found)
        self._view("known_stored", FEATURES, delta.Snapshot(snapshot.version, files, snapshot.columns))
        self._run(
            f"CREATE TABLE known_before AS SELECT {', '.join(feature_parts.KNOWN)} FROM known_stored AS f"
            " SEMI JOIN persons USING (person_id) WHERE f.shop_id = $shop_id AND f.as_of_day = $as_of_day"
        )

    def _views_of_days(self) -> tuple[str, ...]:
        """Views of the orders of before and now in files that may hold days of `pairs`; none when that is no gain."""
        views, rows = [], 0
        for name, versions in (("orders_of_days_before", self.before), ("orders_of_days_now", self.now)):
            snapshot = self._snapshot("orders", versions)
            if snapshot is not None and snapshot.files:
                text = feature_parts.OVERLAPPING.format(files=literals(*snapshot.files))
                found = dict(self._run(text).fetchall())
                rows += sum(found.values())
                files = tuple(file for file in snapshot.files if file in found)
                snapshot = delta.Snapshot(snapshot.version, files, snapshot.columns)
            self._view(name, "orders", snapshot)
            views.append(name)
        return () if rows > self._count("orders_now") * MOST_READ else tuple(views)

    def _take_people(self, persons: str) -> None:
        """The customers of the persons in a table, and what the query asks of them besides orders."""
        self._run(_customers_sql(persons))
        for table in ("refunds", "customers", "person_map"):
            self._run(
                f"CREATE OR REPLACE TABLE {table} AS SELECT t.* FROM {table}_now AS t"
                " SEMI JOIN mine AS c ON c.customer_id = t.customer_id WHERE t.shop_id = $shop_id"
            )

    def _take_orders(self, view: str, of: str) -> None:
        self._run(_ORDERS_COUNTED.format(view=view, of=of) + self._not_flagged)

    def _count(self, of: str) -> int:
        row = self._run(f"SELECT count(*) FROM {of}").fetchone()
        return int(row[0]) if row else 0

    def _run(self, text: str) -> duckdb.DuckDBPyConnection:
        wanted = {name: self.params[name] for name in parameters_in(text)}
        return self.connection.execute(text, wanted)


def _without(one: delta.Snapshot | None, other: delta.Snapshot | None) -> delta.Snapshot | None:
    """The files of one version that the other does not have."""
    if one is None or other is None:
        return one
    shared = set(other.files)
    return delta.Snapshot(one.version, tuple(f for f in one.files if f not in shared), one.columns)


def _differing_sql(compared: _Compared) -> str:
    """Note the customers whose rows that came are not those that went, in the columns that features read.

    Which row is which does not matter to features, so nothing is joined by its number: per customer the hashes of both
    sides are summed up. Two different sets of rows have the same sum about once in 2 ** 63.
    """
    columns = ", ".join(compared.columns)
    by = "customer_id, paid_day" if compared.into == "touched_days" else "customer_id"
    side = f"SELECT {by}, CAST(hash({columns}) >> 1 AS BIGINT) AS h FROM {compared.table}_%s"
    where = f"WHERE shop_id = $shop_id AND {compared.matters}"
    return (
        f"INSERT INTO {compared.into} SELECT {by} FROM (SELECT {by}, h FROM ({side % 'gained'} {where})"
        f" UNION ALL SELECT {by}, -h FROM ({side % 'lost'} {where})) AS both_sides"
        f" GROUP BY {by} HAVING sum(h) <> 0"
    )


def _first_day_sql(compared: _Compared) -> str:
    """The first day of such a row, before and now."""
    gained, lost = f"g.{compared.day}", f"l.{compared.day}"
    return f"SELECT min(least(coalesce({gained}, {lost}), coalesce({lost}, {gained}))) AS day" + _differing(
        compared
    )


def _differing(compared: _Compared) -> str:
    """Rows that came, went or changed in a column that features read, as they are now (g) and were before (l)."""
    columns = ", ".join(dict.fromkeys((compared.key, *compared.columns)))
    side = f"SELECT {columns} FROM {compared.table}_%s WHERE shop_id = $shop_id AND {compared.matters}"
    same = " AND ".join(f"g.{column} IS NOT DISTINCT FROM l.{column}" for column in compared.columns)
    return (
        f" FROM ({side % 'gained'}) AS g FULL JOIN ({side % 'lost'}) AS l ON g.{compared.key} = l.{compared.key}"
        f" WHERE NOT ({same})"
    )


# Rows of features that were stored before they had what an update adds to.
_FROM_BEFORE = "rfm_orders IS NULL OR hours_0 IS NULL"
_FAKE = ", ".join(f"'{flag}'" for flag in FAKE_FLAGS)
# Orders that count since, or no longer do.
_FLAGS_TURNED = f"""
CREATE TABLE turned AS
SELECT coalesce(g.order_id, l.order_id) AS order_id
FROM (SELECT order_id FROM order_flags_gained WHERE shop_id = $shop_id AND flag IN ({_FAKE})) AS g
FULL JOIN (SELECT order_id FROM order_flags_lost WHERE shop_id = $shop_id AND flag IN ({_FAKE})) AS l
  ON g.order_id = l.order_id
WHERE g.order_id IS NULL OR l.order_id IS NULL
"""
_DAYS_OF_TURNED = """
SELECT min(o.paid_day) AS day FROM orders_now AS o JOIN turned AS t ON t.order_id = o.order_id
WHERE o.shop_id = $shop_id
"""
# An order that is no longer there, or has another buyer, was found among the orders that differ.
_BUYERS_OF_TURNED = """
INSERT INTO touched_otherwise
SELECT DISTINCT o.customer_id FROM orders_now AS o JOIN turned AS t ON t.order_id = o.order_id
WHERE o.shop_id = $shop_id
"""
_KEYS = """
SELECT CAST($shop_id AS BIGINT) AS shop_id, CAST($as_of_day AS INTEGER) AS as_of_day, person_id FROM persons
"""
# Ten million orders may be read here, so only what customer_features.sql reads of them: numbers of orders only where
# some are fake, and no condition on the day, which that query puts to what is left.
_ORDERS_COUNTED = """
CREATE OR REPLACE TABLE orders_counted AS
SELECT
  o.shop_id, o.customer_id, o.paid_day, o.paid_hour, o.paid_cents, o.refunded_cents,
  o.item_count, o.coupon_used, o.province, o.city
FROM {view} AS o SEMI JOIN {of}
WHERE o.shop_id = $shop_id"""
_NOT_FLAGGED = f"""
  AND NOT EXISTS (
    SELECT 1 FROM order_flags_now AS f
    WHERE f.shop_id = o.shop_id AND f.order_id = o.order_id AND f.flag IN ({_FAKE})
  )
"""
