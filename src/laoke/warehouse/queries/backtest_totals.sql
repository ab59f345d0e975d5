-- Orders of a period whose lines are not known, for a backtest: the goods before discounts, and what was paid for goods
-- (without postage, before refunds). An order whose goods amount the source does not give stands with what was paid.
SELECT
  o.order_id,
  CASE WHEN o.goods_cents > 0 THEN o.goods_cents ELSE greatest(o.paid_cents - o.postage_cents, 0) END AS goods_cents,
  greatest(o.paid_cents - o.postage_cents, 0) AS goods_paid_cents,
  o.postage_cents, coalesce(o.province, '') AS province
FROM orders_counted AS o
WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
  AND NOT EXISTS (
    SELECT 1 FROM order_lines AS l WHERE l.shop_id = o.shop_id AND l.order_id = o.order_id AND l.quantity > 0
  )
ORDER BY o.order_id
