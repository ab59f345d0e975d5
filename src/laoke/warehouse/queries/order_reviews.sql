-- The reviews of one order by product, the newest first; their words are in the vault.
SELECT
  r.product_id, r.rating, r.score_description, r.score_service, r.score_logistics, r.at, r.has_photo, r.import_id
FROM reviews AS r
WHERE r.shop_id = $shop_id AND r.order_id = $order_id
ORDER BY r.at DESC, r.product_id
