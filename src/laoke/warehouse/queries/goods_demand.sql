-- What sells more and what sells less: products by orders and paid amount in a period, in the one before it and in the same
-- one a year before. From order lines; an order without lines counts as its titles, a line without a product number by its
-- title. An order counts once for a product however many lines it has of it. The most ordered in all three come first.
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
by_goods AS (
  SELECT
    s.product_id, max(s.title) AS title, coalesce(max(p.category), '') AS category,
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
  GROUP BY s.product_id, CASE WHEN s.product_id = '' THEN s.title END
)
SELECT
  product_id, title, category, orders, orders_before, orders_year_before, units, paid_cents, before_paid_cents,
  year_before_paid_cents
FROM by_goods
ORDER BY orders + orders_before + orders_year_before DESC, product_id, title
LIMIT $page_rows
