-- How much of the money comes from how few: the buyers of a period by net money, in hundredths from the best on, with
-- persons, orders and net money of each. The part of a buyer is 1 + (rank − 1) × 100 / buyers, in whole numbers; equals
-- are ordered by their number, so parts differ by one person at most.
WITH per_person AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, count(*) AS orders,
    CAST(sum(o.paid_cents - o.refunded_cents) AS BIGINT) AS net
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day BETWEEN $from_day AND $to_day
  GROUP BY coalesce(m.person_id, o.customer_id)
),
ranked AS (
  SELECT orders, net, row_number() OVER (ORDER BY net DESC, person_id) AS place FROM per_person
),
totals AS (
  SELECT count(*) AS n FROM per_person
)
SELECT
  CAST(1 + (r.place - 1) * 100 // t.n AS INTEGER) AS part, count(*) AS persons, CAST(sum(r.orders) AS BIGINT) AS orders,
  CAST(sum(r.net) AS BIGINT) AS net_cents, CAST(min(r.net) AS BIGINT) AS least_cents
FROM ranked AS r CROSS JOIN totals AS t
GROUP BY CAST(1 + (r.place - 1) * 100 // t.n AS INTEGER)
ORDER BY part
