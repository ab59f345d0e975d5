-- The reviews one person wrote, the newest first: those of the orders of all their customer numbers.
-- The customers of the person are few: they are found first and the orders scanned by customer number alone.
WITH mine AS (
  SELECT customer_id FROM person_map WHERE shop_id = $shop_id AND person_id = $person_id
  UNION
  SELECT CAST($person_id AS BIGINT) AS customer_id
  WHERE NOT EXISTS (
    SELECT 1 FROM person_map WHERE shop_id = $shop_id AND customer_id = $person_id AND person_id <> $person_id
  )
)
SELECT r.order_id, r.product_id, r.rating, r.at, r.has_photo
FROM reviews AS r
JOIN orders AS o ON o.shop_id = r.shop_id AND o.order_id = r.order_id
WHERE r.shop_id = $shop_id AND o.customer_id IN (SELECT customer_id FROM mine)
ORDER BY r.at DESC, r.order_id, r.product_id
LIMIT $page_rows
