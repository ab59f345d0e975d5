-- How many orders of a period a backtest prices: with lines, or with totals only.
SELECT count(*) AS orders
FROM orders_counted AS o
WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day
