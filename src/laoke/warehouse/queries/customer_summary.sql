-- What models of customer value start from: of each person who bought, how often again (days after the first one on which
-- they bought), the age at the last purchase and on the day, both in days since the first purchase, and what the days of
-- repeat purchases brought, refunds taken off. The mean of the last is repeat_cents / frequency.
WITH days AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day,
    CAST(sum(greatest(o.paid_cents - o.refunded_cents, 0)) AS BIGINT) AS cents
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day <= $as_of_day
  GROUP BY coalesce(m.person_id, o.customer_id), o.paid_day
)
SELECT
  person_id,
  CAST(count(*) - 1 AS INTEGER) AS frequency,
  CAST(max(paid_day) - min(paid_day) AS INTEGER) AS recency_days,
  CAST($as_of_day - min(paid_day) AS INTEGER) AS age_days,
  -- The first day and its money in one number, so that one pass is enough: a day's cents stay below 2^40.
  CAST(sum(cents) AS BIGINT) - min(CAST(paid_day AS BIGINT) * 1099511627776 + cents) % 1099511627776 AS repeat_cents
FROM days
GROUP BY person_id
ORDER BY person_id
