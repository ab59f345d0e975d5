-- Orders placed in a period by people whom a message of some rounds had reached before: `touches` holds when it reached
-- whom. People are the present ones, so that somebody who was merged since counts once.
WITH reached AS (
  SELECT coalesce(m.person_id, t.person_id) AS person_id, min(t.at) AS first_at
  FROM touches AS t
  LEFT JOIN person_map AS m ON m.shop_id = t.shop_id AND m.customer_id = t.person_id
  WHERE t.shop_id = $shop_id
  GROUP BY coalesce(m.person_id, t.person_id)
)
SELECT o.order_id
FROM orders AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
JOIN reached AS r ON r.person_id = coalesce(m.person_id, o.customer_id)
WHERE o.shop_id = $shop_id AND o.created_day BETWEEN $from_day AND $to_day AND o.created_at >= r.first_at
ORDER BY o.order_id
