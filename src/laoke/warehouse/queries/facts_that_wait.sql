-- Facts that belong to an order which is not known, and orders that name no buyer: how many, and how many orders.
SELECT 'orders_without_customer' AS what, count(*) AS n, count(*) AS orders
FROM orders WHERE shop_id = $shop_id AND customer_id IS NULL
UNION ALL
SELECT 'lines_without_order' AS what, count(*) AS n, count(DISTINCT order_id) AS orders
FROM waiting_lines WHERE shop_id = $shop_id
UNION ALL
SELECT 'refunds_without_order' AS what, count(*) AS n, count(DISTINCT r.order_id) AS orders
FROM refunds AS r
LEFT JOIN orders AS o ON o.shop_id = r.shop_id AND o.order_id = r.order_id
WHERE r.shop_id = $shop_id AND r.order_id <> '' AND o.order_id IS NULL
UNION ALL
SELECT 'moves_without_order' AS what, count(*) AS n, count(DISTINCT m.order_id) AS orders
FROM money_moves AS m
LEFT JOIN orders AS o ON o.shop_id = m.shop_id AND o.order_id = m.order_id
WHERE m.shop_id = $shop_id AND m.order_id <> 'all' AND o.order_id IS NULL
UNION ALL
SELECT 'shipments_without_order' AS what, count(*) AS n, count(DISTINCT e.order_id) AS orders
FROM shipment_events AS e
LEFT JOIN orders AS o ON o.shop_id = e.shop_id AND o.order_id = e.order_id
WHERE e.shop_id = $shop_id AND o.order_id IS NULL
UNION ALL
SELECT 'reviews_without_order' AS what, count(*) AS n, count(DISTINCT r.order_id) AS orders
FROM reviews AS r
LEFT JOIN orders AS o ON o.shop_id = r.shop_id AND o.order_id = r.order_id
WHERE r.shop_id = $shop_id AND o.order_id IS NULL
ORDER BY 1
