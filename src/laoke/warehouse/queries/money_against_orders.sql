-- Orders for which more came into the account than was due, and finished orders for which nothing came although the
-- movements of the account reach from the day they were paid to 45 days later (money is paid out when an order ends).
WITH moved AS (
  SELECT order_id, CAST(sum(income_cents) AS BIGINT) AS income_cents
  FROM money_moves
  WHERE shop_id = $shop_id AND order_id <> 'all'
  GROUP BY order_id
),
known AS (
  SELECT min(day) AS first_day, max(day) AS last_day
  FROM money_moves
  WHERE shop_id = $shop_id AND order_id <> 'all'
)
SELECT
  o.order_id, o.created_day AS day, o.paid_cents - o.refunded_cents AS left_cents,
  coalesce(moved.income_cents, 0) AS right_cents,
  coalesce(moved.income_cents, 0) - (o.paid_cents - o.refunded_cents) AS difference_cents
FROM orders AS o
CROSS JOIN known
LEFT JOIN moved ON moved.order_id = o.order_id
WHERE
  o.shop_id = $shop_id
  AND (
    moved.income_cents > greatest(o.paid_cents, o.total_cents) + greatest(o.platform_discount_cents, 0)
    OR (
      moved.income_cents IS NULL AND o.status = 'finished' AND o.paid_cents > o.refunded_cents
      AND o.paid_day BETWEEN known.first_day AND known.last_day - 45
    )
  )
ORDER BY o.created_day DESC, o.order_id
