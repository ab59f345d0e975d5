-- The list of customers: who matches, with all that a row shows. '' in a filter means all, −1 in a number too. Order, place and
-- tags or reach are said by statements around it: each reads the few columns it names, and only what is asked for is opened.
SELECT
  person_id, first_day, last_day, orders, orders_365, paid_cents, refunded_cents, net_cents, net_cents_365, item_count,
  mean_gap_days, r_score, f_score, m_score, rfm, lifecycle, group3, province, city, coupon_orders
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day = $as_of_day
  AND ($lifecycle = '' OR lifecycle = $lifecycle)
  AND ($group3 = '' OR group3 = $group3)
  AND ($rfm = '' OR rfm = $rfm)
  AND ($province = '' OR province = $province)
  AND ($city = '' OR city = $city)
  AND ($r_score = -1 OR r_score = $r_score)
  AND ($f_score = -1 OR f_score = $f_score)
  AND ($orders_from = -1 OR orders >= $orders_from)
  AND ($net_365_from = -1 OR net_cents_365 >= $net_365_from)
  AND ($days_from = -1 OR last_day <= $as_of_day - $days_from)
  AND ($days_to = -1 OR last_day >= $as_of_day - $days_to)
