-- What was paid by calendar month (1 to 12) of each year: orders, buyers' money before and after refunds.
SELECT
  year(paid_at) AS year, month(paid_at) AS month, count(*) AS orders,
  CAST(sum(paid_cents) AS BIGINT) AS paid_cents, CAST(sum(paid_cents - refunded_cents) AS BIGINT) AS net_cents
FROM orders_counted
WHERE shop_id = $shop_id AND paid_day BETWEEN $from_day AND $to_day
GROUP BY year(paid_at), month(paid_at)
ORDER BY year, month
