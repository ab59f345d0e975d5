-- Orders for which settled refunds sum up to more than was paid.
WITH back AS (
  SELECT order_id, CAST(sum(amount_cents) AS BIGINT) AS refunds_cents
  FROM refunds
  WHERE shop_id = $shop_id AND state IN ('success', '退款成功') AND order_id <> ''
  GROUP BY order_id
)
SELECT
  o.order_id, o.created_day AS day, o.paid_cents AS left_cents, back.refunds_cents AS right_cents,
  back.refunds_cents - o.paid_cents AS difference_cents
FROM back
JOIN orders AS o ON o.order_id = back.order_id
WHERE o.shop_id = $shop_id AND back.refunds_cents > o.paid_cents
ORDER BY o.created_day DESC, o.order_id
