-- The cities most customers live in, for the choices of a filter.
SELECT province, city, count(*) AS persons
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND city <> ''
GROUP BY province, city
ORDER BY persons DESC, province, city
LIMIT $page_rows
