-- Orders of a list with goods, place and buyer, and of each buyer how many orders were paid and how many of them are
-- suspect or confirmed: what a person looks at to decide. $order_ids is ',1,2,'; the buyer is a person or null.
WITH listed AS (
  SELECT o.order_id, coalesce(m.person_id, o.customer_id) AS person_id, o.titles, o.province, o.city, o.status
  FROM orders AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND contains($order_ids, concat(',', o.order_id, ','))
),
buyers AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, count(*) AS orders,
    count(CASE WHEN f.flag IN ('suspect', 'confirmed') THEN 1 END) AS flagged
  FROM orders AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  LEFT JOIN order_flags AS f ON f.shop_id = o.shop_id AND f.order_id = o.order_id
  WHERE o.shop_id = $shop_id AND o.paid_at IS NOT NULL
    AND coalesce(m.person_id, o.customer_id) IN (SELECT person_id FROM listed WHERE person_id IS NOT NULL)
  GROUP BY coalesce(m.person_id, o.customer_id)
)
SELECT l.*, coalesce(b.orders, 0) AS buyer_orders, coalesce(b.flagged, 0) AS buyer_flagged
FROM listed AS l
LEFT JOIN buyers AS b ON b.person_id = l.person_id
ORDER BY l.order_id
