-- Where persons live, the most frequent places first.
SELECT province, city, count(*) AS persons, CAST(sum(net_cents) AS BIGINT) AS net_cents
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND orders > 0
GROUP BY province, city
ORDER BY persons DESC, province, city
LIMIT $page_rows
