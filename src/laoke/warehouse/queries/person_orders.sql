-- The orders of one person, the newest first, fake-order flags included (this is the raw history, not a metric).
-- The customers of the person are few: they are found first and the orders scanned by customer number alone.
WITH mine AS (
  SELECT customer_id FROM person_map WHERE shop_id = $shop_id AND person_id = $person_id
  UNION
  SELECT CAST($person_id AS BIGINT) AS customer_id
  WHERE NOT EXISTS (
    SELECT 1 FROM person_map WHERE shop_id = $shop_id AND customer_id = $person_id AND person_id <> $person_id
  )
)
SELECT
  o.order_id, o.customer_id, o.status, o.created_at, o.paid_at, o.shipped_at, o.finished_at, o.total_cents,
  o.paid_cents, o.refunded_cents, o.item_count, o.channel, o.province, o.city, o.coupon_used, o.close_reason,
  o.titles, coalesce(f.flag, '') AS flag
FROM orders AS o
LEFT JOIN order_flags AS f ON f.shop_id = o.shop_id AND f.order_id = o.order_id
WHERE o.shop_id = $shop_id AND o.customer_id IN (SELECT customer_id FROM mine)
ORDER BY o.created_at DESC, o.order_id DESC
LIMIT $page_rows
