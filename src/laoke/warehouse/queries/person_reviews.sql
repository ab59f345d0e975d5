-- Reviews as a person's page tells them. Of which orders and months is said by a statement around it.
SELECT r.month, r.order_id, r.product_id, r.rating, r.at, r.has_photo
FROM reviews AS r
WHERE r.shop_id = $shop_id
