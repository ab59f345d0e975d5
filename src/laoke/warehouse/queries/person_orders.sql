-- Orders as a person's page tells them, fake-order flags included (this is the raw history, not a metric). Whose are wanted
-- is said by a statement around it.
SELECT
  o.order_id, o.month, o.customer_id, o.status, o.created_at, o.paid_at, o.shipped_at, o.finished_at, o.total_cents,
  o.paid_cents, o.refunded_cents, o.item_count, o.channel, o.province, o.city, o.coupon_used, o.close_reason,
  o.titles, coalesce(f.flag, '') AS flag
FROM orders AS o
LEFT JOIN order_flags AS f ON f.shop_id = o.shop_id AND f.order_id = o.order_id
WHERE o.shop_id = $shop_id
