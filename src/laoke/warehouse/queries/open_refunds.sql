-- Persons with a refund that was asked for since a day and is not settled: first the refund, then the next offer.
-- An export may tell how a refund ended without telling when.
SELECT DISTINCT coalesce(m.person_id, r.customer_id) AS person_id
FROM refunds AS r
LEFT JOIN person_map AS m ON m.shop_id = r.shop_id AND m.customer_id = r.customer_id
WHERE r.shop_id = $shop_id AND r.created_day >= $from_day AND r.finished_at IS NULL AND r.customer_id IS NOT NULL
  AND r.state NOT IN ('success', '退款成功', '退款关闭')
