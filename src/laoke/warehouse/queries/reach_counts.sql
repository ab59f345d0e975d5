-- Persons who may and can be reached, by channel.
SELECT channel, CAST(sum(CASE WHEN reachable THEN 1 ELSE 0 END) AS BIGINT) AS reachable
FROM customer_reach
WHERE shop_id = $shop_id
GROUP BY channel
ORDER BY channel
