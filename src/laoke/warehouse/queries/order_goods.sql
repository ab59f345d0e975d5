-- What one order holds, line by line, with what was paid and given back for each.
SELECT
  l.line, l.product_id, l.sku, l.outer_code, l.title, l.quantity, l.unit_price_cents, l.paid_cents, l.refunded_cents,
  l.line_status
FROM order_lines AS l
WHERE l.shop_id = $shop_id AND l.order_id = $order_id
ORDER BY l.line
