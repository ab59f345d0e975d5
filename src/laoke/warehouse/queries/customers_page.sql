-- The list of customers in any order, forwards or backwards: who matches, by number, with where they stand in the order.
-- The page is cut out of it by a statement around it (keyset): rows come by ($sign × the sort value, $tie × person_id), and
-- backwards both signs turn. '' in a filter means all, −1 in a number too. $sort: last, first, orders, net_365, refunded,
-- gap, else net. Three numbers a person, because all of them are held to be counted and put in order; tags and reach are
-- looked up only when asked for.
SELECT
  person_id,
  $sign * CASE
    WHEN $sort = 'last' THEN CAST(coalesce(last_day, -1) AS BIGINT)
    WHEN $sort = 'first' THEN CAST(coalesce(first_day, -1) AS BIGINT)
    WHEN $sort = 'orders' THEN CAST(orders AS BIGINT)
    WHEN $sort = 'net_365' THEN net_cents_365
    WHEN $sort = 'refunded' THEN refunded_cents
    WHEN $sort = 'gap' THEN CAST(coalesce(floor(mean_gap_days), -1) AS BIGINT)
    ELSE net_cents
  END AS sort_key,
  $tie * person_id AS tie
FROM customer_features AS f
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
  AND ($tag = '' OR EXISTS (
    SELECT 1 FROM customer_tags AS t WHERE t.shop_id = f.shop_id AND t.person_id = f.person_id AND t.tag = $tag))
  AND ($reach = '' OR EXISTS (
    SELECT 1 FROM customer_reach AS c
    WHERE c.shop_id = f.shop_id AND c.person_id = f.person_id AND c.channel = $reach AND c.reachable))
