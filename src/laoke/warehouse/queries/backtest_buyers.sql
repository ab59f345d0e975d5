-- Who placed the orders of a period, for a backtest: the person, and for how many orders that person had paid before, as far
-- as the facts go back. Orders without a buyer are absent. Persons are the present ones.
WITH period AS (
  SELECT DISTINCT coalesce(m.person_id, o.customer_id) AS person_id
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day AND o.customer_id IS NOT NULL
),
paid AS (
  SELECT
    coalesce(m.person_id, o.customer_id) AS person_id, o.order_id, o.paid_day,
    row_number() OVER (PARTITION BY coalesce(m.person_id, o.customer_id) ORDER BY o.paid_at, o.order_id) - 1 AS earlier
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  JOIN period AS p ON p.person_id = coalesce(m.person_id, o.customer_id)
  WHERE o.shop_id = $shop_id AND o.paid_day <= $to_day
)
SELECT order_id, person_id, CAST(earlier AS BIGINT) AS earlier FROM paid
WHERE paid_day BETWEEN $from_day AND $to_day
ORDER BY order_id
