"""Asking both engines the same question, with parameters that a shop's own facts give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from laoke.insights.fake_orders.rules import Rules
from laoke.warehouse.engine import Reader
from laoke.warehouse.engine_setting import SparkSetting
from laoke.warehouse.features import DEFAULT_CUT_POINTS
from laoke.warehouse.named import query_text, without_comments
from laoke.warehouse.store import Warehouse


@dataclass(frozen=True)
class Facts:
    """The tables of one shop at their newest versions."""

    root: Path
    versions: dict[str, int]

    @classmethod
    def newest(cls, root: Path) -> Facts:
        return cls(root, Warehouse(root).versions())

    def reader(self, engine: SparkSetting | None = None, **given: Any) -> Reader:
        return Reader(self.root, self.versions, engine=engine, **given)

    def parameters(self) -> dict[str, Any]:
        """A value for every parameter of every named query, so that most of them find something."""
        here = self.reader()
        span = here.query("orders_span", shop_id=1).to_pylist()[0]
        day = here.rows("SELECT max(as_of_day) AS day FROM customer_features WHERE shop_id = 1")[0]["day"]
        best = here.rows(
            "SELECT person_id FROM customer_features WHERE shop_id = 1 AND as_of_day = $day"
            " ORDER BY orders DESC, person_id LIMIT 3",
            {"day": day},
        )
        an_order = here.rows(
            "SELECT o.order_id, o.import_id FROM orders AS o"
            " LEFT JOIN refunds AS r ON r.order_id = o.order_id LEFT JOIN reviews AS v ON v.order_id = o.order_id"
            " WHERE o.customer_id IS NOT NULL"
            " ORDER BY r.order_id IS NULL OR v.order_id IS NULL, o.order_id LIMIT 1"
        )[0]
        listed = here.rows("SELECT order_id FROM orders WHERE shop_id = 1 ORDER BY order_id LIMIT 20")
        last = span["last_paid_day"]
        start = datetime(1970, 1, 1) + timedelta(days=last - 3)
        return DEFAULT_CUT_POINTS.params() | Rules(memo_flags=(4, 5)).params() | an_order | {
            "shop_id": 1, "as_of_day": day, "before_day": day, "from_day": last - 200, "to_day": last,
            "year_before_from_day": last - 565, "year_before_to_day": last - 365, "page_rows": 20,
            "sort": "net", "sign": -1, "tie": 1,
            "persons": f",{','.join(str(row['person_id']) for row in best)},",
            "states": ",delivered,",
            "province": "", "tag": "", "reach": "", "lifecycle": "", "group3": "", "rfm": "", "city": "",
            **dict.fromkeys(("r_score", "f_score", "orders_from", "net_365_from", "days_from", "days_to"), -1),
            "after_cents": 10**15, "after_person_id": 0, "after_day": 10**6,
            "person_id": best[0]["person_id"], "campaign_id": 1, "round_id": 0,
            "product_id": "", "until": datetime(2100, 1, 1),
            "start_at": start, "seven_at": start - timedelta(days=7), "thirty_at": start - timedelta(days=30),
            "since_at": start - timedelta(days=365),
            **{f"line_{at}": 10**at for at in range(1, 7)},
            "order_ids": f",{','.join(row['order_id'] for row in listed)},",
            "before_from_day": last - 401, "before_to_day": last - 201, "from_month": 0, "to_month": 100_000,
            **{f"step_{n}": 5_000 * n for n in range(1, 7)},
            **{f"r_{n}": day - 400 + 70 * n for n in range(2, 6)}, **{f"f_{n}": n for n in range(2, 6)},
            **{f"m_{n}": 7_000 * n for n in range(2, 6)},
        }  # fmt: skip


def is_ordered(text: str) -> bool:
    """Whether a statement says in which order its rows come."""
    import sqlglot

    return sqlglot.parse_one(without_comments(text), read="duckdb").args.get("order") is not None


def assert_equal(ours: pa.Table, theirs: pa.Table, *, ordered: bool) -> None:
    """The same columns, types and rows to the last bit; in the same order where the statement says one."""
    assert theirs.schema == ours.schema
    left, right = ours.to_pylist(), theirs.to_pylist()
    if not ordered:
        left, right = sorted(left, key=repr), sorted(right, key=repr)
    assert right == left


def assert_both_answer(
    facts: Facts, cluster: SparkSetting, name: str, given: dict[str, Any], **reading: Any
) -> int:
    """Run a named query on both engines; how many rows both gave."""
    ours = facts.reader(None, **reading).query(name, **given)
    theirs = facts.reader(cluster, **reading).query(name, **given)
    assert_equal(ours, theirs, ordered=is_ordered(query_text(name)))
    return ours.num_rows
