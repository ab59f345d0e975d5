-- Orders whose state one import saw, the largest first, for a look at single ones.
SELECT s.order_id, s.status, s.paid_cents, s.refunded_cents, s.seen_at
FROM order_states AS s
WHERE s.shop_id = $shop_id AND s.import_id = $import_id
ORDER BY s.paid_cents DESC, s.order_id, s.status
LIMIT $page_rows
