"""Features of a person from those of before and the days on which his orders differ, without his other orders.

Nearly all that `customer_features.sql` sums up is a sum over days of purchase. So of a person whose orders differ on
some days alone: features of before, less what those days gave before, plus what they give now. What depends on days
that are not asked for again (the last day, when the last one is gone) cannot be had so: `anew` names those persons,
whose orders are all read.

Statements for the DuckDB of one update (`feature_update._Update`). The query is taken in its three parts, so that what
a day is and what is told of sums stand there alone; only the sums themselves are made here, with a sign. Tables:

    touched_days    customers and the days on which their orders differ
    persons, mine   who is touched, and all customers of theirs
    known_before    features of before of those persons
    pairs           persons and the days on which something of theirs differs
    days_before, days_now    what customer_features.sql knows of each of these days
    moved           by person: sums of now less those of before; first and last of these days, their months, their place
    anew            persons that are computed from all their orders
    quick           features of all other touched persons
"""

from __future__ import annotations

from laoke.warehouse.named import query_text

FEATURES = "customer_features"
_DAYS_END, _SUMS_END = "-- What follows from the days.", "-- What is told of the sums."
# Counts by hour take seven bits, those by weekday nine: below so many days they are true.
MOST_OF_HOUR, MOST_OF_WEEKDAY = 127, 511

PAIRS = """
CREATE TABLE pairs AS
SELECT DISTINCT m.person_id, t.paid_day FROM touched_days AS t JOIN mine AS m ON m.customer_id = t.customer_id
"""

# Files that may hold orders of such a day, by what they say of themselves.
OVERLAPPING = """
SELECT file_name, CAST(sum(row_group_num_rows) AS BIGINT) AS n
FROM parquet_metadata([{files}])
WHERE path_in_schema = 'paid_day' AND (
  stats_min_value IS NULL OR stats_max_value IS NULL OR EXISTS (
    SELECT 1 FROM (SELECT DISTINCT paid_day FROM pairs) AS days
    WHERE paid_day BETWEEN CAST(stats_min_value AS INTEGER) AND CAST(stats_max_value AS INTEGER)
  )
)
GROUP BY file_name
"""

# Instead of all customers of theirs: those with such a day, and the day.
CUSTOMERS_OF_PAIRS = """
CREATE TABLE mine_on_days AS
SELECT m.customer_id, p.paid_day FROM pairs AS p JOIN mine AS m ON m.person_id = p.person_id
"""


def days_sql(name: str) -> str:
    """`name`: person, day and what the orders in `orders_counted` give that day, with the place as texts."""
    above = query_text(FEATURES).partition(_DAYS_END)[0].rstrip().removesuffix(",")
    return (
        f"CREATE TABLE {name} AS {above} SELECT d.* EXCLUDE (place_no), l.province, l.city"
        " FROM days AS d LEFT JOIN places AS l ON l.place_no = d.place_no"
    )


_WINDOWS = {"": "true"} | {f"_{n}": f"paid_day >= $as_of_day - {n}" for n in (30, 90, 180, 365)}
_RFM = "paid_day >= $as_of_day - $rfm_days"
# A column of customer_features: what a day adds to it.
_ADDED = {
    **{f"orders{window}": f"CASE WHEN {inside} THEN 1 ELSE 0 END" for window, inside in _WINDOWS.items()},
    **{f"paid_cents{window}": f"CASE WHEN {inside} THEN paid ELSE 0 END" for window, inside in _WINDOWS.items()},
    "refunded_cents": "refunded",
    "net_cents": "paid - refunded",
    "net_cents_365": f"CASE WHEN {_WINDOWS['_365']} THEN paid - refunded ELSE 0 END",
    "item_count": "items",
    "coupon_orders": "coupons",
    "rfm_orders": f"CASE WHEN {_RFM} THEN 1 ELSE 0 END",
    "rfm_cents": f"CASE WHEN {_RFM} THEN paid - refunded ELSE 0 END",
    **{
        f"hours_{first}": f"CASE WHEN hour // 8 = {first // 8} THEN 1::BIGINT << (7 * (hour % 8)) ELSE 0 END"
        for first in (0, 8, 16)
    },
    "weekdays": "1::BIGINT << (9 * ((paid_day + 3) % 7))",
}  # fmt: skip
# What is asked of features of before.
KNOWN = (
    "person_id", *_ADDED, "first_day", "last_day", "months_mask", "place_day", "province", "city",
)  # fmt: skip
_MONTH = "1 << (month(DATE '1970-01-01' + paid_day) - 1)"
# What customer_features.sql calls some of the sums before it tells of them.
_AS_TOLD = {"rfm_orders": "f", "rfm_cents": "m"}


