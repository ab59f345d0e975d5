-- Sales and visitors by day, the three factors of sales: visitors x conversion (buyers / visitors) x paid per buyer.
-- Visitors are null on days without traffic figures, the rest is zero on days without a sale. A buyer is a person;
-- orders without a customer count in orders and money. A day that is told for the shop as a whole ('all') is not summed over
-- its sources: one visitor may come from several.
WITH sold AS (
  SELECT
    o.paid_day AS day, count(*) AS orders, count(DISTINCT coalesce(m.person_id, o.customer_id)) AS buyers,
    CAST(sum(o.paid_cents) AS BIGINT) AS paid_cents,
    CAST(sum(o.paid_cents - o.refunded_cents) AS BIGINT) AS net_cents
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
  GROUP BY o.paid_day
),
seen AS (
  SELECT
    date_day AS day,
    CAST(coalesce(sum(CASE WHEN source = 'all' THEN visitors END), sum(visitors)) AS BIGINT) AS visitors
  FROM traffic_days
  WHERE shop_id = $shop_id AND date_day BETWEEN $from_day AND $to_day
  GROUP BY date_day
)
SELECT
  coalesce(sold.day, seen.day) AS day, coalesce(orders, 0) AS orders, coalesce(buyers, 0) AS buyers,
  coalesce(paid_cents, 0) AS paid_cents, coalesce(net_cents, 0) AS net_cents, visitors
FROM sold FULL OUTER JOIN seen ON seen.day = sold.day
ORDER BY 1
