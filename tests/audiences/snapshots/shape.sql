SELECT
  f.lifecycle,
  f.group3,
  COUNT(*) AS n,
  COALESCE(CAST(SUM(f.orders) AS BIGINT), 0) AS orders,
  COALESCE(CAST(SUM(f.paid_cents) AS BIGINT), 0) AS paid_cents,
  COALESCE(CAST(SUM(f.net_cents) AS BIGINT), 0) AS net_cents,
  COALESCE(CAST(SUM(f.net_cents_365) AS BIGINT), 0) AS net_cents_365
FROM customer_features AS f
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  ) AND f.orders >= 2
GROUP BY
  f.lifecycle,
  f.group3
