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
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  )
  AND (
    CASE
      WHEN f.person_id IN (
        SELECT
          person_id
        FROM reachable_1
      )
      THEN 1
      ELSE 0
    END = 1
    AND NOT CASE
      WHEN f.person_id IN (
        SELECT
          person_id
        FROM consented_2
      )
      THEN 1
      ELSE 0
    END = 1
  )
