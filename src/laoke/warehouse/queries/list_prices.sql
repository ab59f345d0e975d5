-- What products were listed at, by the day on which an import told it: each change, and once a week that it still holds.
-- $product_id '' asks of all products.
SELECT l.product_id, l.told_day, l.list_price_cents, l.import_id
FROM list_prices AS l
WHERE l.shop_id = $shop_id AND ($product_id = '' OR l.product_id = $product_id)
ORDER BY l.product_id, l.told_day
