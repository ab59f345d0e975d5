-- Lines of orders with the category of the shop's product list; '' holds what has none. Net is what the line was paid less
-- what was given back for it. Of which orders, and of which months, is said by a statement around it.
SELECT
  l.order_id, l.month, l.quantity, l.paid_cents - l.refunded_cents AS net_cents, coalesce(p.category, '') AS category
FROM order_lines AS l
LEFT JOIN products AS p ON p.shop_id = l.shop_id AND p.product_id = l.product_id
WHERE l.shop_id = $shop_id
