-- What the platform's report says was paid on a day beside what the orders say, where they are more than 5 % apart. The
-- report counts every paid order, suspected ones too; so do these sums.
WITH sold AS (
  SELECT paid_day AS day, CAST(sum(paid_cents) AS BIGINT) AS orders_cents
  FROM orders
  WHERE shop_id = $shop_id AND paid_day IS NOT NULL
  GROUP BY paid_day
),
told AS (
  SELECT date_day AS day, CAST(sum(sales_cents) AS BIGINT) AS report_cents
  FROM traffic_days
  WHERE shop_id = $shop_id AND source = 'all' AND sales_cents > 0
  GROUP BY date_day
),
known AS (
  SELECT min(paid_day) AS first_day, max(paid_day) AS last_day FROM orders WHERE shop_id = $shop_id
)
SELECT
  '' AS order_id, told.day, told.report_cents AS left_cents, coalesce(sold.orders_cents, 0) AS right_cents,
  coalesce(sold.orders_cents, 0) - told.report_cents AS difference_cents
FROM told
CROSS JOIN known
LEFT JOIN sold ON sold.day = told.day
WHERE
  told.day BETWEEN known.first_day AND known.last_day
  AND abs(coalesce(sold.orders_cents, 0) - told.report_cents) * 20 > told.report_cents
ORDER BY told.day DESC
