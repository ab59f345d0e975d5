-- The products that sold most in a period, by paid amount. From order lines where the source gave lines; the order
-- must be paid and counted, its line may be refunded (net_cents is after that). Lines without a product number go by title.
SELECT
  l.product_id, max(l.title) AS title, count(DISTINCT l.order_id) AS orders, CAST(sum(l.quantity) AS BIGINT) AS units,
  CAST(sum(l.paid_cents) AS BIGINT) AS paid_cents, CAST(sum(l.paid_cents - l.refunded_cents) AS BIGINT) AS net_cents
FROM order_lines AS l
JOIN orders_counted AS o ON o.shop_id = l.shop_id AND o.order_id = l.order_id
WHERE l.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
GROUP BY l.product_id, CASE WHEN l.product_id = '' THEN l.title END
ORDER BY paid_cents DESC, l.product_id
LIMIT $page_rows
