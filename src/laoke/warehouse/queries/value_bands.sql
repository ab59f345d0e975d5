-- How expected spend of the next 365 days is spread: customers and their money by band. Band 0 holds what is below the
-- first line, each next one from its line on.
SELECT
  CASE
    WHEN spend_365 < $line_1 THEN 0 WHEN spend_365 < $line_2 THEN 1 WHEN spend_365 < $line_3 THEN 2
    WHEN spend_365 < $line_4 THEN 3 WHEN spend_365 < $line_5 THEN 4 WHEN spend_365 < $line_6 THEN 5 ELSE 6
  END AS band,
  CAST(count(*) AS BIGINT) AS persons,
  CAST(sum(spend_365) AS BIGINT) AS spend_cents
FROM customer_value
WHERE shop_id = $shop_id
GROUP BY 1
ORDER BY 1
