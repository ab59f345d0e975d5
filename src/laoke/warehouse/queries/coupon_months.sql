-- How much of a period's orders and money came with a coupon, by month (counted as year × 12 + month − 1).
SELECT
  CAST(year(paid_at) * 12 + month(paid_at) - 1 AS INTEGER) AS month_no, count(*) AS orders,
  count(CASE WHEN coupon_used THEN 1 END) AS coupon_orders,
  CAST(sum(paid_cents - refunded_cents) AS BIGINT) AS net_cents,
  CAST(coalesce(sum(CASE WHEN coupon_used THEN paid_cents - refunded_cents END), 0) AS BIGINT) AS coupon_net_cents
FROM orders_counted
WHERE shop_id = $shop_id AND paid_day BETWEEN $from_day AND $to_day
GROUP BY CAST(year(paid_at) * 12 + month(paid_at) - 1 AS INTEGER)
ORDER BY month_no
