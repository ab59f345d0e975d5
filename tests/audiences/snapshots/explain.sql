-- $t1 = 挑剔
WITH tag_1 AS (
  SELECT
    customer_tags.person_id
  FROM customer_tags
  WHERE
    customer_tags.shop_id = 1 AND customer_tags.tag = $t1
)
SELECT
  f.orders >= 2 AS c1,
  f.orders AS v1,
  NOT tag_1.person_id IS NULL AS c2,
  NOT tag_1.person_id IS NULL AS v2
FROM customer_features AS f
LEFT JOIN tag_1
  ON tag_1.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  ) AND f.person_id = 7
