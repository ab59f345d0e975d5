-- What became of the people of each arm: the sums that a comparison needs (n, sum, sum of squares, how many not zero) of
-- orders, revenue and profit per person. `touches` holds who was placed in which arm; `at` is the start of the round.
-- A person counts from the first round they were placed in until $until; $round_id = 0 takes all rounds together.
-- People are the present ones: who was merged from two arms is left out and counted. Revenue is paid minus refunded.
-- Profit is revenue without postage minus the cost of the goods, which came back when an order was refunded whole; an
-- order whose cost is not known is counted in cost_unknown_orders, and then profit says nothing.
WITH placed AS (
  SELECT
    coalesce(m.person_id, t.person_id) AS person_id, min(t.arm) AS arm, count(DISTINCT t.arm) AS arms, min(t.at) AS from_at
  FROM touches AS t
  LEFT JOIN person_map AS m ON m.shop_id = t.shop_id AND m.customer_id = t.person_id
  WHERE t.shop_id = $shop_id AND t.campaign_id = $campaign_id AND t.arm IN ('treated', 'held_out')
    AND ($round_id = 0 OR t.round_id = $round_id)
  GROUP BY coalesce(m.person_id, t.person_id)
),
bought AS (
  SELECT
    p.person_id, o.order_id, o.paid_cents - o.refunded_cents AS net_cents,
    greatest(o.paid_cents - o.refunded_cents - o.postage_cents, 0) AS goods_net_cents,
    CASE WHEN o.status = 'closed_refunded' THEN 1 ELSE 0 END AS came_back
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  JOIN placed AS p ON p.person_id = coalesce(m.person_id, o.customer_id)
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
    AND o.paid_at >= p.from_at AND o.paid_at < $until AND p.arms = 1
),
costs AS (
  SELECT
    l.order_id, CAST(sum(p.cost_cents * l.quantity) AS BIGINT) AS cost,
    CAST(sum(CASE WHEN p.cost_cents IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unknown_lines
  FROM order_lines AS l
  JOIN bought AS b ON b.order_id = l.order_id
  LEFT JOIN products AS p ON p.shop_id = l.shop_id AND p.product_id = l.product_id
  WHERE l.shop_id = $shop_id
  GROUP BY l.order_id
),
per_person AS (
  SELECT
    b.person_id, count(*) AS orders, CAST(sum(b.net_cents) AS BIGINT) AS revenue,
    CAST(sum(CASE WHEN b.came_back = 1 THEN 0 ELSE b.goods_net_cents - coalesce(c.cost, 0) END) AS BIGINT) AS profit,
    sum(CASE WHEN b.came_back = 0 AND (c.order_id IS NULL OR c.unknown_lines > 0) THEN 1 ELSE 0 END) AS unknown_orders
  FROM bought AS b
  LEFT JOIN costs AS c ON c.order_id = b.order_id
  GROUP BY b.person_id
)
SELECT
  CASE WHEN p.arms > 1 THEN 'merged' ELSE p.arm END AS arm,
  count(*) AS people,
  CAST(coalesce(sum(b.orders), 0) AS BIGINT) AS orders_sum,
  coalesce(sum(CAST(b.orders AS DOUBLE) * b.orders), 0) AS orders_squares,
  CAST(coalesce(sum(CASE WHEN b.orders <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS orders_nonzero,
  CAST(coalesce(sum(b.revenue), 0) AS BIGINT) AS revenue_sum,
  coalesce(sum(CAST(b.revenue AS DOUBLE) * b.revenue), 0) AS revenue_squares,
  CAST(coalesce(sum(CASE WHEN b.revenue <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS revenue_nonzero,
  CAST(coalesce(sum(b.profit), 0) AS BIGINT) AS profit_sum,
  coalesce(sum(CAST(b.profit AS DOUBLE) * b.profit), 0) AS profit_squares,
  CAST(coalesce(sum(CASE WHEN b.profit <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS profit_nonzero,
  CAST(coalesce(sum(b.unknown_orders), 0) AS BIGINT) AS cost_unknown_orders
FROM placed AS p
LEFT JOIN per_person AS b ON b.person_id = p.person_id
GROUP BY CASE WHEN p.arms > 1 THEN 'merged' ELSE p.arm END
ORDER BY 1
