-- Refunds of the orders paid in a period: how many of them gave money back (whole or part), and how much.
SELECT
  count(*) AS paid_orders,
  CAST(coalesce(sum(CASE WHEN refunded_cents > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS refunded_orders,
  CAST(coalesce(sum(CASE WHEN refunded_cents > 0 AND refunded_cents >= paid_cents THEN 1 ELSE 0 END), 0) AS BIGINT)
    AS fully_refunded_orders,
  CAST(coalesce(sum(paid_cents), 0) AS BIGINT) AS paid_cents,
  CAST(coalesce(sum(refunded_cents), 0) AS BIGINT) AS refunded_cents
FROM orders_counted
WHERE shop_id = $shop_id AND paid_day BETWEEN $from_day AND $to_day
