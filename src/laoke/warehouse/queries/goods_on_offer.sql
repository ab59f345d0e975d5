-- The products an offer may name and a typed basket may hold: number, title, category, list price and cost.
SELECT product_id, title, category, list_price_cents, cost_cents
FROM products
WHERE shop_id = $shop_id
ORDER BY category, title, product_id
LIMIT $page_rows
