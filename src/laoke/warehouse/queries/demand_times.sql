-- When a shop's orders are paid: by calendar month (1 to 12), weekday (0 = Monday) and hour, in a period. The three heat maps
-- of demand are sums of it; how many days a month or weekday has in the period is the caller's to count.
SELECT
  month(paid_at) AS month, paid_weekday AS weekday, paid_hour AS hour, count(*) AS orders,
  CAST(sum(paid_cents) AS BIGINT) AS paid_cents
FROM orders_counted
WHERE shop_id = $shop_id AND paid_day BETWEEN $from_day AND $to_day
GROUP BY month(paid_at), paid_weekday, paid_hour
ORDER BY month, weekday, hour
