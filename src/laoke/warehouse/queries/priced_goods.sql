-- The products of a shop as a price sheet begins with them: list price, cost and stock where the product list brings them.
SELECT product_id, title, category, list_price_cents, cost_cents, stock
FROM products
WHERE shop_id = $shop_id
ORDER BY product_id
