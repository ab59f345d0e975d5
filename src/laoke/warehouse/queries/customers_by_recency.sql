-- One page of customers, the latest buyers first, those who never paid last. Keyset: pass the last_day (−1 for none)
-- and person_id of the last row seen; for the first page a day above every day and 0. '' in a filter means all.
SELECT
  person_id, first_day, last_day, orders, orders_365, paid_cents, refunded_cents, net_cents, item_count, mean_gap_days,
  r_score, f_score, m_score, rfm, lifecycle, group3, province, city, coupon_orders
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day
  AND (coalesce(last_day, -1) < $after_day
    OR (coalesce(last_day, -1) = $after_day AND person_id > $after_person_id))
  AND ($lifecycle = '' OR lifecycle = $lifecycle)
  AND ($group3 = '' OR group3 = $group3)
  AND ($rfm = '' OR rfm = $rfm)
  AND ($city = '' OR city = $city)
ORDER BY coalesce(last_day, -1) DESC, person_id
LIMIT $page_rows
