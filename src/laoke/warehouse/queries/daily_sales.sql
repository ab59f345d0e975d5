-- Paid amount, orders and buyers by day, split into old buyers (bought on an earlier day), new ones and unknown.
-- One row per day and kind; days without a sale have no row (the chart fills them).
WITH paid AS (
  SELECT o.paid_day, coalesce(m.person_id, o.customer_id) AS person_id, o.paid_cents, o.refunded_cents
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
)
SELECT
  p.paid_day AS day,
  CASE WHEN p.person_id IS NULL THEN 'unknown' WHEN f.first_day < p.paid_day THEN 'old' ELSE 'new' END AS buyer_kind,
  count(*) AS orders,
  count(DISTINCT p.person_id) AS buyers,
  CAST(sum(p.paid_cents) AS BIGINT) AS paid_cents,
  CAST(sum(p.refunded_cents) AS BIGINT) AS refunded_cents
FROM paid AS p
LEFT JOIN customer_features AS f
  ON f.shop_id = $shop_id AND f.as_of_day = $as_of_day AND f.person_id = p.person_id
GROUP BY 1, 2
ORDER BY 1, 2
