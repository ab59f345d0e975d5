-- From which category to which: persons whose first purchase day lies in a period, by the category of that day and of their
-- second purchase day up to $as_of_day. to_category null = not come back yet. A day's category is the one most was paid
-- for, ties to the alphabetically first; '' = the product has none, or the order no lines.
WITH days AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, o.paid_day, coalesce(p.category, '') AS category,
    CAST(sum(coalesce(l.paid_cents, o.paid_cents)) AS BIGINT) AS paid
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  LEFT JOIN order_lines AS l ON l.shop_id = o.shop_id AND l.order_id = o.order_id
  LEFT JOIN products AS p ON p.shop_id = o.shop_id AND p.product_id = l.product_id AND l.product_id <> ''
  WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL AND o.paid_day <= $as_of_day
  GROUP BY coalesce(m.person_id, o.customer_id), o.paid_day, coalesce(p.category, '')
),
purchases AS (
  SELECT
    person_id, paid_day, category, dense_rank() OVER (PARTITION BY person_id ORDER BY paid_day) AS purchase,
    row_number() OVER (PARTITION BY person_id, paid_day ORDER BY paid DESC, category, person_id) AS place
  FROM days
),
firsts AS (
  SELECT person_id, category FROM purchases
  WHERE purchase = 1 AND place = 1 AND paid_day BETWEEN $from_day AND $to_day
),
seconds AS (
  SELECT person_id, category FROM purchases WHERE purchase = 2 AND place = 1
)
SELECT f.category AS from_category, s.category AS to_category, count(*) AS persons
FROM firsts AS f
LEFT JOIN seconds AS s ON s.person_id = f.person_id
GROUP BY f.category, s.category
ORDER BY from_category, persons DESC, to_category
