-- What one person bought by category of the shop's product list, the most money first; '' holds what has no category.
-- Paid orders that count (not fake) of all their customer numbers; net is what the lines were paid less what was given
-- back for them. The few orders of the person are found first; lines are met in the same month.
WITH mine AS (
  SELECT customer_id FROM person_map WHERE shop_id = $shop_id AND person_id = $person_id
  UNION
  SELECT CAST($person_id AS BIGINT) AS customer_id
  WHERE NOT EXISTS (
    SELECT 1 FROM person_map WHERE shop_id = $shop_id AND customer_id = $person_id AND person_id <> $person_id
  )
)
SELECT
  coalesce(p.category, '') AS category, count(DISTINCT o.order_id) AS orders,
  CAST(sum(l.quantity) AS BIGINT) AS pieces,
  CAST(sum(l.paid_cents - l.refunded_cents) AS BIGINT) AS net_cents
FROM orders_counted AS o
JOIN order_lines AS l ON l.shop_id = o.shop_id AND l.order_id = o.order_id AND l.month = o.month
LEFT JOIN products AS p ON p.shop_id = l.shop_id AND p.product_id = l.product_id
WHERE o.shop_id = $shop_id AND o.paid_at IS NOT NULL AND o.customer_id IN (SELECT customer_id FROM mine)
GROUP BY coalesce(p.category, '')
ORDER BY net_cents DESC, category
LIMIT $page_rows
