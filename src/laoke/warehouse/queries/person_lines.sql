-- Lines of orders. Net is what the line was paid less what was given back for it. Of which orders and months, and which
-- category each product has, is said by a statement around it.
SELECT l.order_id, l.month, l.product_id, l.quantity, l.paid_cents - l.refunded_cents AS net_cents
FROM order_lines AS l
WHERE l.shop_id = $shop_id
