-- How long after the first purchase the second came: persons whose first purchase day lies in a period, by days until they
-- bought again, and by days until $as_of_day for those who have not yet. Both are needed: who came of late had little time
-- to come back. Orders of one day are one purchase. first_coupon: a coupon was used on the first day.
WITH days AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day,
    max(CASE WHEN o.coupon_used THEN 1 ELSE 0 END) AS coupon
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day <= $as_of_day
  GROUP BY coalesce(m.person_id, o.customer_id), o.paid_day
),
firsts AS (
  SELECT person_id, min(paid_day) AS first_day FROM days GROUP BY person_id
),
seconds AS (
  SELECT
    f.person_id, f.first_day, max(CASE WHEN d.paid_day = f.first_day THEN d.coupon ELSE 0 END) AS coupon,
    min(CASE WHEN d.paid_day > f.first_day THEN d.paid_day END) AS second_day
  FROM firsts AS f
  JOIN days AS d ON d.person_id = f.person_id
  WHERE f.first_day BETWEEN $from_day AND $to_day
  GROUP BY f.person_id, f.first_day
)
SELECT
  coupon = 1 AS first_coupon, CAST(coalesce(second_day, $as_of_day) - first_day AS INTEGER) AS days,
  count(second_day) AS came_back, count(*) - count(second_day) AS not_yet
FROM seconds
GROUP BY coupon = 1, CAST(coalesce(second_day, $as_of_day) - first_day AS INTEGER)
ORDER BY first_coupon, days
