-- Orders that were ever paid and whose buyer is known. Whose are wanted is said by a statement around it.
SELECT order_id, customer_id, paid_at FROM orders
WHERE shop_id = $shop_id AND customer_id IS NOT NULL AND paid_at IS NOT NULL
