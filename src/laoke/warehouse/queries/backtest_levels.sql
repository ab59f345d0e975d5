-- Which levels the buyers of a period have on the platform, for a backtest of member prices: those of now, as nobody keeps what
-- a level was then. A person of several customers may have several. Persons are the present ones.
WITH buyers AS (
  SELECT DISTINCT coalesce(m.person_id, o.customer_id) AS person_id
  FROM orders_counted AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day AND o.customer_id IS NOT NULL
)
SELECT DISTINCT b.person_id, c.level
FROM customers AS c
LEFT JOIN person_map AS m ON m.shop_id = c.shop_id AND m.customer_id = c.customer_id
JOIN buyers AS b ON b.person_id = coalesce(m.person_id, c.customer_id)
WHERE c.shop_id = $shop_id AND c.level <> ''
ORDER BY b.person_id, c.level
