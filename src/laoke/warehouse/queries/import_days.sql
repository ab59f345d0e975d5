-- On which days the orders were placed that an import brought or last changed.
SELECT created_day AS day, count(*) AS orders
FROM orders
WHERE shop_id = $shop_id AND import_id = $import_id
GROUP BY created_day
ORDER BY created_day
