-- The first and last days a shop's orders tell of, and how many there are: bounds for date pickers.
SELECT
  count(*) AS orders, min(created_day) AS first_day, max(created_day) AS last_day,
  min(paid_day) AS first_paid_day, max(paid_day) AS last_paid_day, max(seen_at) AS seen_at
FROM orders
WHERE shop_id = $shop_id
