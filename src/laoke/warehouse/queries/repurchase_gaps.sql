-- How long people stay away: days between two purchase days that follow each other, and how often each length occurs.
-- Orders of one day are one purchase. Read with care: who has not come back yet is not in it.
WITH days AS (
  SELECT DISTINCT coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day BETWEEN $from_day AND $to_day
),
gaps AS (
  SELECT paid_day - lag(paid_day) OVER (PARTITION BY person_id ORDER BY paid_day, person_id) AS gap_days FROM days
)
SELECT CAST(gap_days AS INTEGER) AS gap_days, count(*) AS gaps
FROM gaps
WHERE gap_days IS NOT NULL
GROUP BY gap_days
ORDER BY gap_days
