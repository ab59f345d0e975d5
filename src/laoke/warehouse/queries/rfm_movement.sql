-- Who moved between scores from $before_day to $as_of_day: persons by the three scores then and now. Nulls on one side: never
-- paid by that day, or not known then (known_before = false).
SELECT
  b.r_score AS r_before, b.f_score AS f_before, b.m_score AS m_before, b.person_id IS NOT NULL AS known_before,
  n.r_score, n.f_score, n.m_score, count(*) AS persons
FROM customer_features AS n
LEFT JOIN customer_features AS b
  ON b.shop_id = n.shop_id AND b.person_id = n.person_id AND b.as_of_day = $before_day
WHERE n.shop_id = $shop_id AND n.as_of_day = $as_of_day
GROUP BY b.r_score, b.f_score, b.m_score, b.person_id IS NOT NULL, n.r_score, n.f_score, n.m_score
ORDER BY r_before, f_before, m_before, known_before, r_score, f_score, m_score
