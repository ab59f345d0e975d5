-- Who has which scores: persons, their net money, purchase days and the days since their last purchase in all, by the three
-- scores, as of one day. Named groups are sums of it; who never paid has no scores and stands in a row of nulls.
SELECT
  r_score, f_score, m_score, count(*) AS persons, CAST(sum(net_cents) AS BIGINT) AS net_cents,
  CAST(sum(orders) AS BIGINT) AS orders, CAST(coalesce(sum($as_of_day - last_day), 0) AS BIGINT) AS days_since
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day
GROUP BY r_score, f_score, m_score
ORDER BY r_score, f_score, m_score
