-- How much the buyers of a period depend on coupons: persons by the share of their orders that used one (0 = none, 1 = up to
-- a third, 2 = up to two thirds, 3 = more but not all, 4 = all), apart those with one order and those with more, whose share
-- alone says something; with orders and net money.
WITH per_person AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, count(*) AS n, count(CASE WHEN o.coupon_used THEN 1 END) AS coupons,
    CAST(sum(o.paid_cents - o.refunded_cents) AS BIGINT) AS net
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day BETWEEN $from_day AND $to_day
  GROUP BY coalesce(m.person_id, o.customer_id)
),
stepped AS (
  SELECT
    n, net, n >= 2 AS several,
    CASE
      WHEN coupons = 0 THEN 0 WHEN coupons = n THEN 4 WHEN coupons * 3 <= n THEN 1 WHEN coupons * 3 <= n * 2 THEN 2 ELSE 3
    END AS step
  FROM per_person
)
SELECT
  several, step, count(*) AS persons, CAST(sum(n) AS BIGINT) AS orders, CAST(sum(net) AS BIGINT) AS net_cents
FROM stepped
GROUP BY several, step
ORDER BY several, step
