-- Persons and their net money by stage of life, as of one day.
SELECT lifecycle, count(*) AS persons, CAST(sum(net_cents) AS BIGINT) AS net_cents
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day
GROUP BY lifecycle
ORDER BY lifecycle
