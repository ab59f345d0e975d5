-- Who paid what for which item in some days, by price: who bought lately for more than a campaign will ask could ask for the
-- difference back. One row per product, variant (title where there is no product number), person and price of a piece, as
-- deal_prices tells prices. What was given away or refunded in full is left out, and so are orders of nobody known.
WITH counted AS (
  SELECT
    o.order_id, o.titles, o.item_count, o.paid_cents, o.postage_cents, o.refunded_cents,
    coalesce(m.person_id, o.customer_id) AS person_id
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day AND o.customer_id IS NOT NULL
),
sold AS (
  SELECT
    l.product_id, l.sku, CASE WHEN l.product_id = '' THEN l.title ELSE '' END AS own_title, c.person_id,
    CAST(l.quantity AS BIGINT) AS units, l.paid_cents // l.quantity AS deal_cents
  FROM counted AS c
  JOIN order_lines AS l
    ON l.shop_id = $shop_id AND l.order_id = c.order_id AND l.quantity > 0 AND l.paid_cents > l.refunded_cents
  UNION ALL
  SELECT
    '' AS product_id, '' AS sku, c.titles AS own_title, c.person_id, CAST(1 AS BIGINT) AS units,
    c.paid_cents - c.postage_cents AS deal_cents
  FROM counted AS c
  WHERE c.item_count = 1 AND c.paid_cents > c.postage_cents AND c.refunded_cents < c.paid_cents
    AND NOT EXISTS (SELECT 1 FROM order_lines AS l WHERE l.shop_id = $shop_id AND l.order_id = c.order_id)
)
SELECT product_id, sku, own_title, person_id, deal_cents, CAST(sum(units) AS BIGINT) AS units
FROM sold
GROUP BY product_id, sku, own_title, person_id, deal_cents
ORDER BY product_id, sku, own_title, person_id, deal_cents
