-- Persons and net money by recency and frequency score, and by class: the RFM grid and its legend from one scan.
SELECT
  r_score, f_score, rfm, count(*) AS persons,
  CAST(sum(net_cents) AS BIGINT) AS net_cents, CAST(sum(m_score) AS BIGINT) AS m_score_sum
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND orders > 0
GROUP BY r_score, f_score, rfm
ORDER BY r_score, f_score, rfm
