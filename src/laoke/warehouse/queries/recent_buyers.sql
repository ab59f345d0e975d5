-- Persons who paid on or after a day: whoever just bought is not told of a price cut (they would ask for the difference).
SELECT DISTINCT coalesce(m.person_id, o.customer_id) AS person_id
FROM orders_counted AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
WHERE o.shop_id = $shop_id AND o.paid_day >= $from_day AND o.customer_id IS NOT NULL
