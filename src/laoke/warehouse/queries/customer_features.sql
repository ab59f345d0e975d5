-- What is known of each person of a shop on a day: the rows of customer_features.
-- Persons are customers joined by person_map; a customer without a row there is a person by the same number.
-- Shaped by size (10 million orders, 3 million customers): texts stay out of the wide steps (places become numbers
-- by their alphabetical rank), orders are folded once to (person, day), which is also the rule that orders of one
-- day count once, and scores come from the distribution of distinct values (payers strictly below), so equal
-- persons get equal scores and no order among equals is needed. Weekday follows from the day: day 0 was a Thursday.
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
    coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day, o.paid_hour, month(o.paid_at) AS month_no,
    o.paid_cents, o.refunded_cents, o.item_count, o.coupon_used, l.place_no
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  LEFT JOIN places AS l ON l.province = o.province AND l.city = o.city
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day <= $as_of_day
),
days AS (
  SELECT
    person_id, paid_day, min(paid_hour) AS hour, min(month_no) AS month_no, max(place_no) AS place_no,
    CAST(sum(paid_cents) AS BIGINT) AS paid, CAST(sum(refunded_cents) AS BIGINT) AS refunded,
    CAST(sum(item_count) AS BIGINT) AS items, count(CASE WHEN coupon_used THEN 1 END) AS coupons
  FROM counted GROUP BY person_id, paid_day
),
hours AS (
  SELECT person_id, 23 - max(n * 24 + 23 - hour) % 24 AS hour_mode
  FROM (SELECT person_id, hour, count(*) AS n FROM days GROUP BY person_id, hour) AS per_hour
  GROUP BY person_id
),
weekdays AS (
  SELECT person_id, 6 - max(n * 7 + 6 - weekday) % 7 AS weekday_mode
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
    bit_or(1 << (month_no - 1)) AS months_mask,
    -- The newest day with a known place, and that place, in one number.
    max(CASE WHEN place_no IS NOT NULL THEN CAST(paid_day AS BIGINT) * 1000000 + place_no END) % 1000000 AS place_no
  FROM days GROUP BY person_id
),
payers AS (
  SELECT b.* REPLACE (b.m - coalesce(g.cents_rfm, 0) AS m)
  FROM buyers AS b
  LEFT JOIN sent_back AS g ON g.person_id = b.person_id
),
totals AS (
  SELECT
    count(*) AS n, CAST(sum(last_day) AS BIGINT) AS r_sum, CAST(sum(f) AS BIGINT) AS f_sum,
    CAST(sum(m) AS BIGINT) AS m_sum
  FROM payers
),
cuts AS (
  -- The floors of the means: an integer is above the mean exactly when it is above its floor. m may be negative.
  SELECT
    n, r_sum // greatest(n, 1) AS r_mean, f_sum // greatest(n, 1) AS f_mean,
    (m_sum - ((m_sum % greatest(n, 1)) + n) % greatest(n, 1)) // greatest(n, 1) AS m_mean,
    greatest(m_sum, 0) // greatest(f_sum, 1) AS amount_per_order
  FROM totals
),
r_below AS (
  SELECT v, CAST(sum(n) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS BIGINT) - n AS below
  FROM (SELECT last_day AS v, count(*) AS n FROM payers GROUP BY last_day) AS r_values
),
f_below AS (
  SELECT v, CAST(sum(n) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS BIGINT) - n AS below
  FROM (SELECT f AS v, count(*) AS n FROM payers GROUP BY f) AS f_values
),
m_below AS (
  SELECT v, CAST(sum(n) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS BIGINT) - n AS below
  FROM (SELECT m AS v, count(*) AS n FROM payers GROUP BY m) AS m_values
),
scored AS (
  SELECT
    p.*, $as_of_day - p.last_day AS days_since,
    CASE
      WHEN $score_by = 'quintile' THEN rb.below * 5 // c.n + 1
      WHEN $as_of_day - p.last_day <= $r_cut_1 THEN 5
      WHEN $as_of_day - p.last_day <= $r_cut_2 THEN 4
      WHEN $as_of_day - p.last_day <= $r_cut_3 THEN 3
      WHEN $as_of_day - p.last_day <= $r_cut_4 THEN 2
      ELSE 1
    END AS r_score,
    CASE
      WHEN $score_by = 'quintile' THEN fb.below * 5 // c.n + 1
      WHEN p.f >= $f_cut_4 THEN 5
      WHEN p.f >= $f_cut_3 THEN 4
      WHEN p.f >= $f_cut_2 THEN 3
      WHEN p.f >= $f_cut_1 THEN 2
      ELSE 1
    END AS f_score,
    CASE
      WHEN $score_by = 'quintile' THEN mb.below * 5 // c.n + 1
      WHEN p.m >= $m_cut_4 * c.amount_per_order THEN 5
      WHEN p.m >= $m_cut_3 * c.amount_per_order THEN 4
      WHEN p.m >= $m_cut_2 * c.amount_per_order THEN 3
      WHEN p.m >= $m_cut_1 * c.amount_per_order THEN 2
      ELSE 1
    END AS m_score,
    CASE $high_by
      WHEN 'mean' THEN p.last_day > c.r_mean
      WHEN 'median' THEN rb.below * 2 >= c.n
      ELSE $as_of_day - p.last_day <= $r_high_days
    END AS r_high,
    CASE $high_by
      WHEN 'mean' THEN p.f > c.f_mean
      WHEN 'median' THEN fb.below * 2 >= c.n
      ELSE p.f >= $f_high_orders
    END AS f_high,
    CASE $high_by
      WHEN 'mean' THEN p.m > c.m_mean
      WHEN 'median' THEN mb.below * 2 >= c.n
      ELSE p.m >= $m_high_cents
    END AS m_high
  FROM payers AS p
  CROSS JOIN cuts AS c
  JOIN r_below AS rb ON rb.v = p.last_day
  JOIN f_below AS fb ON fb.v = p.f
  JOIN m_below AS mb ON mb.v = p.m
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
  CAST(s.r_score AS TINYINT) AS r_score, CAST(s.f_score AS TINYINT) AS f_score, CAST(s.m_score AS TINYINT) AS m_score,
  coalesce(s.r_high, false) AS r_high, coalesce(s.f_high, false) AS f_high, coalesce(s.m_high, false) AS m_high,
  CASE
    WHEN s.person_id IS NULL THEN ''
    WHEN s.r_high AND s.f_high AND s.m_high THEN 'key_value'
    WHEN s.f_high AND s.m_high THEN 'key_recall'
    WHEN s.r_high AND s.m_high THEN 'key_develop'
    WHEN s.m_high THEN 'key_retain'
    WHEN s.r_high AND s.f_high THEN 'general_value'
    WHEN s.f_high THEN 'general_keep'
    WHEN s.r_high THEN 'general_new'
    ELSE 'general_lost'
  END AS rfm,
  CASE
    WHEN s.person_id IS NULL THEN 'prospect'
    WHEN s.days_since <= $active_days AND s.orders = 1 THEN 'new_customer'
    WHEN s.days_since <= $active_days THEN 'active'
    WHEN s.days_since <= $silent_days THEN 'silent'
    WHEN s.days_since <= $dormant_days THEN 'dormant'
    WHEN s.days_since <= $nearly_lost_days THEN 'nearly_lost'
    ELSE 'lost'
  END AS lifecycle,
  CASE
    WHEN s.orders >= $loyal_orders THEN 'loyal'
    WHEN s.days_since <= $group_active_days THEN 'active'
    ELSE 'ordinary'
  END AS group3,
  coalesce(l.province, '') AS province, coalesce(l.city, '') AS city,
  CAST(coalesce(s.coupon_orders, 0) AS INTEGER) AS coupon_orders,
  CAST(w.weekday_mode AS TINYINT) AS weekday_mode, CAST(h.hour_mode AS TINYINT) AS hour_mode,
  CAST(coalesce(s.months_mask, 0) AS INTEGER) AS months_mask,
  CAST(0 AS BIGINT) AS import_id
FROM scored AS s
FULL JOIN known AS k ON k.person_id = s.person_id
LEFT JOIN weekdays AS w ON w.person_id = s.person_id
LEFT JOIN hours AS h ON h.person_id = s.person_id
LEFT JOIN sent_back AS g ON g.person_id = coalesce(s.person_id, k.person_id)
LEFT JOIN places AS l ON l.place_no = coalesce(s.place_no, k.place_no)
ORDER BY 2
