-- $t1 = 挑剔
WITH tag_1 AS (
  SELECT
    customer_tags.person_id
  FROM customer_tags
  WHERE
    customer_tags.shop_id = 1 AND customer_tags.tag = $t1
)
SELECT
  CASE
    WHEN NOT f.orders >= 2
    THEN 0
    WHEN NOT NOT tag_1.person_id IS NULL
    THEN 1
    ELSE 2
  END AS passed,
  COUNT(*) AS n
FROM customer_features AS f
LEFT JOIN tag_1
  ON tag_1.person_id = f.person_id
WHERE
  f.shop_id = 1 AND f.as_of_day = 20400
GROUP BY
  CASE
    WHEN NOT f.orders >= 2
    THEN 0
    WHEN NOT NOT tag_1.person_id IS NULL
    THEN 1
    ELSE 2
  END
