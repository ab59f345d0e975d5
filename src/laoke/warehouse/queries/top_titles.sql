-- What sold most in a period by the title on the order, for sources that export no lines. An order with several
-- titles counts as that combination.
SELECT
  titles, count(*) AS orders, CAST(sum(item_count) AS BIGINT) AS units,
  CAST(sum(paid_cents) AS BIGINT) AS paid_cents, CAST(sum(paid_cents - refunded_cents) AS BIGINT) AS net_cents
FROM orders_counted
WHERE shop_id = $shop_id AND paid_day BETWEEN $from_day AND $to_day
GROUP BY titles
ORDER BY paid_cents DESC, titles
LIMIT $page_rows
