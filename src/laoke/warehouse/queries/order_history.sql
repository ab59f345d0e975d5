-- The states of one order as imports saw them, the newest first. States of one moment stand as far as they went.
SELECT s.seen_at, s.status, s.paid_cents, s.refunded_cents, s.import_id
FROM order_states AS s
WHERE s.shop_id = $shop_id AND s.order_id = $order_id
ORDER BY s.seen_at DESC, s.refunded_cents DESC, s.paid_cents DESC, s.status
