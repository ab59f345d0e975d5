-- When a shop's orders are paid: by weekday (0 = Monday) and hour, in a period.
SELECT
  paid_weekday AS weekday, paid_hour AS hour, count(*) AS orders, CAST(sum(paid_cents) AS BIGINT) AS paid_cents
FROM orders_counted
WHERE shop_id = $shop_id AND paid_day BETWEEN $from_day AND $to_day
GROUP BY paid_weekday, paid_hour
ORDER BY paid_weekday, paid_hour
