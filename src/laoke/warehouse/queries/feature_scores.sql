-- The rows of customer_features of a shop and day with their scores computed anew from what is known of each person.
-- Scores compare a person with everybody who ever paid. Each is decided by a line that a value must reach, drawn once
-- for all: at fixed cuts, or where enough payers lie strictly below (distinct values are counted, so equal persons get
-- equal scores and no order among equals is needed). Integer arithmetic throughout.
WITH compared AS (
  SELECT last_day, rfm_orders, rfm_cents
  FROM customer_features WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND last_day IS NOT NULL
),
totals AS (
  SELECT
    count(*) AS n, CAST(sum(last_day) AS BIGINT) AS r_sum, CAST(sum(rfm_orders) AS BIGINT) AS f_sum,
    CAST(sum(rfm_cents) AS BIGINT) AS m_sum
  FROM compared
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
  FROM (SELECT last_day AS v, count(*) AS n FROM compared GROUP BY last_day) AS r_values
),
r_fifths AS (
  SELECT
    min(CASE WHEN b.below * 5 >= c.n THEN b.v END) AS second, min(CASE WHEN b.below * 5 >= c.n * 2 THEN b.v END) AS third,
    min(CASE WHEN b.below * 5 >= c.n * 3 THEN b.v END) AS fourth, min(CASE WHEN b.below * 5 >= c.n * 4 THEN b.v END) AS fifth,
    min(CASE WHEN b.below * 2 >= c.n THEN b.v END) AS half
  FROM r_below AS b CROSS JOIN cuts AS c
),
f_below AS (
  SELECT v, CAST(sum(n) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS BIGINT) - n AS below
  FROM (SELECT rfm_orders AS v, count(*) AS n FROM compared GROUP BY rfm_orders) AS f_values
),
f_fifths AS (
  SELECT
    min(CASE WHEN b.below * 5 >= c.n THEN b.v END) AS second, min(CASE WHEN b.below * 5 >= c.n * 2 THEN b.v END) AS third,
    min(CASE WHEN b.below * 5 >= c.n * 3 THEN b.v END) AS fourth, min(CASE WHEN b.below * 5 >= c.n * 4 THEN b.v END) AS fifth,
    min(CASE WHEN b.below * 2 >= c.n THEN b.v END) AS half
  FROM f_below AS b CROSS JOIN cuts AS c
),
m_below AS (
  SELECT v, CAST(sum(n) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS BIGINT) - n AS below
  FROM (SELECT rfm_cents AS v, count(*) AS n FROM compared GROUP BY rfm_cents) AS m_values
),
m_fifths AS (
  SELECT
    min(CASE WHEN b.below * 5 >= c.n THEN b.v END) AS second, min(CASE WHEN b.below * 5 >= c.n * 2 THEN b.v END) AS third,
    min(CASE WHEN b.below * 5 >= c.n * 3 THEN b.v END) AS fourth, min(CASE WHEN b.below * 5 >= c.n * 4 THEN b.v END) AS fifth,
    min(CASE WHEN b.below * 2 >= c.n THEN b.v END) AS half
  FROM m_below AS b CROSS JOIN cuts AS c
),
lines AS (
  SELECT
    CASE WHEN $score_by = 'quintile' THEN r.second ELSE $as_of_day - $r_cut_4 END AS r_2,
    CASE WHEN $score_by = 'quintile' THEN r.third ELSE $as_of_day - $r_cut_3 END AS r_3,
    CASE WHEN $score_by = 'quintile' THEN r.fourth ELSE $as_of_day - $r_cut_2 END AS r_4,
    CASE WHEN $score_by = 'quintile' THEN r.fifth ELSE $as_of_day - $r_cut_1 END AS r_5,
    CASE $high_by WHEN 'mean' THEN c.r_mean + 1 WHEN 'median' THEN r.half ELSE $as_of_day - $r_high_days END AS r_high,
    CASE WHEN $score_by = 'quintile' THEN f.second ELSE $f_cut_1 END AS f_2,
    CASE WHEN $score_by = 'quintile' THEN f.third ELSE $f_cut_2 END AS f_3,
    CASE WHEN $score_by = 'quintile' THEN f.fourth ELSE $f_cut_3 END AS f_4,
    CASE WHEN $score_by = 'quintile' THEN f.fifth ELSE $f_cut_4 END AS f_5,
    CASE $high_by WHEN 'mean' THEN c.f_mean + 1 WHEN 'median' THEN f.half ELSE $f_high_orders END AS f_high,
    CASE WHEN $score_by = 'quintile' THEN m.second ELSE $m_cut_1 * c.amount_per_order END AS m_2,
    CASE WHEN $score_by = 'quintile' THEN m.third ELSE $m_cut_2 * c.amount_per_order END AS m_3,
    CASE WHEN $score_by = 'quintile' THEN m.fourth ELSE $m_cut_3 * c.amount_per_order END AS m_4,
    CASE WHEN $score_by = 'quintile' THEN m.fifth ELSE $m_cut_4 * c.amount_per_order END AS m_5,
    CASE $high_by WHEN 'mean' THEN c.m_mean + 1 WHEN 'median' THEN m.half ELSE $m_high_cents END AS m_high
  FROM cuts AS c CROSS JOIN r_fifths AS r CROSS JOIN f_fifths AS f CROSS JOIN m_fifths AS m
),
scored AS (
  SELECT
    f.shop_id, f.person_id, f.as_of_day, f.first_day, f.last_day, f.orders, f.orders_30, f.orders_90,
    f.orders_180, f.orders_365, f.paid_cents, f.paid_cents_30, f.paid_cents_90, f.paid_cents_180,
    f.paid_cents_365, f.refunded_cents, f.net_cents, f.net_cents_365, f.item_count, f.mean_gap_days,
    f.rfm_orders, f.rfm_cents, f.lifecycle, f.group3, f.province, f.city, f.coupon_orders, f.weekday_mode, f.hour_mode, f.months_mask,
    CAST(CASE
      WHEN f.last_day IS NULL THEN NULL
      WHEN f.last_day >= l.r_5 THEN 5
      WHEN f.last_day >= l.r_4 THEN 4
      WHEN f.last_day >= l.r_3 THEN 3
      WHEN f.last_day >= l.r_2 THEN 2
      ELSE 1
    END AS TINYINT) AS r_score,
    CAST(CASE
      WHEN f.rfm_orders IS NULL THEN NULL
      WHEN f.rfm_orders >= l.f_5 THEN 5
      WHEN f.rfm_orders >= l.f_4 THEN 4
      WHEN f.rfm_orders >= l.f_3 THEN 3
      WHEN f.rfm_orders >= l.f_2 THEN 2
      ELSE 1
    END AS TINYINT) AS f_score,
    CAST(CASE
      WHEN f.rfm_cents IS NULL THEN NULL
      WHEN f.rfm_cents >= l.m_5 THEN 5
      WHEN f.rfm_cents >= l.m_4 THEN 4
      WHEN f.rfm_cents >= l.m_3 THEN 3
      WHEN f.rfm_cents >= l.m_2 THEN 2
      ELSE 1
    END AS TINYINT) AS m_score,
    coalesce(f.last_day >= l.r_high, false) AS r_high, coalesce(f.rfm_orders >= l.f_high, false) AS f_high,
    coalesce(f.rfm_cents >= l.m_high, false) AS m_high, f.import_id
  FROM customer_features AS f
  CROSS JOIN lines AS l
  WHERE f.shop_id = $shop_id AND f.as_of_day = $as_of_day
)
SELECT
  s.*,
  CASE
    WHEN s.last_day IS NULL THEN ''
    WHEN s.r_high AND s.f_high AND s.m_high THEN 'key_value'
    WHEN s.f_high AND s.m_high THEN 'key_recall'
    WHEN s.r_high AND s.m_high THEN 'key_develop'
    WHEN s.m_high THEN 'key_retain'
    WHEN s.r_high AND s.f_high THEN 'general_value'
    WHEN s.f_high THEN 'general_keep'
    WHEN s.r_high THEN 'general_new'
    ELSE 'general_lost'
  END AS rfm
FROM scored AS s
ORDER BY s.person_id
