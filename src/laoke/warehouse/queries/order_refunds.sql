-- The refunds of one order, the newest first; they may be there before the order itself.
SELECT r.refund_id, r.amount_cents, r.kind, r.phase, r.reason, r.state, r.created_at, r.finished_at, r.import_id
FROM refunds AS r
WHERE r.shop_id = $shop_id AND r.order_id = $order_id
ORDER BY r.created_at DESC, r.refund_id
