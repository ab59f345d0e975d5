-- The orders that facts of one kind wait for: each number with its rows and the newest day they tell of, by
-- which to know what to export. Lines of items tell no day: -1.
SELECT what, order_id, CAST(max(day) AS BIGINT) AS day, count(*) AS n
FROM (
  SELECT 'lines_without_order' AS what, order_id, -1 AS day FROM waiting_lines WHERE shop_id = $shop_id
  UNION ALL
  SELECT 'refunds_without_order' AS what, r.order_id, r.created_day AS day
  FROM refunds AS r
  LEFT JOIN orders AS o ON o.shop_id = r.shop_id AND o.order_id = r.order_id
  WHERE r.shop_id = $shop_id AND r.order_id <> '' AND o.order_id IS NULL
  UNION ALL
  SELECT 'moves_without_order' AS what, m.order_id, m.day
  FROM money_moves AS m
  LEFT JOIN orders AS o ON o.shop_id = m.shop_id AND o.order_id = m.order_id
  WHERE m.shop_id = $shop_id AND m.order_id <> 'all' AND o.order_id IS NULL
  UNION ALL
  SELECT 'shipments_without_order' AS what, e.order_id, e.day
  FROM shipment_events AS e
  LEFT JOIN orders AS o ON o.shop_id = e.shop_id AND o.order_id = e.order_id
  WHERE e.shop_id = $shop_id AND o.order_id IS NULL
  UNION ALL
  SELECT 'reviews_without_order' AS what, r.order_id, r.day
  FROM reviews AS r
  LEFT JOIN orders AS o ON o.shop_id = r.shop_id AND o.order_id = r.order_id
  WHERE r.shop_id = $shop_id AND o.order_id IS NULL
) AS facts
GROUP BY what, order_id
ORDER BY what, day DESC, order_id
