-- The lines that scores of a shop and day are drawn by, one row. Scores compare a person with everybody who ever paid; each
-- is decided by a line that a value must reach, at fixed cuts or where enough payers lie strictly below (distinct values are
-- counted, so equal persons get equal scores and no order among equals is needed). No line: no value reaches it.
-- customer_features is read with the scores these lines give. Integer arithmetic throughout.
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
)
SELECT
  CAST($shop_id AS BIGINT) AS shop_id, CAST($as_of_day AS INTEGER) AS as_of_day,
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
  CASE $score_by WHEN 'quintile' THEN m.second WHEN 'lines' THEN $m_line_1 ELSE $m_cut_1 * c.amount_per_order END AS m_2,
  CASE $score_by WHEN 'quintile' THEN m.third WHEN 'lines' THEN $m_line_2 ELSE $m_cut_2 * c.amount_per_order END AS m_3,
  CASE $score_by WHEN 'quintile' THEN m.fourth WHEN 'lines' THEN $m_line_3 ELSE $m_cut_3 * c.amount_per_order END AS m_4,
  CASE $score_by WHEN 'quintile' THEN m.fifth WHEN 'lines' THEN $m_line_4 ELSE $m_cut_4 * c.amount_per_order END AS m_5,
  CASE $high_by WHEN 'mean' THEN c.m_mean + 1 WHEN 'median' THEN m.half ELSE $m_high_cents END AS m_high
FROM cuts AS c CROSS JOIN r_fifths AS r CROSS JOIN f_fifths AS f CROSS JOIN m_fifths AS m
