-- Who came for the first time in a month and in which months after it they bought again: persons and net money by month of
-- the first purchase and months since (0 = that month itself). Months are counted as year × 12 + month − 1. The first
-- purchase is the first that the facts tell of. What was paid after $to_day is not seen.
WITH months AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id,
    CAST(year(o.paid_at) * 12 + month(o.paid_at) - 1 AS INTEGER) AS month_no,
    CAST(sum(o.paid_cents - o.refunded_cents) AS BIGINT) AS net_cents
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day <= $to_day
  GROUP BY coalesce(m.person_id, o.customer_id), CAST(year(o.paid_at) * 12 + month(o.paid_at) - 1 AS INTEGER)
),
starts AS (
  SELECT person_id, min(month_no) AS first_month FROM months GROUP BY person_id
)
SELECT
  s.first_month, m.month_no - s.first_month AS months_later, count(*) AS persons,
  CAST(sum(m.net_cents) AS BIGINT) AS net_cents
FROM months AS m
JOIN starts AS s ON s.person_id = m.person_id
WHERE s.first_month BETWEEN $from_month AND $to_month
GROUP BY s.first_month, m.month_no - s.first_month
ORDER BY first_month, months_later
