-- Orders that name no buyer (masked or erased), by month: they count in sales, their buyers nowhere.
SELECT
  month, count(*) AS orders,
  CAST(sum(CASE WHEN customer_id IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS without_customer,
  CAST(sum(paid_cents) AS BIGINT) AS paid_cents,
  CAST(coalesce(sum(CASE WHEN customer_id IS NULL THEN paid_cents END), 0) AS BIGINT) AS without_customer_cents
FROM orders
WHERE shop_id = $shop_id
GROUP BY month
ORDER BY month
