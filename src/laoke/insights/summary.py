"""What models of customer value start from, by the quick way where the facts are read here.

The named query `customer_summary` says what it is, on both engines. Here purchases are fetched and summed up by
`lifetime.summing` instead, twice as fast; on a cluster, and where that needs too much memory, the query answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader

_PURCHASES = """
SELECT
  coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day,
  greatest(o.paid_cents - o.refunded_cents, 0) AS cents
FROM orders_counted AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day <= $as_of_day
"""


def customer_summary(reader: Reader, shop_id: int, as_of_day: int) -> pa.Table:
    """One row for each person who bought until the day: person_id, frequency, recency_days, age_days, repeat_cents."""
    import pyarrow as pa

    from laoke.lifetime.summing import summarize

    params = {"shop_id": shop_id, "as_of_day": as_of_day}
    if reader.engine is None:
        bought = reader.sql(_PURCHASES, params)
        whose, when, cents = (bought[name].to_numpy() for name in ("person_id", "paid_day", "cents"))
        found = summarize(whose, when, cents, as_of_day)
        if found is not None:
            return pa.table(
                {
                    "person_id": found.persons, "frequency": found.frequency, "recency_days": found.recency,
                    "age_days": found.age, "repeat_cents": found.repeat,
                }
            )  # fmt: skip
    return reader.query("customer_summary", **params)
