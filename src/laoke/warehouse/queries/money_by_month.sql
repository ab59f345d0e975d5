-- Orders and money by month of placing, all orders: due, paid, refunded, net; what imports are reconciled with.
SELECT
  month, count(*) AS orders,
  CAST(sum(CASE WHEN paid_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS paid_orders,
  CAST(sum(total_cents) AS BIGINT) AS total_cents,
  CAST(sum(paid_cents) AS BIGINT) AS paid_cents,
  CAST(sum(refunded_cents) AS BIGINT) AS refunded_cents,
  CAST(sum(paid_cents - refunded_cents) AS BIGINT) AS net_cents
FROM orders
WHERE shop_id = $shop_id
GROUP BY month
ORDER BY month
