-- What scores are drawn from, counted: for each of recency (days since the last purchase), frequency (purchase days of the
-- window) and money (net amount of those days in whole yuan, rounded down) how many payers have which value, as of one day.
-- Natural breaks are learnt from it. Money below nothing counts as 0.
WITH payers AS (
  SELECT
    $as_of_day - last_day AS r, CAST(rfm_orders AS BIGINT) AS f, greatest(rfm_cents, 0) // 100 AS m
  FROM customer_features
  WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND last_day IS NOT NULL
),
counted AS (
  SELECT 'f' AS letter, CAST(f AS BIGINT) AS v, count(*) AS persons FROM payers GROUP BY f
  UNION ALL
  SELECT 'm' AS letter, CAST(m AS BIGINT) AS v, count(*) AS persons FROM payers GROUP BY m
  UNION ALL
  SELECT 'r' AS letter, CAST(r AS BIGINT) AS v, count(*) AS persons FROM payers GROUP BY r
)
SELECT letter, v, persons
FROM counted
ORDER BY letter, v
