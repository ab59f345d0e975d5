-- The customer of one order by its exact number; no row when the shop has no such order or its buyer is unknown.
SELECT customer_id FROM orders
WHERE shop_id = $shop_id AND order_id = $order_id AND customer_id IS NOT NULL
