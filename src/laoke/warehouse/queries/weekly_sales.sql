-- Paid amount, buyers and the part of old buyers by week, counted back from $to_day (week 0 is the newest).
-- Old as in the overview: bought before the week began. Small lines beside the headline figures are drawn from it.
WITH paid AS (
  SELECT
    ($to_day - o.paid_day) // 7 AS week, coalesce(m.person_id, o.customer_id) AS person_id, o.paid_cents
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
)
SELECT
  p.week,
  CAST(sum(p.paid_cents) AS BIGINT) AS paid_cents,
  count(DISTINCT p.person_id) AS buyers,
  CAST(coalesce(sum(CASE WHEN p.person_id IS NOT NULL THEN p.paid_cents END), 0) AS BIGINT) AS buyers_paid_cents,
  CAST(coalesce(sum(CASE WHEN f.first_day < $to_day - 7 * p.week - 6 THEN p.paid_cents END), 0) AS BIGINT) AS old_paid_cents
FROM paid AS p
LEFT JOIN customer_features AS f
  ON f.shop_id = $shop_id AND f.as_of_day = $as_of_day AND f.person_id = p.person_id
GROUP BY p.week
ORDER BY p.week DESC
