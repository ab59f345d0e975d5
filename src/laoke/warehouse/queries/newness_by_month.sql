-- A period's money by month (year × 12 + month − 1) from new and from returning buyers. New is what was paid on the first
-- purchase day that the facts tell of, returning what was paid later, unknown what has no buyer. Who came for the first time
-- and again within a month is a buyer of both kinds.
WITH paid AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day,
    CAST(year(o.paid_at) * 12 + month(o.paid_at) - 1 AS INTEGER) AS month_no, o.paid_cents AS paid,
    o.paid_cents - o.refunded_cents AS net
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day <= $to_day
),
firsts AS (
  SELECT person_id, min(paid_day) AS first_day FROM paid WHERE person_id IS NOT NULL GROUP BY person_id
),
kinds AS (
  SELECT
    p.month_no, p.person_id, p.paid, p.net,
    CASE WHEN p.person_id IS NULL THEN 'unknown' WHEN p.paid_day > f.first_day THEN 'returning' ELSE 'new' END AS buyer_kind
  FROM paid AS p
  LEFT JOIN firsts AS f ON f.person_id = p.person_id
  WHERE p.paid_day >= $from_day
)
SELECT
  month_no, buyer_kind, count(*) AS orders, count(DISTINCT person_id) AS buyers,
  CAST(sum(paid) AS BIGINT) AS paid_cents, CAST(sum(net) AS BIGINT) AS net_cents
FROM kinds
GROUP BY month_no, buyer_kind
ORDER BY month_no, buyer_kind
