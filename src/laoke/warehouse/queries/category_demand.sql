-- Which categories sell more and which less: as goods_demand, by the products' category ('' = not known). An order with
-- several categories counts once for each.
WITH counted AS (
  SELECT order_id, paid_day, titles, item_count, paid_cents
  FROM orders_counted
  WHERE shop_id = $shop_id
    AND (paid_day BETWEEN $from_day AND $to_day OR paid_day BETWEEN $before_from_day AND $before_to_day
      OR paid_day BETWEEN $year_before_from_day AND $year_before_to_day)
),
sold AS (
  SELECT c.order_id, c.paid_day, l.product_id, l.title, CAST(l.quantity AS BIGINT) AS units, l.paid_cents
  FROM counted AS c
  JOIN order_lines AS l ON l.shop_id = $shop_id AND l.order_id = c.order_id
  UNION ALL
  SELECT c.order_id, c.paid_day, '' AS product_id, c.titles AS title, CAST(c.item_count AS BIGINT) AS units, c.paid_cents
  FROM counted AS c
  WHERE NOT EXISTS (SELECT 1 FROM order_lines AS l WHERE l.shop_id = $shop_id AND l.order_id = c.order_id)
),
by_category AS (
  SELECT
    coalesce(p.category, '') AS category,
    count(DISTINCT CASE WHEN s.paid_day BETWEEN $from_day AND $to_day THEN s.order_id END) AS orders,
    count(DISTINCT CASE WHEN s.paid_day BETWEEN $before_from_day AND $before_to_day THEN s.order_id END) AS orders_before,
    count(DISTINCT CASE WHEN s.paid_day BETWEEN $year_before_from_day AND $year_before_to_day THEN s.order_id END)
      AS orders_year_before,
    CAST(coalesce(sum(CASE WHEN s.paid_day BETWEEN $from_day AND $to_day THEN s.units END), 0) AS BIGINT) AS units,
    CAST(coalesce(sum(CASE WHEN s.paid_day BETWEEN $from_day AND $to_day THEN s.paid_cents END), 0) AS BIGINT) AS paid_cents,
    CAST(coalesce(sum(CASE WHEN s.paid_day BETWEEN $before_from_day AND $before_to_day THEN s.paid_cents END), 0) AS BIGINT)
      AS before_paid_cents,
    CAST(coalesce(sum(CASE WHEN s.paid_day BETWEEN $year_before_from_day AND $year_before_to_day THEN s.paid_cents END), 0)
      AS BIGINT) AS year_before_paid_cents
  FROM sold AS s
  LEFT JOIN products AS p ON p.shop_id = $shop_id AND p.product_id = s.product_id AND s.product_id <> ''
  GROUP BY coalesce(p.category, '')
)
SELECT
  category, orders, orders_before, orders_year_before, units, paid_cents, before_paid_cents, year_before_paid_cents
FROM by_category
ORDER BY orders + orders_before + orders_year_before DESC, category
