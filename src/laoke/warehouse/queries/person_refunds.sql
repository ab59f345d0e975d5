-- Refunds as a person's page tells them (this is the raw history, not a metric). Of which orders, and of which buyers where
-- the refund names no known order, is said by a statement around it.
SELECT
  r.refund_id, r.order_id, r.customer_id, r.amount_cents, r.kind, r.phase, r.reason, r.state, r.created_at, r.finished_at
FROM refunds AS r
WHERE r.shop_id = $shop_id
