-- $t1 = sms
-- $t2 = email
WITH reachable_1 AS (
  SELECT
    customer_reach.person_id
  FROM customer_reach
  WHERE
    customer_reach.shop_id = 1
    AND customer_reach.channel = $t1
    AND customer_reach.reachable
), consented_2 AS (
  SELECT
    customer_reach.person_id
  FROM customer_reach
  WHERE
    customer_reach.shop_id = 1
    AND customer_reach.channel = $t2
    AND customer_reach.consented
)
SELECT
  COUNT(*) AS n
FROM customer_features AS f
LEFT JOIN reachable_1
  ON reachable_1.person_id = f.person_id
LEFT JOIN consented_2
  ON consented_2.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  )
  AND (
    NOT reachable_1.person_id IS NULL AND NOT NOT consented_2.person_id IS NULL
  )
