-- The figures of the overview for two periods side by side: the chosen one and the same one a year before.
-- Paid amount is gross, as 生意参谋 shows it; net is after refunds. Buyers are persons; an old buyer bought before
-- the period began. First days come from customer_features of $as_of_day, so no order before the periods is read.
-- Orders without a customer count in money and orders, not in buyers; buyers_paid_cents is the money without them.
WITH paid AS (
  SELECT
    CASE WHEN o.paid_day >= $from_day THEN 'now' ELSE 'year_before' END AS period,
    CASE WHEN o.paid_day >= $from_day THEN $from_day ELSE $year_before_from_day END AS period_from_day,
    coalesce(m.person_id, o.customer_id) AS person_id,
    o.paid_cents, o.refunded_cents, o.item_count
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id
    AND (o.paid_day BETWEEN $from_day AND $to_day
      OR o.paid_day BETWEEN $year_before_from_day AND $year_before_to_day)
)
SELECT
  p.period,
  count(*) AS orders,
  CAST(sum(p.paid_cents) AS BIGINT) AS paid_cents,
  CAST(sum(p.refunded_cents) AS BIGINT) AS refunded_cents,
  CAST(sum(p.paid_cents - p.refunded_cents) AS BIGINT) AS net_cents,
  CAST(sum(p.item_count) AS BIGINT) AS items,
  count(DISTINCT p.person_id) AS buyers,
  CAST(coalesce(sum(CASE WHEN p.person_id IS NOT NULL THEN p.paid_cents END), 0) AS BIGINT) AS buyers_paid_cents,
  count(DISTINCT CASE WHEN f.first_day < p.period_from_day THEN p.person_id END) AS old_buyers,
  CAST(coalesce(sum(CASE WHEN f.first_day < p.period_from_day THEN p.paid_cents END), 0) AS BIGINT) AS old_paid_cents
FROM paid AS p
LEFT JOIN customer_features AS f
  ON f.shop_id = $shop_id AND f.as_of_day = $as_of_day AND f.person_id = p.person_id
GROUP BY p.period
ORDER BY p.period
