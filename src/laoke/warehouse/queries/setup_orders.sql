-- Orders placed in a period with their goods, to see which of them show an offer: what was due and what the shop took off,
-- whether they were paid or paid back whole, whether they pass for fake, and who bought. An order whose lines are not
-- known stands in one row without product. Sorted by order and line, because prices are worked out in that order.
SELECT
  o.order_id, o.created_at, coalesce(m.person_id, o.customer_id) AS person_id,
  CASE WHEN o.paid_at IS NULL THEN 0 ELSE 1 END AS paid,
  CASE WHEN o.status = 'closed_refunded' THEN 1 ELSE 0 END AS paid_back,
  CASE WHEN f.flag IN ('suspect', 'confirmed') THEN 1 ELSE 0 END AS fake,
  o.total_cents - o.postage_cents AS goods_due_cents, o.seller_discount_cents, o.platform_discount_cents,
  CASE WHEN o.coupon_used THEN 1 ELSE 0 END AS coupon_used,
  l.product_id, coalesce(p.category, '') AS category, l.quantity, l.unit_price_cents
FROM orders AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
LEFT JOIN order_flags AS f ON f.shop_id = o.shop_id AND f.order_id = o.order_id
LEFT JOIN order_lines AS l ON l.shop_id = o.shop_id AND l.order_id = o.order_id AND l.quantity > 0
LEFT JOIN products AS p ON p.shop_id = l.shop_id AND p.product_id = l.product_id AND l.product_id <> ''
WHERE o.shop_id = $shop_id AND o.created_day BETWEEN $from_day AND $to_day
ORDER BY o.order_id, l.line
