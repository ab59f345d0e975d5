-- Order lines of a period for a backtest: price, pieces, cost of one piece where the product's is known (else null), and
-- the order's goods money. Sorted by order and line, because prices are worked out in that order.
-- goods_paid_cents is what was paid for goods: without postage, before refunds, never negative. Postage and province are
-- those of the order, for offers of free postage.
SELECT
  o.order_id, l.product_id, coalesce(p.category, '') AS category, l.quantity, l.unit_price_cents, p.cost_cents,
  greatest(o.paid_cents - o.postage_cents, 0) AS goods_paid_cents,
  o.postage_cents, coalesce(o.province, '') AS province
FROM orders_counted AS o
JOIN order_lines AS l ON l.shop_id = o.shop_id AND l.order_id = o.order_id AND l.quantity > 0
LEFT JOIN products AS p ON p.shop_id = l.shop_id AND p.product_id = l.product_id AND l.product_id <> ''
WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
ORDER BY o.order_id, l.line
