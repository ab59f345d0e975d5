-- How many rows there are of each kind of fact by day: what came, and on which days nothing did. Days of orders are those
-- on which they were placed, of refunds on which they were asked for, of money on which it was booked.
SELECT 'order' AS kind, created_day AS day, count(*) AS n FROM orders WHERE shop_id = $shop_id GROUP BY created_day
UNION ALL
SELECT 'refund' AS kind, created_day AS day, count(*) AS n FROM refunds WHERE shop_id = $shop_id GROUP BY created_day
UNION ALL
SELECT 'product_day' AS kind, date_day AS day, count(*) AS n FROM product_days WHERE shop_id = $shop_id GROUP BY date_day
UNION ALL
SELECT 'traffic_day' AS kind, date_day AS day, count(*) AS n FROM traffic_days WHERE shop_id = $shop_id GROUP BY date_day
UNION ALL
SELECT 'ad_day' AS kind, date_day AS day, count(*) AS n FROM ad_days WHERE shop_id = $shop_id GROUP BY date_day
UNION ALL
SELECT 'money_move' AS kind, day, count(*) AS n FROM money_moves WHERE shop_id = $shop_id GROUP BY day
UNION ALL
SELECT 'shipment' AS kind, day, count(*) AS n FROM shipment_events WHERE shop_id = $shop_id GROUP BY day
UNION ALL
SELECT 'review' AS kind, day, count(*) AS n FROM reviews WHERE shop_id = $shop_id GROUP BY day
ORDER BY 1, 2
