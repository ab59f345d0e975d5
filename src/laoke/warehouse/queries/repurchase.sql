-- Repurchase of a period: persons who bought, and those of them with two purchase days or more in it
-- (orders of one day count once), with their net money.
WITH per_person AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, count(DISTINCT o.paid_day) AS purchase_days,
    CAST(sum(o.paid_cents - o.refunded_cents) AS BIGINT) AS net_cents
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day BETWEEN $from_day AND $to_day
  GROUP BY coalesce(m.person_id, o.customer_id)
)
SELECT
  count(*) AS buyers,
  CAST(coalesce(sum(CASE WHEN purchase_days >= 2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS repeat_buyers,
  CAST(coalesce(sum(net_cents), 0) AS BIGINT) AS net_cents,
  CAST(coalesce(sum(CASE WHEN purchase_days >= 2 THEN net_cents END), 0) AS BIGINT) AS repeat_net_cents
FROM per_person
