-- Who had which scores on each kept day of features (month ends and the newest day) from $from_day to $to_day: persons and
-- their net money so far, by the three scores. Who had not paid by then has no scores.
SELECT
  as_of_day, r_score, f_score, m_score, count(*) AS persons, CAST(sum(net_cents) AS BIGINT) AS net_cents
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day BETWEEN $from_day AND $to_day
GROUP BY as_of_day, r_score, f_score, m_score
ORDER BY as_of_day, r_score, f_score, m_score
