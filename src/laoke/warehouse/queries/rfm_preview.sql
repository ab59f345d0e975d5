-- Who would get which scores by other lines: persons by their scores now and by those that the given lines would give, as of
-- one day. A line is the last purchase day, the purchase days or the net cents from which a score is reached.
WITH payers AS (
  SELECT
    r_score, f_score, m_score, last_day, rfm_orders, rfm_cents
  FROM customer_features
  WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND last_day IS NOT NULL
),
scored AS (
  SELECT
    r_score, f_score, m_score,
    CASE WHEN last_day >= $r_5 THEN 5 WHEN last_day >= $r_4 THEN 4 WHEN last_day >= $r_3 THEN 3 WHEN last_day >= $r_2 THEN 2
      ELSE 1 END AS r_new,
    CASE WHEN rfm_orders >= $f_5 THEN 5 WHEN rfm_orders >= $f_4 THEN 4 WHEN rfm_orders >= $f_3 THEN 3
      WHEN rfm_orders >= $f_2 THEN 2 ELSE 1 END AS f_new,
    CASE WHEN rfm_cents >= $m_5 THEN 5 WHEN rfm_cents >= $m_4 THEN 4 WHEN rfm_cents >= $m_3 THEN 3
      WHEN rfm_cents >= $m_2 THEN 2 ELSE 1 END AS m_new
  FROM payers
)
SELECT r_score, f_score, m_score, r_new, f_new, m_new, count(*) AS persons
FROM scored
GROUP BY r_score, f_score, m_score, r_new, f_new, m_new
ORDER BY r_score, f_score, m_score, r_new, f_new, m_new