def moved() -> str:
    """`moved`, see above."""
    sums = ", ".join(f"CAST(sum(sign * ({added})) AS BIGINT) AS {name}" for name, added in _ADDED.items())
    return f"""
CREATE TABLE moved AS
SELECT
  person_id, {sums}, count(CASE WHEN sign > 0 THEN 1 END) AS days_now,
  min(CASE WHEN sign > 0 THEN paid_day END) AS first_day, max(CASE WHEN sign > 0 THEN paid_day END) AS last_day,
  coalesce(bit_or(CASE WHEN sign < 0 THEN {_MONTH} END), 0) AS months_before,
  coalesce(bit_or(CASE WHEN sign > 0 THEN {_MONTH} END), 0) AS months_now,
  max(CASE WHEN sign > 0 AND province IS NOT NULL THEN paid_day END) AS place_day,
  arg_max(province, CASE WHEN sign > 0 AND province IS NOT NULL THEN paid_day END) AS province,
  arg_max(city, CASE WHEN sign > 0 AND province IS NOT NULL THEN paid_day END) AS city
FROM (SELECT *, 1 AS sign FROM days_now UNION ALL SELECT *, -1 AS sign FROM days_before) AS both_sides
GROUP BY person_id
"""


def anew() -> str:
    """`anew`: who differs in more than orders and customer records, or in what days alone do not tell.

    That is: goods sent back without an order by somebody whose features of before do not hold them whole; a first,
    last or only day of something that is gone; more days than counts by hour hold.
    """
    return f"""
CREATE TABLE anew AS
WITH told AS (
  SELECT
    p.person_id, f.person_id IS NULL AS is_new, f.first_day, f.last_day, f.place_day, f.refunded_cents,
    coalesce(f.orders, 0) AS orders, {_most("f.hours_{}", 24, 7)} AS most_of_hour,
    {_most("f.weekdays", 7, 9)} AS most_of_weekday,
    coalesce(n.orders, 0) AS more_orders, coalesce(n.days_now, 0) AS days_now,
    coalesce(n.months_before, 0) AS months_before, coalesce(n.months_now, 0) AS months_now,
    n.first_day AS first_now, n.last_day AS last_now, n.place_day AS place_now
  FROM persons AS p
  LEFT JOIN known_before AS f ON f.person_id = p.person_id
  LEFT JOIN moved AS n ON n.person_id = p.person_id
)
SELECT t.person_id FROM told AS t
WHERE (t.last_day IS NULL AND t.refunded_cents <> 0)
  OR (coalesce(t.first_now > t.first_day, true) AND (t.person_id, t.first_day) IN (FROM pairs))
  OR (coalesce(t.last_now < t.last_day, true) AND (t.person_id, t.last_day) IN (FROM pairs))
  OR (coalesce(t.place_now < t.place_day, true) AND (t.person_id, t.place_day) IN (FROM pairs))
  OR t.months_before & ~t.months_now <> 0
  OR (greatest(t.orders, t.orders + t.more_orders) >= {MOST_OF_HOUR} AND (
    t.most_of_hour + t.days_now >= {MOST_OF_HOUR} OR t.most_of_weekday + t.days_now >= {MOST_OF_WEEKDAY}
  ))
  OR (t.is_new AND t.person_id IN (
    SELECT coalesce(m.person_id, r.customer_id) FROM refunds_now AS r
    LEFT JOIN person_map_now AS m ON m.shop_id = r.shop_id AND m.customer_id = r.customer_id
    WHERE r.shop_id = $shop_id AND r.order_id = ''
  ))
UNION
SELECT person_id FROM persons_otherwise
"""


