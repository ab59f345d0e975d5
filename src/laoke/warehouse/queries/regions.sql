-- Where a period's orders went: by province and by city, with buyers, orders, paid and net money, and the net money of
-- orders whose buyer is known, which is divided by buyers. '' = the source tells no place. Who bought to two cities of a
-- province counts once in the province and once in each city.
WITH paid AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, o.province, o.city, o.paid_cents AS paid,
    o.paid_cents - o.refunded_cents AS net
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
),
places AS (
  SELECT
    'province' AS level, province, '' AS city, count(DISTINCT person_id) AS buyers, count(*) AS orders,
    CAST(sum(paid) AS BIGINT) AS paid_cents, CAST(sum(net) AS BIGINT) AS net_cents,
    CAST(coalesce(sum(CASE WHEN person_id IS NOT NULL THEN net END), 0) AS BIGINT) AS buyers_net_cents
  FROM paid
  GROUP BY province
  UNION ALL
  SELECT
    'city' AS level, province, city, count(DISTINCT person_id) AS buyers, count(*) AS orders,
    CAST(sum(paid) AS BIGINT) AS paid_cents, CAST(sum(net) AS BIGINT) AS net_cents,
    CAST(coalesce(sum(CASE WHEN person_id IS NOT NULL THEN net END), 0) AS BIGINT) AS buyers_net_cents
  FROM paid
  GROUP BY province, city
)
SELECT level, province, city, buyers, orders, paid_cents, net_cents, buyers_net_cents
FROM places
ORDER BY level, net_cents DESC, province, city
