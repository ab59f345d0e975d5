-- The customer numbers of one person: what the person is asked for in all the facts, first and alone, because a few numbers
-- that stand in a query are found in ten million orders at half the cost of numbers that are joined to them.
SELECT customer_id FROM person_map WHERE shop_id = $shop_id AND person_id = $person_id
UNION
SELECT CAST($person_id AS BIGINT) AS customer_id
WHERE NOT EXISTS (
  SELECT 1 FROM person_map WHERE shop_id = $shop_id AND customer_id = $person_id AND person_id <> $person_id
)
ORDER BY customer_id
