-- One page of customers, the best first. Keyset: pass the net_cents and person_id of the last row seen; for the
-- first page a number above every net_cents and 0. '' in a filter means all.
SELECT
  person_id, first_day, last_day, orders, orders_365, paid_cents, refunded_cents, net_cents, item_count, mean_gap_days,
  r_score, f_score, m_score, rfm, lifecycle, group3, province, city, coupon_orders
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day
  AND (net_cents < $after_cents OR (net_cents = $after_cents AND person_id > $after_person_id))
  AND ($lifecycle = '' OR lifecycle = $lifecycle)
  AND ($group3 = '' OR group3 = $group3)
  AND ($rfm = '' OR rfm = $rfm)
  AND ($city = '' OR city = $city)
ORDER BY net_cents DESC, person_id
LIMIT $page_rows
