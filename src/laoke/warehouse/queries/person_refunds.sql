-- The refunds of one person, the newest first: those of the orders of all their customer numbers, and those that name
-- the buyer alone (this is the raw history, not a metric). The few orders of the person are found first.
WITH mine AS (
  SELECT customer_id FROM person_map WHERE shop_id = $shop_id AND person_id = $person_id
  UNION
  SELECT CAST($person_id AS BIGINT) AS customer_id
  WHERE NOT EXISTS (
    SELECT 1 FROM person_map WHERE shop_id = $shop_id AND customer_id = $person_id AND person_id <> $person_id
  )
),
bought AS (
  SELECT order_id FROM orders WHERE shop_id = $shop_id AND customer_id IN (SELECT customer_id FROM mine)
)
SELECT r.refund_id, r.order_id, r.amount_cents, r.kind, r.phase, r.reason, r.state, r.created_at, r.finished_at
FROM refunds AS r
WHERE r.shop_id = $shop_id
  AND (r.order_id IN (SELECT order_id FROM bought) OR r.customer_id IN (SELECT customer_id FROM mine))
ORDER BY r.created_at DESC, r.refund_id
LIMIT $page_rows
