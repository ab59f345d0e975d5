-- What the products of a shop brought in a period: orders, pieces, paid and net money, the most first. From order lines; an
-- order without lines counts as its titles, a line without a product number by its title.
WITH counted AS (
  SELECT order_id, titles, item_count, paid_cents, refunded_cents
  FROM orders_counted
  WHERE shop_id = $shop_id AND paid_day BETWEEN $from_day AND $to_day
),
sold AS (
  SELECT
    c.order_id, l.product_id, l.title, CAST(l.quantity AS BIGINT) AS units, l.paid_cents AS paid,
    l.paid_cents - l.refunded_cents AS net
  FROM counted AS c
  JOIN order_lines AS l ON l.shop_id = $shop_id AND l.order_id = c.order_id
  UNION ALL
  SELECT
    c.order_id, '' AS product_id, c.titles AS title, CAST(c.item_count AS BIGINT) AS units, c.paid_cents AS paid,
    c.paid_cents - c.refunded_cents AS net
  FROM counted AS c
  WHERE NOT EXISTS (SELECT 1 FROM order_lines AS l WHERE l.shop_id = $shop_id AND l.order_id = c.order_id)
),
by_goods AS (
  SELECT
    product_id, max(title) AS title, count(DISTINCT order_id) AS orders, CAST(sum(units) AS BIGINT) AS units,
    CAST(sum(paid) AS BIGINT) AS paid_cents, CAST(sum(net) AS BIGINT) AS net_cents
  FROM sold
  GROUP BY product_id, CASE WHEN product_id = '' THEN title END
)
SELECT product_id, title, orders, units, paid_cents, net_cents
FROM by_goods
ORDER BY net_cents DESC, product_id, title
LIMIT $page_rows
