-- The levels that customers have on the platform, the most frequent first, for the choices of a filter.
SELECT level, count(*) AS customers
FROM customers
WHERE shop_id = $shop_id AND level <> ''
GROUP BY level
ORDER BY customers DESC, level
LIMIT $page_rows
