WITH orders_1 AS (
  SELECT
    COALESCE(m.person_id, o.customer_id) AS person_id,
    CASE WHEN MIN(o.paid_day) < MAX(o.paid_day) THEN 2 ELSE 1 END AS orders,
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
    AND o.paid_day >= 20310
    AND o.paid_day <= 20400
  GROUP BY
    COALESCE(m.person_id, o.customer_id)
), sent_back_2 AS (
  SELECT
    COALESCE(m.person_id, r.customer_id) AS person_id,
    CAST(SUM(r.amount_cents) AS BIGINT) AS cents
  FROM refunds AS r
  LEFT JOIN person_map AS m
    ON m.shop_id = r.shop_id AND m.customer_id = r.customer_id
  WHERE
    r.shop_id = 1
    AND r.order_id = ''
    AND NOT r.finished_at IS NULL
    AND NOT r.customer_id IS NULL
    AND r.created_day >= 20310
    AND r.created_day <= 20400
  GROUP BY
    COALESCE(m.person_id, r.customer_id)
)
SELECT
  COUNT(*) AS n
FROM customer_features AS f
LEFT JOIN orders_1
  ON orders_1.person_id = f.person_id
LEFT JOIN sent_back_2
  ON sent_back_2.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  )
  AND (
    COALESCE(orders_1.net_cents, 0) - COALESCE(sent_back_2.cents, 0)
  ) >= 50000
