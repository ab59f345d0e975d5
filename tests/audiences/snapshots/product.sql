-- $t1 = 四件套
WITH product_1 AS (
  SELECT
    COALESCE(m.person_id, o.customer_id) AS person_id,
    CASE WHEN MIN(o.paid_day) < MAX(o.paid_day) THEN 2 ELSE 1 END AS orders
  FROM (
    SELECT
      o.shop_id,
      o.customer_id,
      o.paid_day
    FROM orders_counted AS o
    WHERE
      o.shop_id = 1
      AND o.paid_day >= 20310
      AND o.paid_day <= 20400
      AND CONTAINS(LOWER(o.titles), $t1)
    UNION ALL
    SELECT
      o.shop_id,
      o.customer_id,
      o.paid_day
    FROM lines_counted AS o
    WHERE
      o.shop_id = 1
      AND o.paid_day >= 20310
      AND o.paid_day <= 20400
      AND CONTAINS(LOWER(o.title), $t1)
  ) AS o
  LEFT JOIN person_map AS m
    ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE
    o.shop_id = 1
    AND NOT o.customer_id IS NULL
    AND o.paid_day >= 20310
    AND o.paid_day <= 20400
  GROUP BY
    COALESCE(m.person_id, o.customer_id)
)
SELECT
  COUNT(*) AS n
FROM customer_features AS f
LEFT JOIN product_1
  ON product_1.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  )
  AND COALESCE(product_1.orders, 0) >= 1
