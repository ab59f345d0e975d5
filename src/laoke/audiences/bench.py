"""How fast a segment counts: features, tags and reach of many made-up customers, and the time of a count when warm.

Neither a shop nor a ledger is needed: the tables are drawn directly into a warehouse of the bench's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from laoke.audiences.compiling import Compiled, count_query
from laoke.audiences.text import parse

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.warehouse.engine import Reader
    from laoke.warehouse.store import Warehouse

SHOP, AS_OF = 1, 20_400
FILTERS = {
    "features": (
        "bought(2+, within 365d) and spent(>= 500, within 365d) and last_order(90d..365d) "
        'and city in ("杭州", "上海") and not used_coupon'
    ),
    "features_tag_reach": (
        'bought(2+, within 365d) and spent(>= 100, within 365d) and not tag("挑剔") and reachable(sms)'
    ),
}
_CITIES = ("杭州", "上海", "北京", "广州", "深圳", "成都", "武汉", "南京", "苏州", "西安")


def bench_segments(
    customers: int = 1_000_000, runs: int = 40, seed: int = 20_261_111
) -> Iterator[dict[str, Any]]:
    """One figure per filter: persons found, and milliseconds of a warm count (median, 95th percentile)."""
    import numpy as np

    from laoke.warehouse.store import Warehouse

    with TemporaryDirectory(prefix="laoke-bench-", ignore_cleanup_errors=True) as folder:
        warehouse = Warehouse(Path(folder))
        _fill(warehouse, customers, np.random.default_rng(seed))
        reader = warehouse.reader()
        for name, text in FILTERS.items():
            found, spent = _timed(reader, count_query(parse(text), SHOP, AS_OF), runs)
            yield {
                "bench": f"segment_count_{name}",
                "customers": customers,
                "count": found,
                "median_ms": round(float(np.median(spent)), 1),
                "p95_ms": round(float(np.percentile(spent, 95)), 1),
                "runs": runs,
            }


def _timed(reader: Reader, query: Compiled, runs: int) -> tuple[int, list[float]]:
    """What the query counts, and the milliseconds of each run after two that warm up."""
    spent: list[float] = []
    found = 0
    for run in range(runs + 2):
        begun = time.perf_counter()
        found = reader.rows(query.sql, query.params)[0]["n"]
        if run >= 2:
            spent.append((time.perf_counter() - begun) * 1000)
    return found, spent


def _fill(warehouse: Warehouse, customers: int, draw: np.random.Generator) -> None:
    import numpy as np
    import pyarrow as pa

    people = _ids(customers, draw)
    warehouse.append("customer_features", _features(people, draw), app_id="bench")
    tagged = people[draw.random(len(people)) < 0.05]
    shops = np.full(len(tagged), SHOP)
    tags = pa.table({"shop_id": shops, "person_id": tagged, "tag": pa.array(["挑剔"] * len(tagged))})
    warehouse.append("customer_tags", _conformed("customer_tags", tags), app_id="bench")
    warehouse.append("customer_reach", _reach(people, draw), app_id="bench")


def _ids(customers: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """Distinct numbers as customers get them: positive, 63 bits, in no order of arrival."""
    import numpy as np

    return np.unique(draw.integers(1, 2**62, customers, dtype=np.int64))


def _features(people: NDArray[np.int64], draw: np.random.Generator) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    n = len(people)
    orders = np.minimum(draw.geometric(0.45, n), 60).astype(np.int32)
    last = AS_OF - np.minimum(draw.exponential(200, n), 720).astype(np.int32)
    paid = orders.astype(np.int64) * draw.integers(3_000, 40_000, n)
    columns: dict[str, Any] = {
        "shop_id": np.full(n, SHOP), "person_id": people, "as_of_day": np.full(n, AS_OF, np.int32),
        "first_day": last - draw.integers(0, 400, n).astype(np.int32), "last_day": last, "orders": orders,
        "paid_cents": paid, "refunded_cents": paid // 20, "net_cents": paid - paid // 20,
        "net_cents_365": np.where(AS_OF - last <= 365, paid - paid // 20, 0), "item_count": orders.astype(np.int64) * 2,
        "mean_gap_days": draw.exponential(90, n), "coupon_orders": np.minimum(draw.integers(0, 4, n), orders),
        "months_mask": draw.integers(1, 4096, n).astype(np.int32),
        "weekday_mode": draw.integers(0, 7, n).astype(np.int8), "hour_mode": draw.integers(0, 24, n).astype(np.int8),
    }  # fmt: skip
    for days in (30, 90, 180, 365):
        inside = AS_OF - last <= days
        columns[f"orders_{days}"] = np.where(inside, np.maximum(orders * days // 720, 1), 0).astype(np.int32)
        columns[f"paid_cents_{days}"] = np.where(inside, paid * days // 720 + 1_000, 0)
    for letter in "rfm":
        columns[f"{letter}_score"] = draw.integers(1, 6, n).astype(np.int8)
        columns[f"{letter}_high"] = draw.random(n) < 0.4
    for name, values in (
        ("rfm", ("key_value", "key_retain", "general_new", "general_lost")),
        ("lifecycle", ("new_customer", "active", "silent", "dormant", "lost")),
        ("group3", ("loyal", "active", "ordinary")),
        ("province", ("浙江", "上海", "北京", "广东")),
        ("city", _CITIES),
    ):
        chosen = draw.integers(0, len(values), n).astype(np.int32)
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(chosen), pa.array(values)).cast(pa.string())
    return _conformed("customer_features", pa.table(columns))


def _reach(people: NDArray[np.int64], draw: np.random.Generator) -> pa.Table:
    """Four channels for the seven in ten persons about whom something was decided."""
    import numpy as np
    import pyarrow as pa

    decided = people[draw.random(len(people)) < 0.7]
    channels = np.repeat(np.array(["sms", "email", "call", "handover"]), len(decided))
    n = len(channels)
    can = draw.random(n) < 0.6
    table = pa.table(
        {
            "shop_id": np.full(n, SHOP), "person_id": np.tile(decided, 4), "channel": pa.array(channels),
            "reachable": can, "consented": can, "reason": pa.array(np.where(can, "", "opted_out")),
            "touches_7": np.zeros(n, np.int32), "touches_30": np.zeros(n, np.int32),
        }
    )  # fmt: skip
    return _conformed("customer_reach", table)


def _conformed(name: str, table: pa.Table) -> pa.Table:
    from laoke.warehouse.contracts import CONTRACTS

    return CONTRACTS[name].conform(table)