def quick() -> str:
    """`quick`: told as customer_features.sql tells. A place is numbered by its person, who has one."""
    told = query_text(FEATURES).partition(_SUMS_END)[2]
    told = told[told.index("SELECT") :]
    sums = ", ".join(
        f"coalesce(f.{name}, 0) + coalesce(n.{name}, 0) AS {_AS_TOLD.get(name, name)}" for name in _ADDED
    )
    return f"""
CREATE TABLE quick AS
WITH on_file AS (
  SELECT coalesce(l.person_id, c.customer_id) AS person_id, max(struct_pack(
    month_count := year(c.first_seen) * 12 + month(c.first_seen), province := c.province, city := c.city
  )) FILTER (c.province <> '' OR c.city <> '') AS newest
  FROM customers AS c LEFT JOIN person_map AS l ON l.customer_id = c.customer_id
  GROUP BY coalesce(l.person_id, c.customer_id)
),
merged AS MATERIALIZED (
  SELECT
    p.person_id, p.person_id AS place_no, k.person_id IS NOT NULL AS is_on_file, {sums},
    least(f.first_day, n.first_day) AS first_day, greatest(f.last_day, n.last_day) AS last_day,
    coalesce(f.months_mask, 0) | coalesce(n.months_now, 0) AS months_mask,
    greatest(f.place_day, n.place_day) AS place_day,
    CASE
      WHEN n.place_day >= f.place_day OR f.place_day IS NULL AND n.place_day IS NOT NULL THEN n.province
      WHEN f.place_day IS NOT NULL THEN f.province ELSE k.newest.province
    END AS province,
    CASE
      WHEN n.place_day >= f.place_day OR f.place_day IS NULL AND n.place_day IS NOT NULL THEN n.city
      WHEN f.place_day IS NOT NULL THEN f.city ELSE k.newest.city
    END AS city
  FROM (FROM persons ANTI JOIN anew USING (person_id)) AS p
  LEFT JOIN known_before AS f ON f.person_id = p.person_id
  LEFT JOIN moved AS n ON n.person_id = p.person_id
  LEFT JOIN on_file AS k ON k.person_id = p.person_id
),
payers AS (SELECT * FROM merged WHERE orders > 0),
known AS (SELECT person_id, place_no FROM merged WHERE is_on_file),
hours AS (SELECT person_id, hours_0, hours_8, hours_16, {_mode("hours_{}", 24, 7, "hour_mode")} FROM payers),
weekdays AS (SELECT person_id, weekdays, {_mode("weekdays", 7, 9, "weekday_mode")} FROM payers),
sent_back AS (SELECT person_id, 0 AS cents, 0 AS cents_365 FROM payers WHERE false),
places AS (SELECT place_no, province, city FROM merged)
{told}"""


def _counts(packed: str, values: int, bits: int) -> list[str]:
    """The counts by value that are packed into whole numbers, eight in one."""
    mask = (1 << bits) - 1
    return [f"(({packed.format(v - v % 8)} >> {bits * (v % 8)}) & {mask})" for v in range(values)]


def _most(packed: str, values: int, bits: int) -> str:
    """The largest of packed counts; 0 of somebody who never paid."""
    return f"coalesce(greatest({', '.join(_counts(packed, values, bits))}), 0)"


def _mode(packed: str, values: int, bits: int, name: str) -> str:
    """The value counted most often, ties to the lower one."""
    last = values - 1
    counts = enumerate(_counts(packed, values, bits))
    ranked = ", ".join(f"{count} * {values} + {last - value}" for value, count in counts)
    return f"{last} - greatest({ranked}) % {values} AS {name}"
