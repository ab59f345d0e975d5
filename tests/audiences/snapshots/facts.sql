WITH orders_1 AS (
  SELECT
    COALESCE(m.person_id, o.customer_id) AS person_id,
    COUNT(DISTINCT o.paid_day) AS orders,
    CAST(SUM(o.paid_cents) AS BIGINT) AS paid_cents,
    CAST(SUM(o.refunded_cents) AS BIGINT) AS refunded_cents,
    CAST(SUM(o.paid_cents - o.refunded_cents) AS BIGINT) AS net_cents,
    CAST(SUM(o.item_count) AS BIGINT) AS item_count,
    CAST(SUM(CASE WHEN o.coupon_used THEN 1 ELSE 0 END) AS BIGINT) AS coupon_orders
  FROM orders_counted AS o
  LEFT JOIN person_map AS m
    ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE
    o.shop_id = 1
    AND NOT o.customer_id IS NULL
    AND o.paid_day >= 20386
    AND o.paid_day <= 20400
  GROUP BY
    COALESCE(m.person_id, o.customer_id)
), orders_2 AS (
  SELECT
    COALESCE(m.person_id, o.customer_id) AS person_id,
    COUNT(DISTINCT o.paid_day) AS orders,
    CAST(SUM(o.paid_cents) AS BIGINT) AS paid_cents,
    CAST(SUM(o.refunded_cents) AS BIGINT) AS refunded_cents,
    CAST(SUM(o.paid_cents - o.refunded_cents) AS BIGINT) AS net_cents,
    CAST(SUM(o.item_count) AS BIGINT) AS item_count,
    CAST(SUM(CASE WHEN o.coupon_used THEN 1 ELSE 0 END) AS BIGINT) AS coupon_orders
  FROM orders_counted AS o
  LEFT JOIN person_map AS m
    ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE
    o.shop_id = 1
    AND NOT o.customer_id IS NULL
    AND o.paid_day >= 20393
    AND o.paid_day <= 20400
  GROUP BY
    COALESCE(m.person_id, o.customer_id)
)
SELECT
  COUNT(*) AS n
FROM customer_features AS f
LEFT JOIN orders_1
  ON orders_1.person_id = f.person_id
LEFT JOIN orders_2
  ON orders_2.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  )
  AND (
    COALESCE(orders_1.orders, 0) >= 1
    OR (
      CAST(COALESCE(orders_2.orders, 0) AS BIGINT) > 0
      AND COALESCE(orders_2.paid_cents, 0) >= (
        CAST(COALESCE(orders_2.orders, 0) AS BIGINT) * 5000
      )
      AND COALESCE(orders_2.paid_cents, 0) <= (
        CAST(COALESCE(orders_2.orders, 0) AS BIGINT) * 10000
      )
    )
  )
