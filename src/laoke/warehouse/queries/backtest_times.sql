-- In which order the orders of a period were paid, when and by whom, for a backtest of offers whose limits are used up one
-- order after the other: `place` counts from 1, `person_id` is -1 for an order without a buyer. Persons are the present ones.
SELECT
  o.order_id, coalesce(m.person_id, o.customer_id, -1) AS person_id,
  CAST(row_number() OVER (ORDER BY o.paid_at, o.order_id) AS BIGINT) AS place, CAST(o.paid_day AS BIGINT) AS day
FROM orders_counted AS o
LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
ORDER BY o.order_id
