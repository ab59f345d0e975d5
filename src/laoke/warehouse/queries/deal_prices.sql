-- What pieces were sold for before a campaign starts, by product and variant (by title where there is no product number):
-- the lowest price in the 7 x 24 hours and in the 30 days before, the newest deal since $since_at, and the pieces of a
-- comparable period. A price is what was paid for the line by its pieces, rounded down, refunds not taken off; what was given
-- away is no deal. An order without lines tells a price only when it holds one piece. Pieces refunded in full do not count.
WITH counted AS (
  SELECT order_id, paid_at, paid_day, titles, item_count, paid_cents, postage_cents, refunded_cents
  FROM orders_counted
  WHERE shop_id = $shop_id
    AND (paid_at >= $since_at AND paid_at < $start_at OR paid_day BETWEEN $from_day AND $to_day)
),
sold AS (
  SELECT
    l.product_id, l.sku, CASE WHEN l.product_id = '' THEN l.title ELSE '' END AS own_title, l.title, c.paid_at, c.paid_day,
    CAST(l.quantity AS BIGINT) AS units, l.paid_cents, l.refunded_cents, l.paid_cents // l.quantity AS deal_cents
  FROM counted AS c
  JOIN order_lines AS l ON l.shop_id = $shop_id AND l.order_id = c.order_id AND l.quantity > 0 AND l.paid_cents > 0
  UNION ALL
  SELECT
    '' AS product_id, '' AS sku, c.titles AS own_title, c.titles AS title, c.paid_at, c.paid_day, CAST(1 AS BIGINT) AS units,
    c.paid_cents - c.postage_cents AS paid_cents, c.refunded_cents, c.paid_cents - c.postage_cents AS deal_cents
  FROM counted AS c
  WHERE c.item_count = 1 AND c.paid_cents > c.postage_cents
    AND NOT EXISTS (SELECT 1 FROM order_lines AS l WHERE l.shop_id = $shop_id AND l.order_id = c.order_id)
),
by_item AS (
  SELECT
    product_id, sku, own_title, max(title) AS title,
    min(CASE WHEN paid_at >= $seven_at AND paid_at < $start_at THEN deal_cents END) AS lowest_7_cents,
    min(CASE WHEN paid_at >= $thirty_at AND paid_at < $start_at THEN deal_cents END) AS lowest_30_cents,
    max(CASE WHEN paid_at < $start_at THEN paid_at END) AS last_at,
    CAST(coalesce(sum(CASE WHEN paid_day BETWEEN $from_day AND $to_day AND refunded_cents < paid_cents THEN units END), 0)
      AS BIGINT) AS units
  FROM sold
  GROUP BY product_id, sku, own_title
),
newest AS (
  SELECT b.product_id, b.sku, b.own_title, min(s.deal_cents) AS last_cents
  FROM by_item AS b
  JOIN sold AS s
    ON s.product_id = b.product_id AND s.sku = b.sku AND s.own_title = b.own_title AND s.paid_at = b.last_at
  GROUP BY b.product_id, b.sku, b.own_title
)
SELECT
  b.product_id, b.sku, b.title, b.lowest_7_cents, b.lowest_30_cents, n.last_cents, b.last_at, b.units
FROM by_item AS b
LEFT JOIN newest AS n ON n.product_id = b.product_id AND n.sku = b.sku AND n.own_title = b.own_title
ORDER BY b.units DESC, b.product_id, b.sku, b.title
