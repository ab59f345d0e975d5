-- Orders whose lines do not add up to what was paid, with postage or without it: the item file and the order file differ.
-- An order that was never paid is left out, and so is one whose lines all tell nothing.
WITH told AS (
  SELECT order_id, count(*) AS lines, CAST(sum(paid_cents) AS BIGINT) AS lines_cents
  FROM order_lines
  WHERE shop_id = $shop_id
  GROUP BY order_id
)
SELECT
  o.order_id, o.created_day AS day, o.paid_cents AS left_cents, told.lines_cents AS right_cents,
  told.lines_cents - o.paid_cents AS difference_cents
FROM told
JOIN orders AS o ON o.order_id = told.order_id
WHERE
  o.shop_id = $shop_id AND o.paid_cents > 0 AND told.lines_cents > 0
  AND (told.lines_cents > o.paid_cents OR told.lines_cents < o.paid_cents - o.postage_cents)
ORDER BY o.created_day DESC, o.order_id
