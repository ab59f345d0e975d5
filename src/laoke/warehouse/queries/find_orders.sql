-- Orders by their number, for the search: number, buyer and what was paid.
SELECT o.order_id, coalesce(m.person_id, o.customer_id) AS person_id, o.created_at, o.paid_cents, o.status
FROM orders AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
WHERE o.shop_id = $shop_id AND o.order_id = $order_id
ORDER BY o.order_id
