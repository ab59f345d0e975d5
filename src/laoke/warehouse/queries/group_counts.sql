-- The three groups (loyal, active, ordinary): persons, their net money and purchases, as of one day.
SELECT
  group3, count(*) AS persons, CAST(sum(net_cents) AS BIGINT) AS net_cents, CAST(sum(orders) AS BIGINT) AS orders
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND orders > 0
GROUP BY group3
ORDER BY group3
