-- One page of the list of customers, in any order, forwards or backwards, and how many match in all.
-- Keyset: rows come by ($sign × the sort value, $tie × person_id), and those after ($after_key, $after_tie) are taken;
-- backwards both signs turn. '' in a filter means all, −1 in a number too; $persons is ',1,2,' or ''. $sort: last, first,
-- orders, net_365, refunded, gap, else net. One scan of the features; tags and reach are looked up only when asked for.
WITH matched AS (
  SELECT
    person_id, first_day, last_day, orders, orders_365, paid_cents, refunded_cents, net_cents, net_cents_365, item_count,
    mean_gap_days, r_score, f_score, m_score, rfm, lifecycle, group3, province, city, coupon_orders,
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
    AND ($persons = '' OR contains($persons, concat(',', CAST(person_id AS VARCHAR), ',')))
    AND ($tag = '' OR EXISTS (
      SELECT 1 FROM customer_tags AS t WHERE t.shop_id = f.shop_id AND t.person_id = f.person_id AND t.tag = $tag))
    AND ($reach = '' OR EXISTS (
      SELECT 1 FROM customer_reach AS c
      WHERE c.shop_id = f.shop_id AND c.person_id = f.person_id AND c.channel = $reach AND c.reachable))
)
SELECT *, (SELECT count(*) FROM matched) AS matched
FROM matched
WHERE sort_key > $after_key OR (sort_key = $after_key AND tie > $after_tie)
ORDER BY sort_key, tie
LIMIT $page_rows
