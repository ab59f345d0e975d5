-- What is known of each person of a shop on a day: the rows of customer_features but for the scores, which depend on
-- everybody (feature_lines gives them). A row depends on nothing but what its own person's customers did.
-- Persons are customers joined by person_map; a customer without a row there is a person by the same number.
-- Shaped by size (10 million orders, 3 million customers): texts stay out of the wide steps (places become numbers
-- by their alphabetical rank), orders are folded once to (person, day), which is also the rule that orders of one
-- day count once. Weekday follows from the day: day 0 was a Thursday.
-- A day counts with the hour of its first order; several places on the last day: the alphabetically last. Integer arithmetic throughout, the mean gap excepted.
-- Money back is that of the counted orders, and that which names no order (some files tell only who sent goods back), by the day it was asked for.
WITH places AS (
  SELECT province, city, dense_rank() OVER (ORDER BY province, city) AS place_no
  FROM (
    SELECT DISTINCT province, city FROM orders_counted WHERE shop_id = $shop_id
    UNION
    SELECT DISTINCT province, city FROM customers WHERE shop_id = $shop_id
  ) AS all_places
  WHERE province <> '' OR city <> ''
),
counted AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day, o.paid_hour, o.paid_cents, o.refunded_cents,
    o.item_count, o.coupon_used, l.place_no
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  LEFT JOIN places AS l ON l.province = o.province AND l.city = o.city
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day <= $as_of_day
),
days AS (
  SELECT
    person_id, paid_day, min(paid_hour) AS hour, max(place_no) AS place_no,
    CAST(sum(paid_cents) AS BIGINT) AS paid, CAST(sum(refunded_cents) AS BIGINT) AS refunded,
    CAST(sum(item_count) AS BIGINT) AS items, count(CASE WHEN coupon_used THEN 1 END) AS coupons
  FROM counted GROUP BY person_id, paid_day
),
-- What follows from the days.
hours AS (
  -- Days by hour, seven bits each: what an update adds to, and the mode is found by, as long as no hour has 127.
  SELECT
    person_id, 23 - max(n * 24 + 23 - hour) % 24 AS hour_mode,
    CAST(sum(CASE WHEN hour < 8 THEN least(n, 127) << (7 * hour) ELSE 0 END) AS BIGINT) AS hours_0,
    CAST(sum(CASE WHEN hour >= 8 AND hour < 16 THEN least(n, 127) << (7 * (hour - 8)) ELSE 0 END) AS BIGINT) AS hours_8,
    CAST(sum(CASE WHEN hour >= 16 THEN least(n, 127) << (7 * (hour - 16)) ELSE 0 END) AS BIGINT) AS hours_16
  FROM (SELECT person_id, hour, count(*) AS n FROM days GROUP BY person_id, hour) AS per_hour
  GROUP BY person_id
),
weekdays AS (
  SELECT
    person_id, 6 - max(n * 7 + 6 - weekday) % 7 AS weekday_mode,
    CAST(sum(least(n, 511) << (9 * weekday)) AS BIGINT) AS weekdays
  FROM (
    SELECT person_id, (paid_day + 3) % 7 AS weekday, count(*) AS n FROM days GROUP BY person_id, (paid_day + 3) % 7
  ) AS per_weekday
  GROUP BY person_id
),
sent_back AS (
  SELECT
    coalesce(m.person_id, r.customer_id) AS person_id, CAST(sum(r.amount_cents) AS BIGINT) AS cents,
    CAST(sum(CASE WHEN r.created_day >= $as_of_day - 365 THEN r.amount_cents ELSE 0 END) AS BIGINT) AS cents_365,
    CAST(sum(CASE WHEN r.created_day >= $as_of_day - $rfm_days THEN r.amount_cents ELSE 0 END) AS BIGINT) AS cents_rfm
  FROM refunds AS r
  LEFT JOIN person_map AS m ON m.shop_id = r.shop_id AND m.customer_id = r.customer_id
  WHERE r.shop_id = $shop_id AND r.order_id = '' AND r.finished_at IS NOT NULL AND r.customer_id IS NOT NULL
    AND r.created_day <= $as_of_day
  GROUP BY coalesce(m.person_id, r.customer_id)
),
buyers AS (
  SELECT
    person_id, min(paid_day) AS first_day, max(paid_day) AS last_day, count(*) AS orders,
    count(CASE WHEN paid_day >= $as_of_day - 30 THEN 1 END) AS orders_30,
    count(CASE WHEN paid_day >= $as_of_day - 90 THEN 1 END) AS orders_90,
    count(CASE WHEN paid_day >= $as_of_day - 180 THEN 1 END) AS orders_180,
    count(CASE WHEN paid_day >= $as_of_day - 365 THEN 1 END) AS orders_365,
    count(CASE WHEN paid_day >= $as_of_day - $rfm_days THEN 1 END) AS f,
    CAST(sum(paid) AS BIGINT) AS paid_cents,
    CAST(sum(CASE WHEN paid_day >= $as_of_day - 30 THEN paid ELSE 0 END) AS BIGINT) AS paid_cents_30,
    CAST(sum(CASE WHEN paid_day >= $as_of_day - 90 THEN paid ELSE 0 END) AS BIGINT) AS paid_cents_90,
    CAST(sum(CASE WHEN paid_day >= $as_of_day - 180 THEN paid ELSE 0 END) AS BIGINT) AS paid_cents_180,
    CAST(sum(CASE WHEN paid_day >= $as_of_day - 365 THEN paid ELSE 0 END) AS BIGINT) AS paid_cents_365,
    CAST(sum(refunded) AS BIGINT) AS refunded_cents,
    CAST(sum(paid - refunded) AS BIGINT) AS net_cents,
    CAST(sum(CASE WHEN paid_day >= $as_of_day - 365 THEN paid - refunded ELSE 0 END) AS BIGINT) AS net_cents_365,
    CAST(sum(CASE WHEN paid_day >= $as_of_day - $rfm_days THEN paid - refunded ELSE 0 END) AS BIGINT) AS m,
    CAST(sum(items) AS BIGINT) AS item_count, CAST(sum(coupons) AS BIGINT) AS coupon_orders,
    bit_or(1 << (month(DATE '1970-01-01' + paid_day) - 1)) AS months_mask,
    max(CASE WHEN place_no IS NOT NULL THEN paid_day END) AS place_day,
    -- The newest day with a known place, and that place, in one number.
    max(CASE WHEN place_no IS NOT NULL THEN CAST(paid_day AS BIGINT) * 1000000 + place_no END) % 1000000 AS place_no
  FROM days GROUP BY person_id
),
payers AS (
  SELECT b.* EXCLUDE (m), b.m - coalesce(g.cents_rfm, 0) AS m
  FROM buyers AS b
  LEFT JOIN sent_back AS g ON g.person_id = b.person_id
),
known AS (
  -- Everyone on file, with the place of the newest customer record: who never bought is a prospect.
  SELECT
    coalesce(m.person_id, c.customer_id) AS person_id,
    max(CASE WHEN l.place_no IS NOT NULL THEN month_count * 1000000 + l.place_no END) % 1000000 AS place_no
  FROM (
    SELECT customer_id, province, city, CAST(year(first_seen) AS BIGINT) * 12 + month(first_seen) AS month_count
    FROM customers WHERE shop_id = $shop_id
  ) AS c
  LEFT JOIN person_map AS m ON m.shop_id = $shop_id AND m.customer_id = c.customer_id
  LEFT JOIN places AS l ON l.province = c.province AND l.city = c.city
  GROUP BY coalesce(m.person_id, c.customer_id)
)
-- What is told of the sums. (An update takes the parts above and below for the days on which something differs.)
SELECT
  CAST($shop_id AS BIGINT) AS shop_id, coalesce(s.person_id, k.person_id) AS person_id, CAST($as_of_day AS INTEGER) AS as_of_day,
  s.first_day, s.last_day,
  CAST(coalesce(s.orders, 0) AS INTEGER) AS orders,
  CAST(coalesce(s.orders_30, 0) AS INTEGER) AS orders_30,
  CAST(coalesce(s.orders_90, 0) AS INTEGER) AS orders_90,
  CAST(coalesce(s.orders_180, 0) AS INTEGER) AS orders_180,
  CAST(coalesce(s.orders_365, 0) AS INTEGER) AS orders_365,
  coalesce(s.paid_cents, 0) AS paid_cents,
  coalesce(s.paid_cents_30, 0) AS paid_cents_30,
  coalesce(s.paid_cents_90, 0) AS paid_cents_90,
  coalesce(s.paid_cents_180, 0) AS paid_cents_180,
  coalesce(s.paid_cents_365, 0) AS paid_cents_365,
  coalesce(s.refunded_cents, 0) + coalesce(g.cents, 0) AS refunded_cents,
  coalesce(s.net_cents, 0) - coalesce(g.cents, 0) AS net_cents,
  coalesce(s.net_cents_365, 0) - coalesce(g.cents_365, 0) AS net_cents_365,
  coalesce(s.item_count, 0) AS item_count,
  CASE WHEN s.orders >= 2 THEN CAST(s.last_day - s.first_day AS DOUBLE) / CAST(s.orders - 1 AS DOUBLE) END AS mean_gap_days,
  CAST(s.f AS INTEGER) AS rfm_orders, s.m AS rfm_cents,
  CASE
    WHEN s.person_id IS NULL THEN 'prospect'
    WHEN $as_of_day - s.last_day <= $active_days AND s.orders = 1 THEN 'new_customer'
    WHEN $as_of_day - s.last_day <= $active_days THEN 'active'
    WHEN $as_of_day - s.last_day <= $silent_days THEN 'silent'
    WHEN $as_of_day - s.last_day <= $dormant_days THEN 'dormant'
    WHEN $as_of_day - s.last_day <= $nearly_lost_days THEN 'nearly_lost'
    ELSE 'lost'
  END AS lifecycle,
  CASE
    WHEN s.orders >= $loyal_orders THEN 'loyal'
    WHEN $as_of_day - s.last_day <= $group_active_days THEN 'active'
    ELSE 'ordinary'
  END AS group3,
  coalesce(l.province, '') AS province, coalesce(l.city, '') AS city,
  CAST(coalesce(s.coupon_orders, 0) AS INTEGER) AS coupon_orders,
  CAST(w.weekday_mode AS TINYINT) AS weekday_mode, CAST(h.hour_mode AS TINYINT) AS hour_mode,
  CAST(coalesce(s.months_mask, 0) AS INTEGER) AS months_mask,
  h.hours_0, h.hours_8, h.hours_16, w.weekdays, CAST(s.place_day AS INTEGER) AS place_day,
  CAST(0 AS BIGINT) AS import_id
FROM payers AS s
FULL JOIN known AS k ON k.person_id = s.person_id
LEFT JOIN weekdays AS w ON w.person_id = s.person_id
LEFT JOIN hours AS h ON h.person_id = s.person_id
LEFT JOIN sent_back AS g ON g.person_id = coalesce(s.person_id, k.person_id)
LEFT JOIN places AS l ON l.place_no = coalesce(s.place_no, k.place_no)
