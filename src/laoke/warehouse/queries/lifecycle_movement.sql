-- Who moved between stages of life from $before_day to $as_of_day (30 days, say): persons by old and new stage.
-- Both days need features; a person unknown on the earlier day came as 'none'.
SELECT
  coalesce(b.lifecycle, 'none') AS from_lifecycle, n.lifecycle AS to_lifecycle,
  count(*) AS persons, CAST(sum(n.net_cents) AS BIGINT) AS net_cents
FROM customer_features AS n
LEFT JOIN customer_features AS b
  ON b.shop_id = n.shop_id AND b.person_id = n.person_id AND b.as_of_day = $before_day
WHERE n.shop_id = $shop_id AND n.as_of_day = $as_of_day
GROUP BY 1, 2
ORDER BY 1, 2
