-- Orders of a period that are left out of every figure because they are suspected or confirmed to be fake.
SELECT count(*) AS orders, CAST(coalesce(sum(o.paid_cents), 0) AS BIGINT) AS paid_cents
FROM orders AS o
JOIN order_flags AS f ON f.shop_id = o.shop_id AND f.order_id = o.order_id
WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day AND f.flag IN ('suspect', 'confirmed')
