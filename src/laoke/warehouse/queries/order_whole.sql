-- One order by its exact number, with the person who bought it and its fake-order flag (raw history, not a metric).
SELECT
  o.order_id, o.customer_id, coalesce(m.person_id, o.customer_id) AS person_id, o.status, o.created_at, o.paid_at,
  o.shipped_at, o.finished_at, o.modified_at, o.goods_cents, o.postage_cents, o.seller_discount_cents,
  o.platform_discount_cents, o.total_cents, o.paid_cents, o.refunded_cents, o.item_count, o.channel, o.province, o.city,
  o.coupon_used, o.close_reason, o.titles, o.seen_at, o.import_id, coalesce(f.flag, '') AS flag
FROM orders AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
LEFT JOIN order_flags AS f ON f.shop_id = o.shop_id AND f.order_id = o.order_id
WHERE o.shop_id = $shop_id AND o.order_id = $order_id
