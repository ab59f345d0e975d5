-- $t1 = 杭州
-- $t2 = 上海
-- $t3 = 杭州市
-- $t4 = 上海市
-- $t5 = 挑剔
WITH tag_1 AS (
  SELECT
    customer_tags.person_id
  FROM customer_tags
  WHERE
    customer_tags.shop_id = 1 AND customer_tags.tag = $t5
)
SELECT
  f.person_id,
  f.orders_365 AS bought_365d,
  f.paid_cents_365 AS spent_365d,
  f.last_day AS last_order,
  f.city AS city,
  f.coupon_orders AS used_coupon,
  NOT tag_1.person_id IS NULL AS tag
FROM customer_features AS f
LEFT JOIN tag_1
  ON tag_1.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  )
  AND (
    f.orders_365 >= 2
    AND f.paid_cents_365 >= 50000
    AND (
      NOT f.last_day IS NULL AND f.last_day >= 20035 AND f.last_day <= 20310
    )
    AND f.city IN ($t1, $t2, $t3, $t4)
    AND NOT f.coupon_orders >= 1
    AND NOT NOT tag_1.person_id IS NULL
  )
ORDER BY
  f.person_id
